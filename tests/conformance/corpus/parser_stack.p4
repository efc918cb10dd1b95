// A header stack in the parser: next, last, lastIndex, more than it holds; and as a whole.
#include "include/ethernet.p4"

header label_t {
    bit<7> value;
    bit<1> is_last;
}

header mark_t {
    bit<8> last_value;
    bit<8> last_index;
    bit<8> parser_error;
}

struct headers {
    ethernet_t ethernet;
    mark_t mark;
    label_t[3] labels;
}

struct metadata {
    bit<8> last_value;
    bit<8> last_index;
}

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            0x8847: label;
            default: accept;
        }
    }
    state label {
        packet.extract(hdr.labels.next);
        meta.last_value = (bit<8>)hdr.labels.last.value;
        meta.last_index = (bit<8>)hdr.labels.lastIndex;
        transition select(hdr.labels.last.is_last) {
            0: label;
            1: accept;
        }
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    apply {
        hdr.mark.setValid();
        hdr.mark.last_value = meta.last_value;
        hdr.mark.last_index = meta.last_index;
        if (standard.parser_error == error.StackOutOfBounds) {
            hdr.mark.parser_error = 1;
        } else if (standard.parser_error == error.PacketTooShort) {
            hdr.mark.parser_error = 2;
        }
        standard.egress_spec = 1;
        if (hdr.ethernet.src == 1) {
            hdr.labels.pop_front(1);
        } else if (hdr.ethernet.src == 2) {
            hdr.labels.push_front(1);
            hdr.labels[0].setValid();
            hdr.labels[0].value = 0x7f;
            hdr.labels[0].is_last = 0;
        } else if (hdr.ethernet.src == 3) {
            hdr.labels.push_front(2);
        } else if (hdr.ethernet.src == 4) {
            hdr.labels.pop_front(3);
        } else if (hdr.ethernet.src == 5) {
            hdr.labels[1].setInvalid();
        } else if (hdr.ethernet.src == 6) {
            hdr.labels[2] = hdr.labels[0];
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.mark);
        packet.emit(hdr.labels);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
