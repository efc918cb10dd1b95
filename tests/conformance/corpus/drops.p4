// mark_to_drop in ingress and in egress, what undoes it, exit, return, and port 511.
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
    counter(1, CounterType.packets) to_the_end;

    action leave() {
        hdr.ethernet.dst = 0xeeeeeeeeeeee;
        exit;
    }
    action drop() {
        mark_to_drop(standard);
    }

    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.type == 1) {
            mark_to_drop(standard);
        } else if (hdr.ethernet.type == 2) {
            drop();
            standard.egress_spec = 2;
        } else if (hdr.ethernet.type == 3) {
            leave();
            hdr.ethernet.dst = 0xaaaaaaaaaaaa;
        } else if (hdr.ethernet.type == 4) {
            return;
        } else if (hdr.ethernet.type == 5) {
            standard.egress_spec = 511;
        } else if (hdr.ethernet.type == 6) {
            standard.egress_spec = 300;
        } else if (hdr.ethernet.type == 7) {
            drop();
            exit;
        }
        to_the_end.count(0);
        hdr.ethernet.src = 0xffffffffffff;
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    counter(1, CounterType.packets) in_egress;

    apply {
        in_egress.count(0);
        if (hdr.ethernet.type == 8) {
            mark_to_drop(standard);
        } else if (hdr.ethernet.type == 9) {
            // Too late to choose a port.
            standard.egress_spec = 2;
        } else if (hdr.ethernet.type == 10) {
            exit;
        }
        hdr.ethernet.dst = hdr.ethernet.dst + 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
