// L2 forwarding: known destinations by an exact match, all others to a multicast group. Probes go to the controller, and
// what entries of `punt` name, such as LLDP. What is meant for the next bridge alone (IEEE 802.1Q, table 8-1) goes no further.
//
// Where several shortest paths lead on, the slot decides (flow.p4): `spread` leads to the entry of `path` for the packet's
// slot, and `flood_by_slot` to the slot's multicast group. So a flow's path follows from its slot, and both directions and
// all nodes agree on it. A packet that belongs to no flow has slot 0. The hash costs, and is made only where it is needed.

#ifndef L2_P4
#define L2_P4

#include "headers.p4"
#include "flow.p4"

const bit<16> FLOOD_GROUP = 1;
const bit<44> LINK_LOCAL_ADDRESSES = 44w0x0180c200000;  // and four bits

control Layer2(inout headers_t hdr, inout metadata_t meta,
               inout standard_metadata_t standard_metadata) {
#ifndef WITH_FUNCTIONS
    FindSlot() find_slot;
#endif
    bool    by_slot = false;
    bit<16> path_group = 0;  // 0 is none

    action forward(bit<9> port) {
        standard_metadata.egress_spec = port;
    }

    action flood(bit<16> group) {
        standard_metadata.mcast_grp = group;
        meta.packet_in_reason = IN_FLOODED;  // where the group has the controller's port
    }

    // Slot i has the group first_group + i.
    action flood_by_slot(bit<16> first_group) {
        standard_metadata.mcast_grp = first_group;
        meta.packet_in_reason = IN_FLOODED;
        by_slot = true;
    }

    action spread(bit<16> group) {
        path_group = group;
        by_slot = true;
    }

    table dmac {
        key = { hdr.ethernet.dst_addr: exact @name("dst_addr"); }
        actions = { forward; flood; flood_by_slot; spread; }
        default_action = flood(FLOOD_GROUP);
        size = 4096;
    }

    action no_path() {
        mark_to_drop(standard_metadata);
    }

    table path {
        key = {
            path_group:     exact @name("group");
            meta.flow.slot: exact @name("slot");
        }
        actions = { forward; @defaultonly no_path; }
        const default_action = no_path;
        size = 16384;
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
            switch (dmac.apply().action_run) {
                forward: {}
                default: {
                    if (hdr.ethernet.dst_addr[47:4] == LINK_LOCAL_ADDRESSES) {
                        mark_to_drop(standard_metadata);
                    } else if (by_slot) {
#ifndef WITH_FUNCTIONS  // with them, every packet's slot is known before
                        if (meta.flow.tracked || standard_metadata.parser_error != error.NoError) {
                            find_slot.apply(meta.flow);
                        }
#endif
                        if (path_group != 0) {
                            path.apply();
                        } else {
                            standard_metadata.mcast_grp =
                                standard_metadata.mcast_grp + (bit<16>)meta.flow.slot;
                        }
                    }
                }
            }
        }
    }
}

#endif
