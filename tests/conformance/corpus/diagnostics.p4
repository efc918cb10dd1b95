// log_msg, assert and assume that hold, random with bounds, and the field `priority`.
#include "include/ethernet.p4"

struct headers {
    ethernet_t ethernet;
}

struct metadata {
    bit<16> number;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        standard.egress_spec = 1;
        standard.priority = 0;
        log_msg("a frame");
        log_msg("type {} from {}", { hdr.ethernet.type, hdr.ethernet.src });
        assert(hdr.ethernet.isValid());
        assert(hdr.ethernet.type < 0x8000);
        assume(hdr.ethernet.type != 0x7777);
        // Twenty draws out of 100 to 103: none is outside.
        random(meta.number, 16w100, 16w103);
        if (meta.number >= 100 && meta.number <= 103) {
            hdr.ethernet.dst = 1;
        }
        random(meta.number, 16w0xffff, 16w0xffff);
        hdr.ethernet.src = (bit<48>)meta.number;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
