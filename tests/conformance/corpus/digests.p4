// Digests: values of odd widths, as they are when the packet leaves ingress or as they were asked for.
#include "include/ethernet.p4"

struct headers {
    ethernet_t ethernet;
}

struct metadata { }

struct learned_t {
    bit<48> src;
    bit<9> port;
    bit<3> small;
}

struct short_t {
    bit<16> type;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.type != 0) {
            digest<learned_t>(1, { hdr.ethernet.src, standard.ingress_port,
                                   hdr.ethernet.type[2:0] });
        }
        if (hdr.ethernet.type > 0x8000) {
            digest<short_t>(1, { hdr.ethernet.type });
        }
        // After the digest: not seen in it.
        hdr.ethernet.src = 0;
        hdr.ethernet.type = 0;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
