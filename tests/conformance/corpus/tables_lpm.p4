// LPM: the longest prefix wins, whatever the order of insertion; with an exact key beside it.
#include "include/ethernet.p4"

struct headers {
    ethernet_t ethernet;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    action route(bit<48> next) {
        hdr.ethernet.dst = next;
    }

    table routes {
        key = {
            hdr.ethernet.dst: lpm @name("dst");
        }
        actions = {
            route;
            NoAction;
        }
        default_action = route(0xdddddddddddd);
    }
    table scoped {
        key = {
            hdr.ethernet.type: exact @name("type");
            hdr.ethernet.src[23:0]: lpm @name("src");
        }
        actions = {
            route;
            NoAction;
        }
    }

    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.type == 0x0800) {
            routes.apply();
        } else {
            scoped.apply();
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
