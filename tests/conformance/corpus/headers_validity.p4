// setValid, setInvalid, isValid, assignment and comparison of headers, the order of emission.
#include "include/ethernet.p4"

header pair_t {
    bit<8> a;
    bit<8> b;
}

struct headers {
    ethernet_t ethernet;
    pair_t first;
    pair_t second;
    pair_t third;
}

struct metadata {
    pair_t saved;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        packet.extract(hdr.first);
        transition select(hdr.first.a) {
            0xff: second;
            default: accept;
        }
    }
    state second {
        packet.extract(hdr.second);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.type == 1) {
            hdr.third = hdr.first;
        } else if (hdr.ethernet.type == 2) {
            // An invalid header is assigned: the other one is invalid, too.
            hdr.first = hdr.second;
        } else if (hdr.ethernet.type == 3) {
            hdr.third.setValid();
            hdr.third.a = 0x11;
            hdr.third.b = 0x22;
            hdr.first.setInvalid();
        } else if (hdr.ethernet.type == 4) {
            if (hdr.first == hdr.second) {
                hdr.ethernet.dst = 1;
            }
            if (hdr.second.isValid()) {
                hdr.ethernet.src = 1;
            }
        } else if (hdr.ethernet.type == 5) {
            meta.saved = hdr.first;
            hdr.first = hdr.second;
            hdr.second = meta.saved;
        } else if (hdr.ethernet.type == 6) {
            hdr.third = { 0x33, 0x44 };
        } else if (hdr.ethernet.type == 7) {
            hdr.ethernet.setInvalid();
            hdr.first.setInvalid();
        } else if (hdr.ethernet.type == 8) {
            hdr.third.setValid();
            hdr.third.a = 0x55;
            hdr.third.b = 0x66;
            hdr.third.setInvalid();
            hdr.third.setValid();
            hdr.third.b = 0x77;
            hdr.third.a = hdr.third.b;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.third);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.first);
        packet.emit(hdr.second);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
