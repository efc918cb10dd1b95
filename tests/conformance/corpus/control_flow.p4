// Nested conditions, switch over values and over a table's action, functions, actions in actions.
#include "include/ethernet.p4"

header out_t {
    bit<8> branch;
    bit<8> action_run;
    bit<8> depth;
    bit<8> sum;
}

struct headers {
    out_t out_;
    ethernet_t ethernet;
}

struct metadata { }

#include "include/idle.p4"

bit<8> larger(in bit<8> a, in bit<8> b) {
    if (a > b) {
        return a;
    }
    return b;
}

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control Depth(in bit<8> value, out bit<8> depth) {
    apply {
        depth = 0;
        if (value > 10) {
            depth = 1;
            if (value > 20) {
                depth = 2;
                if (value > 30) {
                    depth = 3;
                } else if (value == 25) {
                    depth = 25;
                }
            }
        }
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    Depth() measure;

    action base(bit<8> value) {
        hdr.out_.sum = hdr.out_.sum + value;
    }
    action one() {
        base(1);
    }
    action two() {
        base(1);
        base(larger(1, hdr.out_.branch));
    }
    action three(inout bit<8> where) {
        where = where + 3;
    }

    table pick {
        key = {
            hdr.ethernet.src[7:0]: exact @name("src");
        }
        actions = {
            one;
            two;
            three(hdr.out_.sum);
        }
        default_action = one();
    }

    apply {
        hdr.out_.setValid();
        switch (hdr.ethernet.type) {
            16w1: { hdr.out_.branch = 1; }
            16w2:
            16w3: { hdr.out_.branch = 2; }
            default: { hdr.out_.branch = 9; }
        }
        switch (pick.apply().action_run) {
            one: { hdr.out_.action_run = 1; }
            two:
            three: { hdr.out_.action_run = 2; }
        }
        measure.apply(hdr.ethernet.dst[7:0], hdr.out_.depth);
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
