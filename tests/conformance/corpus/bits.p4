// Slices read and written, concatenation, logic of bits, comparisons, conditional expressions, bool.
#include "include/ethernet.p4"

header operands_t {
    bit<32> a;
    bit<32> b;
    bit<48> c;
}

header results_t {
    bit<32> and_;
    bit<32> or_;
    bit<32> xor_;
    bit<16> middle;
    bit<32> patched;
    bit<48> swapped;
    bit<80> joined;
    bit<32> larger;
    bit<3> pad;
    bit<1> less;
    bit<1> different;
    bit<1> both;
    bit<1> either;
    bit<1> neither;
}

struct headers {
    operands_t operands;
    results_t results;
}

struct metadata {
    bool flag;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.operands);
        meta.flag = hdr.operands.c[47:47] == 1;
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        bit<32> a = hdr.operands.a;
        bit<32> b = hdr.operands.b;
        bool odd = a[0:0] == 1;
        hdr.results.setValid();
        hdr.results.and_ = a & b;
        hdr.results.or_ = a | b;
        hdr.results.xor_ = a ^ b;
        hdr.results.middle = a[23:8];
        hdr.results.patched = a;
        hdr.results.patched[11:4] = b[31:24];
        hdr.results.patched[31:31] = 1;
        hdr.results.swapped = hdr.operands.c[23:0] ++ hdr.operands.c[47:24];
        hdr.results.joined = a ++ hdr.operands.c;
        hdr.results.larger = a > b ? a : b;
        hdr.results.less = a < b ? 1w1 : 1w0;
        hdr.results.different = (bit<1>)(a != b);
        hdr.results.both = (bit<1>)(odd && meta.flag);
        hdr.results.either = (bit<1>)(odd || meta.flag);
        hdr.results.neither = (bit<1>)(!odd && !meta.flag);
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.results);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
