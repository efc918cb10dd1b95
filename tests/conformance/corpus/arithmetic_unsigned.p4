// Unsigned arithmetic at odd widths: it wraps at the width of the operands.
#include "include/ethernet.p4"

header operands_t {
    bit<16> pad;
    bit<5> a5;
    bit<5> b5;
    bit<13> a13;
    bit<13> b13;
    bit<4> shift;
    bit<136> a136;
    bit<136> b136;
}

header results_t {
    bit<5> sum5;
    bit<5> difference5;
    bit<5> product5;
    bit<5> negated5;
    bit<5> inverted5;
    bit<13> sum13;
    bit<13> difference13;
    bit<13> product13;
    bit<13> left13;
    bit<13> right13;
    bit<6> pad;
    bit<136> sum136;
    bit<136> difference136;
    bit<136> product136;
    bit<136> left136;
    bit<136> right136;
}

struct headers {
    operands_t operands;
    results_t results;
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
        hdr.results.setValid();
        hdr.results.sum5 = hdr.operands.a5 + hdr.operands.b5;
        hdr.results.difference5 = hdr.operands.a5 - hdr.operands.b5;
        hdr.results.product5 = hdr.operands.a5 * hdr.operands.b5;
        hdr.results.negated5 = -hdr.operands.a5;
        hdr.results.inverted5 = ~hdr.operands.a5;
        hdr.results.sum13 = hdr.operands.a13 + hdr.operands.b13;
        hdr.results.difference13 = hdr.operands.a13 - hdr.operands.b13;
        hdr.results.product13 = hdr.operands.a13 * hdr.operands.b13;
        hdr.results.left13 = hdr.operands.a13 << hdr.operands.shift;
        hdr.results.right13 = hdr.operands.a13 >> hdr.operands.shift;
        hdr.results.sum136 = hdr.operands.a136 + hdr.operands.b136;
        hdr.results.difference136 = hdr.operands.a136 - hdr.operands.b136;
        hdr.results.product136 = hdr.operands.a136 * hdr.operands.b136;
        hdr.results.left136 = hdr.operands.a136 << 68;
        hdr.results.right136 = hdr.operands.a136 >> 68;
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.results);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
