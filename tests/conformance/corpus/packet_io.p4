// Packet-in and packet-out with headers of odd fields, and clones to the controller.
#include "include/ethernet.p4"

@controller_header("packet_in")
header packet_in_t {
    bit<9> port;
    bit<7> reason;
    bit<16> type;
}

@controller_header("packet_out")
header packet_out_t {
    bit<9> port;
    bit<1> through_table;
    bit<6> pad;
}

struct headers {
    packet_in_t packet_in;
    packet_out_t packet_out;
    ethernet_t ethernet;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        transition select(standard.ingress_port) {
            510: from_controller;
            default: ethernet;
        }
    }
    state from_controller {
        packet.extract(hdr.packet_out);
        transition ethernet;
    }
    state ethernet {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    action forward(bit<9> port) {
        standard.egress_spec = port;
    }
    action to_controller() {
        standard.egress_spec = 510;
    }

    table flows {
        key = {
            hdr.ethernet.dst: exact @name("dst");
        }
        actions = {
            forward;
            to_controller;
        }
        default_action = to_controller();
    }

    apply {
        if (hdr.packet_out.isValid() && hdr.packet_out.through_table == 0) {
            standard.egress_spec = hdr.packet_out.port;
        } else {
            flows.apply();
        }
        hdr.packet_out.setInvalid();
        if (hdr.ethernet.src == 1) {
            clone(CloneType.I2E, 9);
        }
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    apply {
        if (standard.egress_port == 510) {
            hdr.packet_in.setValid();
            hdr.packet_in.port = standard.ingress_port;
            hdr.packet_in.reason = (bit<7>)standard.instance_type;
            hdr.packet_in.type = hdr.ethernet.type;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
