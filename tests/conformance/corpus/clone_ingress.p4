// Clone from ingress to egress: the frame as it came in, with the metadata that it preserves.
#include "include/ethernet.p4"

header mark_t {
    bit<32> instance;
    bit<8> kept;
    bit<8> lost;
    bit<16> rid;
}

struct headers {
    ethernet_t ethernet;
    mark_t mark;
}

struct metadata {
    @field_list(1)
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
        if (hdr.ethernet.type == 1) {
            clone(CloneType.I2E, 5);
        } else if (hdr.ethernet.type == 2) {
            clone_preserving_field_list(CloneType.I2E, 6, 1);
        } else if (hdr.ethernet.type == 3) {
            clone_preserving_field_list(CloneType.I2E, 5, 1);
            mark_to_drop(standard);
        } else if (hdr.ethernet.type == 4) {
            clone(CloneType.I2E, 77);
        } else if (hdr.ethernet.type == 5) {
            clone(CloneType.I2E, 5);
            clone_preserving_field_list(CloneType.I2E, 6, 1);
        }
        // Not seen by the clone.
        hdr.ethernet.dst = 0xaaaaaaaaaaaa;
        meta.kept = meta.kept + 1;
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    apply {
        hdr.mark.setValid();
        hdr.mark.instance = standard.instance_type;
        hdr.mark.kept = meta.kept;
        hdr.mark.lost = meta.lost;
        hdr.mark.rid = standard.egress_rid;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
