// Exact tables: several keys of odd widths, validity and bool and expressions as keys, hit and miss,
// action_run, default actions, const entries, a table without a key, actions with wide parameters.
#include "include/ethernet.p4"

header mark_t {
    bit<8> first;
    bit<8> second;
    bit<8> constant;
    bit<128> wide;
}

header extra_t {
    bit<8> value;
}

struct headers {
    ethernet_t ethernet;
    mark_t mark;
    extra_t extra;
}

struct metadata {
    bool flag;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        meta.flag = hdr.ethernet.src[0:0] == 1;
        transition select(hdr.ethernet.type) {
            0x9000: extra;
            default: accept;
        }
    }
    state extra {
        packet.extract(hdr.extra);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    action set_first(bit<8> value, bit<128> wide) {
        hdr.mark.first = value;
        hdr.mark.wide = wide;
    }
    action clear_first() {
        hdr.mark.first = 0xf0;
    }
    action set_second(bit<8> value) {
        hdr.mark.second = value;
    }
    action set_constant(bit<8> value) {
        hdr.mark.constant = value;
    }

    table first {
        key = {
            hdr.ethernet.dst[12:0]: exact @name("low");
            hdr.ethernet.type: exact @name("type");
            hdr.extra.isValid(): exact @name("extra");
            meta.flag: exact @name("flag");
        }
        actions = {
            set_first;
            clear_first;
            NoAction;
        }
        default_action = clear_first;
    }
    table second {
        actions = {
            set_second;
            NoAction;
        }
        default_action = set_second(0x22);
    }
    table constant {
        key = {
            hdr.extra.value: exact @name("value");
        }
        actions = {
            set_constant;
        }
        const default_action = set_constant(0xff);
        const entries = {
            1: set_constant(0x11);
            2: set_constant(0x12);
        }
    }

    apply {
        hdr.mark.setValid();
        standard.egress_spec = 1;
        if (first.apply().hit) {
            standard.egress_spec = 2;
        }
        switch (second.apply().action_run) {
            set_second: {
                if (hdr.extra.isValid()) {
                    constant.apply();
                }
            }
            default: {
                hdr.mark.constant = 0xee;
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
