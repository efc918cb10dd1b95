// Egress queues: a frame asks for a port and a priority, and is told how it was in its queue.
#include "include/ethernet.p4"

header ask_t {
    bit<8> port;
    bit<8> priority;
    bit<16> number;
}

header told_t {
    bit<32> enq_timestamp;
    bit<32> deq_timedelta;
    bit<19> enq_qdepth;
    bit<19> deq_qdepth;
    bit<2> pad;
}

struct headers {
    ethernet_t ethernet;
    ask_t ask;
    told_t told;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        packet.extract(hdr.ask);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        standard.egress_spec = (bit<9>) hdr.ask.port;
        standard.priority = (bit<3>) hdr.ask.priority;
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    apply {
        hdr.told.setValid();
        hdr.told.enq_timestamp = standard.enq_timestamp;
        hdr.told.deq_timedelta = standard.deq_timedelta;
        hdr.told.enq_qdepth = standard.enq_qdepth;
        hdr.told.deq_qdepth = standard.deq_qdepth;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ask);
        packet.emit(hdr.told);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
