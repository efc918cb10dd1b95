// An action profile, and selectors with different hashes: which member a flow gets is BMv2's choice too.
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
    action mark(bit<48> value) {
        hdr.ethernet.dst = value;
    }
    action zero() {
        hdr.ethernet.dst = 0;
    }

    @name("profile") action_profile(16) profile;
    @name("selector_16") action_selector(HashAlgorithm.crc16, 32w16, 32w16) selector_16;
    @name("selector_32") action_selector(HashAlgorithm.crc32, 32w16, 32w14) selector_32;

    table profiled {
        key = {
            hdr.ethernet.dst: exact @name("dst");
        }
        actions = {
            mark;
            zero;
            NoAction;
        }
        implementation = profile;
    }
    table selected {
        key = {
            hdr.ethernet.dst: exact @name("dst");
            hdr.ethernet.src: selector;
            hdr.ethernet.type: selector;
        }
        actions = {
            mark;
            zero;
            NoAction;
        }
        implementation = selector_16;
    }
    table selected_32 {
        key = {
            hdr.ethernet.dst: ternary @name("dst");
            hdr.ethernet.src: selector;
        }
        actions = {
            mark;
            NoAction;
        }
        implementation = selector_32;
    }

    apply {
        standard.egress_spec = 1;
        if (hdr.ethernet.type == 1) {
            if (profiled.apply().miss) {
                standard.egress_spec = 2;
            }
        } else if (hdr.ethernet.type == 2) {
            selected_32.apply();
        } else {
            switch (selected.apply().action_run) {
                zero: { standard.egress_spec = 2; }
                default: { }
            }
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
