// hash() with every algorithm that BMv2 has, over fields of odd widths, with a base and a maximum.
#include "include/ethernet.p4"

header data_t {
    bit<32> a;
    bit<13> b;
    bit<3> c;
    bit<64> d;
}

header results_t {
    bit<32> crc32;
    bit<16> crc16;
    bit<16> csum16;
    bit<16> xor16;
    bit<32> identity;
    bit<32> custom32;
    bit<16> custom16;
    bit<8> bounded;
    bit<32> of_constant;
    bit<32> one_field;
}

struct headers {
    data_t data;
    results_t results;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.data);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        hdr.results.setValid();
        hash(hdr.results.crc32, HashAlgorithm.crc32, 32w0,
             { hdr.data.a, hdr.data.b, hdr.data.c, hdr.data.d }, 64w0x100000000);
        hash(hdr.results.crc16, HashAlgorithm.crc16, 16w0,
             { hdr.data.a, hdr.data.b, hdr.data.c, hdr.data.d }, 32w0x10000);
        hash(hdr.results.csum16, HashAlgorithm.csum16, 16w0,
             { hdr.data.a, hdr.data.b, hdr.data.c, hdr.data.d }, 32w0x10000);
        hash(hdr.results.xor16, HashAlgorithm.xor16, 16w0,
             { hdr.data.a, hdr.data.b, hdr.data.c, hdr.data.d }, 32w0x10000);
        hash(hdr.results.identity, HashAlgorithm.identity, 32w0,
             { hdr.data.b, hdr.data.c }, 64w0x100000000);
        hash(hdr.results.custom32, HashAlgorithm.crc32_custom, 32w0,
             { hdr.data.a, hdr.data.d }, 64w0x100000000);
        hash(hdr.results.custom16, HashAlgorithm.crc16_custom, 16w0,
             { hdr.data.a, hdr.data.d }, 32w0x10000);
        hash(hdr.results.bounded, HashAlgorithm.crc16, 8w100, { hdr.data.a, hdr.data.d }, 8w7);
        hash(hdr.results.of_constant, HashAlgorithm.crc32, 32w0, { 16w0x1234, hdr.data.c, 5w1 },
             64w0x100000000);
        hash(hdr.results.one_field, HashAlgorithm.crc32, 32w0, { hdr.data.b }, 64w0x100000000);
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.results);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
