// Entries that idle: told once, not while they are hit, again after they were hit again.
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
    action forward(bit<9> port) {
        standard.egress_spec = port;
    }

    table flows {
        key = {
            hdr.ethernet.dst: exact @name("dst");
        }
        actions = {
            forward;
            NoAction;
        }
        support_timeout = true;
    }

    apply {
        flows.apply();
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
