// Parser and deparser of every node program. What is not IP is left to L2. A packet that breaks off inside the headers
// which it announces, or carries more than two VLAN tags, ends with a parser error, and functions treat it as untrusted.

#ifndef PARSER_P4
#define PARSER_P4

#include "headers.p4"

error {
    BadIPv4HeaderLength
}

parser NodeParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard_metadata) {
    state start {
        transition select(standard_metadata.ingress_port) {
            CPU_PORT: parse_packet_out;
            default:  parse_ethernet;
        }
    }

    state parse_packet_out {
        packet.extract(hdr.packet_out);
        transition parse_ethernet;
    }

    state parse_ethernet {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            ETHERTYPE_IPV4: parse_ipv4;
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_VLAN: parse_vlan;
            ETHERTYPE_QINQ: parse_vlan;
            default:        accept;
        }
    }

    state parse_vlan {
        packet.extract(hdr.vlan.next);
        transition select(hdr.vlan.last.ether_type) {
            ETHERTYPE_IPV4: parse_ipv4;
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_VLAN: parse_vlan;
            ETHERTYPE_QINQ: parse_vlan;
            default:        accept;
        }
    }

    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        verify(hdr.ipv4.ihl >= 5, error.BadIPv4HeaderLength);
        meta.flow.tracked = true;
        meta.flow.starts_flow = true;
        meta.flow.protocol = hdr.ipv4.protocol;
        meta.flow.src_addr = 80w0 ++ 16w0xffff ++ hdr.ipv4.src_addr;
        meta.flow.dst_addr = 80w0 ++ 16w0xffff ++ hdr.ipv4.dst_addr;
        transition select(hdr.ipv4.ihl) {
            5:       parse_ipv4_payload;
            default: parse_ipv4_options;
        }
    }

    state parse_ipv4_options {
        packet.extract(hdr.ipv4_options, ((bit<32>)hdr.ipv4.ihl - 5) << 5);
        transition parse_ipv4_payload;
    }

    state parse_ipv4_payload {
        transition select(hdr.ipv4.frag_offset, hdr.ipv4.protocol) {
            (0, PROTOCOL_TCP):  parse_ports;
            (0, PROTOCOL_UDP):  parse_ports;
            (0, PROTOCOL_ICMP): parse_icmp;
            (0, _):             accept;
            default:            parse_later_fragment;
        }
    }

    state parse_later_fragment {
        meta.flow.starts_flow = false;
        transition accept;
    }

    state parse_ipv6 {
        packet.extract(hdr.ipv6);
        meta.flow.tracked = true;
        meta.flow.starts_flow = true;
        meta.flow.protocol = hdr.ipv6.next_hdr;
        meta.flow.src_addr = hdr.ipv6.src_addr;
        meta.flow.dst_addr = hdr.ipv6.dst_addr;
        transition select(hdr.ipv6.next_hdr) {
            PROTOCOL_TCP:    parse_ports;
            PROTOCOL_UDP:    parse_ports;
            PROTOCOL_ICMPV6: parse_icmpv6;
            default:         accept;
        }
    }

    state parse_ports {
        l4_ports_t ports = packet.lookahead<l4_ports_t>();
        meta.flow.src_port = ports.src_port;
        meta.flow.dst_port = ports.dst_port;
        transition accept;
    }

    state parse_icmp {
        transition select(packet.lookahead<bit<8>>()) {
            0:       parse_icmp_echo;
            8:       parse_icmp_echo;
            3:       parse_icmp_error;   // destination unreachable
            11:      parse_icmp_error;   // time exceeded
            12:      parse_icmp_error;   // parameter problem
            default: accept;
        }
    }

    state parse_icmpv6 {
        transition select(packet.lookahead<bit<8>>()) {
            1 .. 4:     parse_icmpv6_error;
            128 .. 129: parse_icmp_echo;
            130 .. 137: parse_link_local_control;  // multicast listener and neighbour discovery
            143:        parse_link_local_control;  // multicast listener discovery, version 2
            default:    accept;
        }
    }

    state parse_icmp_echo {
        icmp_t icmp = packet.lookahead<icmp_t>();
        meta.flow.src_port = icmp.identifier;
        meta.flow.dst_port = icmp.identifier;
        transition accept;
    }

    state parse_link_local_control {
        meta.flow.tracked = false;
        transition accept;
    }

    // The flow of an ICMP error is that of the packet that it is about (both directions of a flow are one).
    state parse_icmp_error {
        icmp_error_ipv4_t about = packet.lookahead<icmp_error_ipv4_t>();
        meta.flow.starts_flow = false;
        meta.flow.protocol = about.protocol;
        meta.flow.src_addr = 80w0 ++ 16w0xffff ++ about.src_addr;
        meta.flow.dst_addr = 80w0 ++ 16w0xffff ++ about.dst_addr;
        meta.flow.src_port = about.ports.src_port;
        meta.flow.dst_port = about.ports.dst_port;
        transition select(about.protocol) {
            PROTOCOL_TCP:  accept;
            PROTOCOL_UDP:  accept;
            PROTOCOL_ICMP: parse_icmp_error_about_echo;
            default:       parse_icmp_error_about_other;
        }
    }

    state parse_icmp_error_about_echo {
        icmp_error_ipv4_t about = packet.lookahead<icmp_error_ipv4_t>();
        meta.flow.src_port = about.identifier;
        meta.flow.dst_port = about.identifier;
        transition accept;
    }

    state parse_icmpv6_error {
        icmp_error_ipv6_t about = packet.lookahead<icmp_error_ipv6_t>();
        meta.flow.starts_flow = false;
        meta.flow.protocol = about.next_hdr;
        meta.flow.src_addr = about.src_addr;
        meta.flow.dst_addr = about.dst_addr;
        meta.flow.src_port = about.ports.src_port;
        meta.flow.dst_port = about.ports.dst_port;
        transition select(about.next_hdr) {
            PROTOCOL_TCP:    accept;
            PROTOCOL_UDP:    accept;
            PROTOCOL_ICMPV6: parse_icmpv6_error_about_echo;
            default:         parse_icmp_error_about_other;
        }
    }

    state parse_icmpv6_error_about_echo {
        icmp_error_ipv6_t about = packet.lookahead<icmp_error_ipv6_t>();
        meta.flow.src_port = about.identifier;
        meta.flow.dst_port = about.identifier;
        transition accept;
    }

    state parse_icmp_error_about_other {
        meta.flow.src_port = 0;
        meta.flow.dst_port = 0;
        transition accept;
    }
}

control NodeVerifyChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control NodeComputeChecksum(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control NodeDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
        packet.emit(hdr.vlan);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.ipv4_options);
        packet.emit(hdr.ipv6);
    }
}

#endif
