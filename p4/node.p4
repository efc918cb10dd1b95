// A node's program: L2 forwarding, and behind it the network functions that were asked for, each guarded by its control
// words. WITH_<FUNCTION> on the compiler's command line puts a function in (see scripts/compile_p4 for the variants).

#include <core.p4>
#include <v1model.p4>

#include "include/headers.p4"
#include "include/parser.p4"
#include "include/hosts.p4"

#ifdef WITH_FIREWALL
#define WITH_FUNCTIONS
#include "include/firewall.p4"
#endif

#include "include/flow.p4"
#include "include/l2.p4"

#define PORTS 512

control NodeIngress(inout headers_t hdr, inout metadata_t meta,
                    inout standard_metadata_t standard_metadata) {
    Hosts() hosts;
    Layer2() l2;
#ifdef WITH_FUNCTIONS
    FindSlot() find_slot;
#endif
#ifdef WITH_FIREWALL
    Firewall() firewall;
#endif

    @hitless_ports[direction="rx"]
    counter(PORTS, CounterType.packets_and_bytes) port_rx;

    // A packet-out either leaves at once, or goes on as a packet of the port that it names.
    action accept_packet_out() {
        standard_metadata.ingress_port = (bit<9>)hdr.packet_out.egress_port;
    }

    apply {
        port_rx.count((bit<32>)standard_metadata.ingress_port);
        if (hdr.packet_out.isValid()) {
            if (hdr.packet_out.mode == OUT_TO_PORT) {
                standard_metadata.egress_spec = (bit<9>)hdr.packet_out.egress_port;
                exit;
            }
            if (hdr.packet_out.mode == OUT_FLOOD) {
                standard_metadata.mcast_grp = FLOOD_GROUP;
                exit;
            }
            if (hdr.packet_out.mode == OUT_ECHO) {
                standard_metadata.egress_spec = CPU_PORT;
                meta.packet_in_reason = IN_ECHO;
                exit;
            }
            if (hdr.packet_out.mode != OUT_PIPELINE) {
                mark_to_drop(standard_metadata);
                exit;
            }
            accept_packet_out();
        } else {
            hosts.apply(hdr, meta, standard_metadata);
        }

#ifdef WITH_FUNCTIONS
        // Functions see all IP packets, and all malformed ones: those belong to no flow.
        bool malformed = standard_metadata.parser_error != error.NoError;
        bool for_functions = malformed || meta.flow.tracked;
        if (for_functions) {
            find_slot.apply(meta.flow);
        }
#endif
        l2.apply(hdr, meta, standard_metadata);
#ifdef WITH_FUNCTIONS
        if (for_functions) {
            meta.flow.tracked = !malformed;
#ifdef WITH_FIREWALL
            firewall.apply(hdr, meta, standard_metadata);
#endif
        }
#endif
    }
}

control NodeEgress(inout headers_t hdr, inout metadata_t meta,
                   inout standard_metadata_t standard_metadata) {
    @hitless_ports[direction="tx"]
    counter(PORTS, CounterType.packets_and_bytes) port_tx;

    apply {
        if (standard_metadata.egress_port == CPU_PORT) {
            hdr.packet_in.setValid();
            hdr.packet_in.ingress_port = (bit<16>)standard_metadata.ingress_port;
            hdr.packet_in.timestamp = standard_metadata.ingress_global_timestamp;
            hdr.packet_in.reason = meta.packet_in_reason;
            if (standard_metadata.instance_type == INGRESS_CLONE) {
                hdr.packet_in.ingress_port = (bit<16>)meta.copied_at;
                hdr.packet_in.reason = IN_HOST;
            }
            port_tx.count(CPU_PORT);
        } else if (standard_metadata.egress_port == standard_metadata.ingress_port) {
            mark_to_drop(standard_metadata);  // never back to where it came from
        } else {
            port_tx.count((bit<32>)standard_metadata.egress_port);
        }
    }
}

V1Switch(NodeParser(), NodeVerifyChecksum(), NodeIngress(), NodeEgress(),
         NodeComputeChecksum(), NodeDeparser()) main;
