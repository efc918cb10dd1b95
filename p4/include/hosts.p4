// Hosts tell where they are by what they send: a packet that comes in at an edge port from an address that is not known there
// is copied to the controller, and goes its way as always. So is what hosts tell of their addresses, known or not (ARP and IPv6
// neighbour discovery). Ports that lead to other nodes are not in `edge`: those hosts are elsewhere.

#ifndef HOSTS_P4
#define HOSTS_P4

#include "headers.p4"

control Hosts(in headers_t hdr, inout metadata_t meta, in standard_metadata_t standard_metadata) {
    action copy_to_controller() {
        meta.copied_at = standard_metadata.ingress_port;
        clone_preserving_field_list(CloneType.I2E, COPY_SESSION, COPIED);
    }

    table edge {
        key = { standard_metadata.ingress_port: exact @name("ingress_port"); }
        actions = { NoAction; }
        const default_action = NoAction;
        size = 512;
    }

    table host {
        key = {
            standard_metadata.ingress_port: exact @name("ingress_port");
            hdr.ethernet.src_addr:          exact @name("src_addr");
        }
        actions = { NoAction; }
        const default_action = NoAction;
        size = 4096;
    }

    apply {
        if (edge.apply().hit) {
            bool neighbour_discovery = hdr.ipv6.isValid() && hdr.ipv6.next_hdr == PROTOCOL_ICMPV6 && !meta.flow.tracked;
            if (hdr.ethernet.ether_type == ETHERTYPE_ARP || neighbour_discovery) {
                copy_to_controller();
            } else if (!host.apply().hit) {
                copy_to_controller();
            }
        }
    }
}

#endif
