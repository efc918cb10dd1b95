// enum, serializable enum, bool in headers and as a key, nested structs, typedef and type.
#include "include/ethernet.p4"

enum bit<16> Kind {
    Ip = 0x0800,
    Arp = 0x0806
}

enum Colour {
    Red,
    Green
}

typedef bit<8> byte_t;
type bit<8> level_t;

header flags_t {
    bool first;
    bool second;
    bit<6> rest;
    level_t level;
    Kind kind;
    byte_t code;
}

struct inner_t {
    byte_t code;
    bool flag;
}

struct headers {
    flags_t flags;
    ethernet_t ethernet;
}

struct metadata {
    inner_t inner;
    Colour colour;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            Kind.Arp: arp;
            default: accept;
        }
    }
    state arp {
        meta.inner.code = 0x42;
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    action code(byte_t value) {
        hdr.flags.code = value;
    }

    table by_flag {
        key = {
            meta.inner.flag: exact @name("flag");
            meta.inner.code: ternary @name("code");
        }
        actions = {
            code;
            NoAction;
        }
    }

    apply {
        meta.colour = Colour.Red;
        if (hdr.ethernet.src == 1) {
            meta.colour = Colour.Green;
        }
        hdr.flags.setValid();
        hdr.flags.first = meta.colour == Colour.Green;
        hdr.flags.second = !hdr.flags.first;
        hdr.flags.level = (level_t)8w7;
        hdr.flags.kind = Kind.Ip;
        meta.inner.flag = hdr.flags.first;
        if (hdr.ethernet.type == (bit<16>)Kind.Arp) {
            hdr.flags.kind = Kind.Arp;
        }
        by_flag.apply();
        standard.egress_spec = 1;
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
