// Lookahead of bits and of a header, and advance by a constant and by what the packet says.
#include "include/ethernet.p4"

header skip_t {
    bit<4> kind;
    bit<12> bits;
}

header tail_t {
    bit<8> value;
}

header mark_t {
    bit<4> kind;
    bit<12> bits;
    bit<16> seen;
}

struct headers {
    mark_t mark;
    ethernet_t ethernet;
    tail_t tail;
}

struct metadata {
    bit<4> kind;
    bit<12> bits;
    bit<16> seen;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        meta.seen = packet.lookahead<bit<16>>();
        transition select(packet.lookahead<bit<4>>()) {
            1: constant;
            2: variable;
            default: accept;
        }
    }
    state constant {
        packet.advance(24);
        transition tail;
    }
    state variable {
        skip_t skip = packet.lookahead<skip_t>();
        meta.kind = skip.kind;
        meta.bits = skip.bits;
        packet.advance((bit<32>)skip.bits);
        transition tail;
    }
    state tail {
        packet.extract(hdr.tail);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        hdr.mark.setValid();
        hdr.mark.kind = meta.kind;
        hdr.mark.bits = meta.bits;
        hdr.mark.seen = meta.seen;
        if (standard.parser_error == error.PacketTooShort) {
            hdr.mark.seen = 0xeeee;
        } else if (standard.parser_error == error.ParserInvalidArgument) {
            hdr.mark.seen = 0xdddd;
        }
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
