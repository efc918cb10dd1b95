// Saturating addition and subtraction, unsigned and signed, at several widths.
#include "include/ethernet.p4"

header operands_t {
    bit<8> a8;
    bit<8> b8;
    int<8> c8;
    int<8> d8;
    bit<13> a13;
    bit<13> b13;
    int<3> c3;
    int<3> d3;
    bit<48> a48;
    bit<48> b48;
}

struct headers {
    operands_t operands;
    operands_t sums;
    operands_t differences;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.operands);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        hdr.sums.setValid();
        hdr.sums.a8 = hdr.operands.a8 |+| hdr.operands.b8;
        hdr.sums.c8 = hdr.operands.c8 |+| hdr.operands.d8;
        hdr.sums.a13 = hdr.operands.a13 |+| hdr.operands.b13;
        hdr.sums.c3 = hdr.operands.c3 |+| hdr.operands.d3;
        hdr.sums.a48 = hdr.operands.a48 |+| hdr.operands.b48;
        hdr.differences.setValid();
        hdr.differences.a8 = hdr.operands.a8 |-| hdr.operands.b8;
        hdr.differences.c8 = hdr.operands.c8 |-| hdr.operands.d8;
        hdr.differences.a13 = hdr.operands.a13 |-| hdr.operands.b13;
        hdr.differences.c3 = hdr.operands.c3 |-| hdr.operands.d3;
        hdr.differences.a48 = hdr.operands.a48 |-| hdr.operands.b48;
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.sums);
        packet.emit(hdr.differences);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
