// VLAN tags, which the kernel takes off frames: one, two, none, pushed and popped.
#include "include/ethernet.p4"

header tag_t {
    bit<3> priority;
    bit<1> drop;
    bit<12> id;
    bit<16> type;
}

struct headers {
    ethernet_t ethernet;
    tag_t[2] tags;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            0x8100: tag;
            0x88a8: tag;
            default: accept;
        }
    }
    state tag {
        packet.extract(hdr.tags.next);
        transition select(hdr.tags.last.type) {
            0x8100: tag;
            default: accept;
        }
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.dst == 1) {
            // Push.
            hdr.tags.push_front(1);
            hdr.tags[0].setValid();
            hdr.tags[0].priority = 5;
            hdr.tags[0].drop = 0;
            hdr.tags[0].id = 100;
            hdr.tags[0].type = hdr.ethernet.type;
            hdr.ethernet.type = 0x8100;
        } else if (hdr.ethernet.dst == 2) {
            // Pop.
            hdr.ethernet.type = hdr.tags[0].type;
            hdr.tags.pop_front(1);
        } else if (hdr.tags[0].isValid()) {
            hdr.tags[0].id = hdr.tags[0].id + 1;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
