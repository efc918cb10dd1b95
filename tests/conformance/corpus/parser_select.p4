// Select: exact values, masks, ranges, several keys, the order of cases, no case that matches.
#include "include/ethernet.p4"

header mark_t {
    bit<8> branch;
}

struct headers {
    ethernet_t ethernet;
    mark_t mark;
}

struct metadata {
    bit<8> branch;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type, hdr.ethernet.src[7:0]) {
            (0x0800, 0x01): first;
            (0x0800 &&& 0xff00, 0x02 &&& 0x0f): masked;
            (0x9000 .. 0x9003, _): range;
            (0x0800, _): second;
            (0xffff, 0 .. 9): last;
        }
    }
    state first {
        meta.branch = 1;
        transition accept;
    }
    state masked {
        meta.branch = 2;
        transition accept;
    }
    state range {
        meta.branch = 3;
        transition accept;
    }
    state second {
        meta.branch = 4;
        transition accept;
    }
    state last {
        meta.branch = 5;
        transition select(hdr.ethernet.dst) {
            0x010203040506: accept;
            0xff0000000000 &&& 0xff0000000000: reject;
            default: accept;
        }
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        hdr.mark.setValid();
        hdr.mark.branch = meta.branch;
        if (standard.parser_error == error.NoMatch) {
            hdr.mark.branch = 0xee;
        }
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.mark);
        packet.emit(hdr.ethernet);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
