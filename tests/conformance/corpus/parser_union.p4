// A header union, alone and in a stack: at most one member is valid.
#include "include/ethernet.p4"

header short_t {
    bit<8> kind;
    bit<8> value;
}

header long_t {
    bit<8> kind;
    bit<24> value;
}

header_union option_t {
    short_t short;
    long_t long;
}

struct headers {
    ethernet_t ethernet;
    option_t option;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(packet.lookahead<bit<8>>()) {
            1: short;
            2: long;
            default: accept;
        }
    }
    state short {
        packet.extract(hdr.option.short);
        transition accept;
    }
    state long {
        packet.extract(hdr.option.long);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.src == 1) {
            // Whichever was valid is not any more.
            hdr.option.long.setValid();
            hdr.option.long.kind = 2;
            hdr.option.long.value = 0xabcdef;
        } else if (hdr.ethernet.src == 2) {
            hdr.option.short.setValid();
            hdr.option.short.kind = 1;
            hdr.option.short.value = 0x55;
        } else if (hdr.ethernet.src == 3) {
            hdr.option.short.setInvalid();
        } else if (hdr.option.isValid()) {
            hdr.ethernet.dst = 0xffffffffffff;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.option);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
