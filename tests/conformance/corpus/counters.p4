// Direct and indirect counters, of packets, of bytes and of both.
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
    counter(8, CounterType.packets_and_bytes) both;
    counter(4, CounterType.packets) packets_only;
    counter(4, CounterType.bytes) bytes_only;
    direct_counter(CounterType.packets_and_bytes) by_entry;

    action seen() {
        by_entry.count();
    }

    table flows {
        key = {
            hdr.ethernet.src: exact @name("src");
        }
        actions = {
            seen;
        }
        default_action = seen();
        counters = by_entry;
    }

    apply {
        both.count((bit<32>)hdr.ethernet.type);
        packets_only.count(1);
        bytes_only.count(2);
        flows.apply();
        hdr.ethernet.dst = 0;
        standard.egress_spec = 1;
    }
}

control TestEgress(CONTROL_PARAMETERS) {
    counter(2, CounterType.packets_and_bytes) egress;

    apply {
        hdr.ethernet.setInvalid();
        egress.count(0);
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), TestEgress(), NoUpdate(), TestDeparser()) main;
