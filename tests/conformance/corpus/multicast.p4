// Multicast: copies with their replication ids, pruning in egress, a group that is not there.
#include "include/ethernet.p4"

header mark_t {
    bit<16> rid;
    bit<16> port;
    bit<32> instance;
}

struct headers {
    mark_t mark;
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
    apply {
        standard.mcast_grp = hdr.ethernet.type;
        standard.egress_spec = 4;
        if (hdr.ethernet.src == 1) {
            // Clears the group as well.
            mark_to_drop(standard);
        } else if (hdr.ethernet.src == 2) {
            mark_to_drop(standard);
            standard.mcast_grp = hdr.ethernet.type;
        }
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    apply {
        hdr.mark.setValid();
        hdr.mark.rid = standard.egress_rid;
        hdr.mark.port = (bit<16>)standard.egress_port;
        hdr.mark.instance = standard.instance_type;
        if (standard.egress_port == standard.ingress_port) {
            mark_to_drop(standard);
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
