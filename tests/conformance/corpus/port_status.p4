// Ports that go down and come up again.
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
    apply {
        standard.egress_spec = hdr.ethernet.dst[8:0];
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
