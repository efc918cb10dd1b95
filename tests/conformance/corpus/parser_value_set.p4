// A parser value set, filled by the control plane.
#include "include/ethernet.p4"

header mark_t {
    bit<8> is_member;
}

struct headers {
    mark_t mark;
    ethernet_t ethernet;
}

struct metadata {
    bit<8> is_member;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    value_set<bit<16>>(4) types;

    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            types: member;
            default: accept;
        }
    }
    state member {
        meta.is_member = 1;
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        hdr.mark.setValid();
        hdr.mark.is_member = meta.is_member;
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
