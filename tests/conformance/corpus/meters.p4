// Two-rate three-colour meters, indirect and direct, of packets and of bytes.
#include "include/ethernet.p4"

struct headers {
    ethernet_t ethernet;
}

struct metadata {
    bit<2> colour;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    meter(4, MeterType.packets) packets;
    meter(4, MeterType.bytes) bytes;
    direct_meter<bit<2>>(MeterType.packets) by_entry;

    action measure() {
        by_entry.read(meta.colour);
    }

    table flows {
        key = {
            hdr.ethernet.src: exact @name("src");
        }
        actions = {
            measure;
            NoAction;
        }
        meters = by_entry;
    }

    apply {
        meta.colour = 3;
        if (hdr.ethernet.type == 1) {
            packets.execute_meter(hdr.ethernet.src[31:0], meta.colour);
        } else if (hdr.ethernet.type == 2) {
            bytes.execute_meter(hdr.ethernet.src[31:0], meta.colour);
        } else {
            flows.apply();
        }
        hdr.ethernet.dst = (bit<48>)meta.colour;
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
