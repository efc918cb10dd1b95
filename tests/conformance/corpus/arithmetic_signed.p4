// Signed arithmetic: wrapping, comparison, shifts that keep the sign, casts of width and of sign.
#include "include/ethernet.p4"

header operands_t {
    int<8> a;
    int<8> b;
    int<16> c;
    int<16> d;
    bit<8> shift;
    bit<56> pad;
}

header results_t {
    int<8> sum;
    int<8> difference;
    int<8> product;
    int<8> negated;
    int<8> right;
    int<8> left;
    int<16> wider;
    bit<16> wider_bits;
    int<8> narrower;
    int<16> large_product;
    bit<1> less;
    bit<1> less_or_equal;
    bit<1> greater;
    bit<1> equal;
    bit<1> bits_less;
    bit<3> pad;
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
        int<8> a = hdr.operands.a;
        int<8> b = hdr.operands.b;
        hdr.results.setValid();
        hdr.results.sum = a + b;
        hdr.results.difference = a - b;
        hdr.results.product = a * b;
        hdr.results.negated = -a;
        hdr.results.right = a >> hdr.operands.shift;
        hdr.results.left = a << hdr.operands.shift;
        hdr.results.wider = (int<16>)a;
        hdr.results.wider_bits = (bit<16>)(bit<8>)a;
        hdr.results.narrower = (int<8>)hdr.operands.c;
        hdr.results.large_product = hdr.operands.c * hdr.operands.d;
        hdr.results.less = (bit<1>)(a < b);
        hdr.results.less_or_equal = (bit<1>)(a <= b);
        hdr.results.greater = (bit<1>)(a > b);
        hdr.results.equal = (bit<1>)(a == b);
        hdr.results.bits_less = (bit<1>)((bit<8>)a < (bit<8>)b);
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.results);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
