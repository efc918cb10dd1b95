// What v1model tells a program about a packet: ports, length, time stamps, queue, instance.
#include "include/ethernet.p4"

header mark_t {
    bit<9> ingress_port;
    bit<9> ingress_in_egress;
    bit<9> egress_spec;
    bit<9> egress_port;
    bit<4> pad;
    bit<32> packet_length;
    bit<32> length_in_egress;
    bit<32> instance;
    bit<19> enq_qdepth;
    bit<19> deq_qdepth;
    bit<2> pad2;
    bit<8> checks;
}

struct headers {
    mark_t mark;
    ethernet_t ethernet;
}

struct metadata {
    bit<48> ingress_time;
    bit<48> last_time;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    register<bit<48>>(1) clock;

    apply {
        hdr.mark.setValid();
        hdr.mark.ingress_port = standard.ingress_port;
        hdr.mark.packet_length = standard.packet_length;
        hdr.mark.egress_spec = standard.egress_spec;
        meta.ingress_time = standard.ingress_global_timestamp;
        clock.read(meta.last_time, 0);
        clock.write(0, standard.ingress_global_timestamp);
        standard.egress_spec = 1;
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    apply {
        hdr.mark.ingress_in_egress = standard.ingress_port;
        hdr.mark.egress_port = standard.egress_port;
        hdr.mark.length_in_egress = standard.packet_length;
        hdr.mark.instance = standard.instance_type;
        hdr.mark.enq_qdepth = standard.enq_qdepth;
        hdr.mark.deq_qdepth = standard.deq_qdepth;
        hdr.mark.checks = 0;
        // The clock runs, and does not run away: less than ten seconds pass in this test.
        if (standard.ingress_global_timestamp == meta.ingress_time) {
            hdr.mark.checks = hdr.mark.checks | 1;
        }
        if (standard.egress_global_timestamp >= standard.ingress_global_timestamp
                && standard.egress_global_timestamp - meta.ingress_time < 10000000) {
            hdr.mark.checks = hdr.mark.checks | 2;
        }
        if (standard.deq_timedelta < 1000000) {
            hdr.mark.checks = hdr.mark.checks | 4;
        }
        if (meta.last_time == 0
                || (meta.ingress_time > meta.last_time + 100000
                    && meta.ingress_time < meta.last_time + 10000000)) {
            hdr.mark.checks = hdr.mark.checks | 8;
        }
        if ((bit<48>)standard.enq_timestamp >= meta.ingress_time) {
            hdr.mark.checks = hdr.mark.checks | 16;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
