// verify, errors of the program's own, and the error as a field that ingress and egress can read.
#include "include/ethernet.p4"

error {
    OddSource,
    SmallType
}

header mark_t {
    bit<8> in_ingress;
    bit<8> in_egress;
}

struct headers {
    mark_t mark;
    ethernet_t ethernet;
    ethernet_t inner;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        verify(hdr.ethernet.src[0:0] == 0, error.OddSource);
        verify(hdr.ethernet.type >= 0x600, error.SmallType);
        transition select(hdr.ethernet.type) {
            0x9000: inner;
            default: accept;
        }
    }
    state inner {
        packet.extract(hdr.inner);
        transition accept;
    }
}

control Number(in error value, out bit<8> number) {
    apply {
        number = 0xff;
        if (value == error.NoError) {
            number = 0;
        } else if (value == error.PacketTooShort) {
            number = 1;
        } else if (value == error.OddSource) {
            number = 2;
        } else if (value == error.SmallType) {
            number = 3;
        }
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    Number() number;

    apply {
        hdr.mark.setValid();
        number.apply(standard.parser_error, hdr.mark.in_ingress);
        standard.egress_spec = 1;
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    Number() number;

    apply {
        number.apply(standard.parser_error, hdr.mark.in_egress);
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
