// Ternary, range and optional keys: priorities decide, in the program's own entries as well.
#include "include/ethernet.p4"

header ports_t {
    bit<16> source;
    bit<16> destination;
    bit<8> protocol;
}

struct headers {
    ethernet_t ethernet;
    ports_t ports;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        packet.extract(hdr.ports);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    action mark(bit<16> value) {
        hdr.ethernet.type = value;
    }

    table masks {
        key = {
            hdr.ethernet.dst: ternary @name("dst");
            hdr.ethernet.src: ternary @name("src");
        }
        actions = {
            mark;
            NoAction;
        }
    }
    table ranges {
        key = {
            hdr.ports.source: range @name("source");
            hdr.ports.destination: range @name("destination");
            hdr.ports.protocol: exact @name("protocol");
        }
        actions = {
            mark;
            NoAction;
        }
    }
    table options {
        key = {
            hdr.ports.source: optional @name("source");
            hdr.ports.destination: optional @name("destination");
        }
        actions = {
            mark;
            NoAction;
        }
    }
    table mixed {
        key = {
            hdr.ports.protocol: exact @name("protocol");
            hdr.ethernet.dst: lpm @name("dst");
            hdr.ports.source: ternary @name("source");
        }
        actions = {
            mark;
            NoAction;
        }
    }
    table constant {
        key = {
            hdr.ports.source: ternary @name("source");
            hdr.ports.destination: range @name("destination");
        }
        actions = {
            mark;
            NoAction;
        }
        const entries = {
            (0x0100 &&& 0xff00, _): mark(1);
            (_, 10 .. 20): mark(2);
            (0x0105, 15): mark(3);
            (0x0200 &&& 0xff00, 30): mark(4);
        }
    }

    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.type == 1) {
            masks.apply();
        } else if (hdr.ethernet.type == 2) {
            ranges.apply();
        } else if (hdr.ethernet.type == 3) {
            options.apply();
        } else if (hdr.ethernet.type == 4) {
            mixed.apply();
        } else {
            constant.apply();
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
