// L2 forwarding: known destinations by an exact match, all others to a multicast group. Probes go to the controller, and
// what entries of `punt` name, such as LLDP.

#ifndef L2_P4
#define L2_P4

#include "headers.p4"

const bit<16> FLOOD_GROUP = 1;

control Layer2(inout headers_t hdr, inout metadata_t meta,
               inout standard_metadata_t standard_metadata) {
    action forward(bit<9> port) {
        standard_metadata.egress_spec = port;
    }

    action flood(bit<16> group) {
        standard_metadata.mcast_grp = group;
    }

    table dmac {
        key = { hdr.ethernet.dst_addr: exact @name("dst_addr"); }
        actions = { forward; flood; }
        default_action = flood(FLOOD_GROUP);
        size = 4096;
    }

    action to_controller() {
        standard_metadata.egress_spec = CPU_PORT;
        meta.packet_in_reason = IN_PUNTED;
    }

    action probe_to_controller() {
        standard_metadata.egress_spec = CPU_PORT;
        meta.packet_in_reason = IN_PROBE;
    }

    table punt {
        key = { hdr.ethernet.ether_type: exact @name("ether_type"); }
        actions = { to_controller; @defaultonly NoAction; }
        const default_action = NoAction;
        size = 64;
    }

    apply {
        if (hdr.ethernet.ether_type == ETHERTYPE_PROBE) {
            probe_to_controller();
        } else if (!punt.apply().hit) {
            dmac.apply();
        }
    }
}

#endif
