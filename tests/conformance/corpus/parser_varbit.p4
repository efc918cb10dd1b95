// A header with a varbit field: extracted by length, copied, emitted, invalidated.
#include "include/ethernet.p4"

header options_t {
    bit<8> bytes;
    varbit<64> content;
    bit<8> after;
}

struct headers {
    ethernet_t ethernet;
    options_t options;
    options_t copy;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            0x9000: options;
            default: accept;
        }
    }
    state options {
        packet.extract(hdr.options, (bit<32>)(packet.lookahead<bit<8>>() << 3));
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        standard.egress_spec = 1;
        if (standard.parser_error == error.HeaderTooShort) {
            hdr.ethernet.dst = 0xee0000000001;
        } else if (standard.parser_error == error.PacketTooShort) {
            hdr.ethernet.dst = 0xee0000000002;
        }
        if (hdr.options.isValid() && hdr.ethernet.src == 1) {
            hdr.copy = hdr.options;
            hdr.copy.after = 0xff;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
