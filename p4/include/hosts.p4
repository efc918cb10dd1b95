// Hosts tell where they are by what they send: a packet that comes in at an edge port from an address that is not known there
// is copied to the controller, and goes its way as always. So is what hosts tell of their addresses, known or not (ARP and IPv6
// neighbour discovery). Ports that lead to other nodes are not in `edge`: those hosts are elsewhere.
//
// A port gets so many copies and no more, whoever sends by it: who makes up addresses must not keep the controller busy. The
// limit is a token bucket. A meter would be one too, but copies everything until the controller has set it, and after each
// reload again; this one needs nobody.

#ifndef HOSTS_P4
#define HOSTS_P4

#include "headers.p4"

const bit<48> COPY_INTERVAL_US = 5000;    // 200 copies/s
const bit<48> COPY_BURST_US    = 320000;  // of which 65 at once

control Hosts(in headers_t hdr, inout metadata_t meta, in standard_metadata_t standard_metadata) {
    // By port: when the bucket is full again, in microseconds of this node's clock.
    register<bit<48>>(512) copies_paid;

    bool may_copy = false;

    action pay_for_copy() {
        bit<32> port = (bit<32>)standard_metadata.ingress_port;
        bit<48> now = standard_metadata.ingress_global_timestamp;
        bit<48> paid;
        copies_paid.read(paid, port);
        bit<48> ahead = paid > now ? paid - now : 0;
        may_copy = ahead <= COPY_BURST_US;
        copies_paid.write(port, may_copy ? now + ahead + COPY_INTERVAL_US : paid);
    }

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
            bool copied = hdr.ethernet.ether_type == ETHERTYPE_ARP || neighbour_discovery;
            if (!copied) {
                copied = !host.apply().hit;
            }
            if (copied) {
                pay_for_copy();
                if (may_copy) {
                    copy_to_controller();
                }
            }
        }
    }
}

#endif
