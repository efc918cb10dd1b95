// Recirculate: the frame as it leaves egress, through everything again, with the kept metadata.
#include "include/ethernet.p4"

header mark_t {
    bit<32> instance;
    bit<8> rounds;
    bit<8> lost;
    bit<16> length;
}

struct headers {
    mark_t mark;
    ethernet_t ethernet;
}

struct metadata {
    @field_list(1)
    bit<8> rounds;
    bit<8> lost;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        transition select(standard.instance_type) {
            4: recirculated;
            default: fresh;
        }
    }
    state recirculated {
        packet.extract(hdr.mark);
        transition fresh;
    }
    state fresh {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        meta.lost = meta.lost + 1;
        hdr.ethernet.dst = hdr.ethernet.dst + 1;
        standard.egress_spec = 1;
        if (standard.instance_type == 4) {
            hdr.ethernet.src = (bit<48>)standard.ingress_port;
        }
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    apply {
        if (meta.rounds < hdr.ethernet.type[7:0]) {
            meta.rounds = meta.rounds + 1;
            recirculate_preserving_field_list(1);
        }
        hdr.mark.setValid();
        hdr.mark.instance = standard.instance_type;
        hdr.mark.rounds = meta.rounds;
        hdr.mark.lost = meta.lost;
        hdr.mark.length = (bit<16>)standard.packet_length;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
