// What a reload of the program drops: entries, counters, registers, meters. Groups and sessions stay.
#include "include/ethernet.p4"

struct headers {
    ethernet_t ethernet;
}

struct metadata {
    bit<16> before;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    counter(2, CounterType.packets) frames;
    register<bit<16>>(2) last;

    action forward(bit<9> port) {
        standard.egress_spec = port;
    }
    action replicate(bit<16> group) {
        standard.mcast_grp = group;
    }

    table flows {
        key = {
            hdr.ethernet.dst: exact @name("dst");
        }
        actions = {
            forward;
            replicate;
        }
        default_action = forward(1);
    }

    apply {
        frames.count(1);
        last.read(meta.before, 1);
        hdr.ethernet.src = (bit<48>)meta.before;
        last.write(1, hdr.ethernet.type);
        flows.apply();
        if (hdr.ethernet.type == 0x9000) {
            clone(CloneType.I2E, 5);
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
