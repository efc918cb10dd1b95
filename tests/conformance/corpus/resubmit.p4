// Resubmit: the frame as it came in, through parser and ingress again, with the kept metadata.
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
    @field_list(1, 2)
    bit<8> rounds;
    @field_list(2)
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
        meta.lost = meta.lost + 1;
        if (meta.rounds < hdr.ethernet.type[7:0]) {
            meta.rounds = meta.rounds + 1;
            if (hdr.ethernet.type[15:8] == 0) {
                resubmit_preserving_field_list(1);
            } else {
                resubmit_preserving_field_list(2);
            }
        }
        // What is changed here is gone when the frame is resubmitted.
        hdr.mark.setValid();
        hdr.mark.instance = standard.instance_type;
        hdr.mark.rounds = meta.rounds;
        hdr.mark.lost = meta.lost;
        hdr.mark.length = (bit<16>)standard.packet_length;
        hdr.ethernet.dst = hdr.ethernet.dst + 1;
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
