// Clone from egress to egress: the frame as it leaves, once more through egress.
#include "include/ethernet.p4"

header mark_t {
    bit<32> instance;
    bit<8> kept;
    bit<8> lost;
    bit<16> port;
}

struct headers {
    ethernet_t ethernet;
    mark_t mark;
    mark_t second;
}

struct metadata {
    @field_list(3)
    bit<8> kept;
    bit<8> lost;
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
        meta.kept = 0x11;
        meta.lost = 0x22;
        hdr.ethernet.dst = 0xaaaaaaaaaaaa;
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    apply {
        if (standard.instance_type == 0) {
            hdr.mark.setValid();
            hdr.mark.instance = standard.instance_type;
            hdr.mark.kept = meta.kept;
            hdr.mark.lost = meta.lost;
            hdr.mark.port = (bit<16>)standard.egress_port;
            if (hdr.ethernet.type == 1) {
                clone(CloneType.E2E, 5);
            } else if (hdr.ethernet.type == 2) {
                clone_preserving_field_list(CloneType.E2E, 5, 3);
            } else if (hdr.ethernet.type == 3) {
                clone_preserving_field_list(CloneType.E2E, 5, 3);
                mark_to_drop(standard);
            }
            hdr.ethernet.src = 0xbbbbbbbbbbbb;
            meta.kept = 0x33;
        } else {
            hdr.second.setValid();
            hdr.second.instance = standard.instance_type;
            hdr.second.kept = meta.kept;
            hdr.second.lost = meta.lost;
            hdr.second.port = (bit<16>)standard.egress_port;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
