// Headers of the node programs, the per-packet metadata, and the headers that the controller's packets carry.

#ifndef HEADERS_P4
#define HEADERS_P4

#define CPU_PORT 510

const bit<16> ETHERTYPE_IPV4 = 0x0800;
const bit<16> ETHERTYPE_ARP  = 0x0806;
const bit<16> ETHERTYPE_IPV6 = 0x86dd;
const bit<16> ETHERTYPE_VLAN = 0x8100;
const bit<16> ETHERTYPE_QINQ = 0x88a8;

// Frames of the controller's own between two nodes (IEEE 802 local experimental): a node hands each to its controller. One that
// left a node behind other packets arrives behind them, which tells the controller that they have arrived.
const bit<16> ETHERTYPE_PROBE = 0x88b5;

const bit<8> PROTOCOL_ICMP   = 1;
const bit<8> PROTOCOL_TCP    = 6;
const bit<8> PROTOCOL_UDP    = 17;
const bit<8> PROTOCOL_ICMPV6 = 58;

// The clone session by which packets are copied to the controller.
const bit<32> COPY_SESSION = 1;

// The list of fields that such a copy keeps.
#define COPIED 1

// How a packet-out is to be treated.
const bit<8> OUT_TO_PORT  = 0;  // leaves at egress_port
const bit<8> OUT_FLOOD    = 1;  // leaves at all ports
const bit<8> OUT_PIPELINE = 2;  // runs through the pipeline as if it had come in at egress_port
const bit<8> OUT_ECHO     = 3;  // comes straight back as a packet-in: tells the controller this node's clock

// Why a packet-in was sent.
const bit<8> IN_PUNTED  = 0;  // an entry of the table `punt`
const bit<8> IN_ECHO    = 1;  // the answer to a packet-out with mode OUT_ECHO
const bit<8> IN_PROBE   = 2;  // a probe that another node sent
const bit<8> IN_FLOODED = 3;  // a copy of a packet that is flooded, where the multicast group has the controller's port
const bit<8> IN_HOST    = 4;  // a copy that tells where a host is (hosts.p4)

// v1model: standard_metadata.instance_type of a copy that ingress made.
const bit<32> INGRESS_CLONE = 1;

@controller_header("packet_in")
header packet_in_t {
    bit<16> ingress_port;
    bit<48> timestamp;  // ingress_global_timestamp of this node, in microseconds
    bit<8>  reason;
}

@controller_header("packet_out")
header packet_out_t {
    bit<16> egress_port;
    bit<8>  mode;
}

header ethernet_t {
    bit<48> dst_addr;
    bit<48> src_addr;
    bit<16> ether_type;
}

header vlan_t {
    bit<3>  pcp;
    bit<1>  dei;
    bit<12> vid;
    bit<16> ether_type;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<8>  diffserv;
    bit<16> total_len;
    bit<16> identification;
    bit<3>  flags;
    bit<13> frag_offset;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> hdr_checksum;
    bit<32> src_addr;
    bit<32> dst_addr;
}

header ipv4_options_t {
    varbit<320> options;
}

header ipv6_t {
    bit<4>   version;
    bit<8>   traffic_class;
    bit<20>  flow_label;
    bit<16>  payload_len;
    bit<8>   next_hdr;
    bit<8>   hop_limit;
    bit<128> src_addr;
    bit<128> dst_addr;
}

// What the parser looks ahead at and never extracts: no program changes a byte behind the network header.

struct l4_ports_t {
    bit<16> src_port;
    bit<16> dst_port;
}

struct icmp_t {
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
    bit<16> identifier;  // of an echo request or reply
}

// An ICMP error carries the packet that it is about: its network header and at least 8 bytes behind that.
struct icmp_error_ipv4_t {
    bit<64>    icmp;
    bit<4>     version;
    bit<4>     ihl;
    bit<64>    to_ttl;
    bit<8>     protocol;
    bit<16>    hdr_checksum;
    bit<32>    src_addr;
    bit<32>    dst_addr;
    l4_ports_t ports;
    bit<16>    identifier;
}

struct icmp_error_ipv6_t {
    bit<64>    icmp;
    bit<48>    to_payload_len;
    bit<8>     next_hdr;
    bit<8>     hop_limit;
    bit<128>   src_addr;
    bit<128>   dst_addr;
    l4_ports_t ports;
    bit<16>    identifier;
}

struct headers_t {
    packet_in_t    packet_in;
    packet_out_t   packet_out;
    ethernet_t     ethernet;
    vlan_t[2]      vlan;
    ipv4_t         ipv4;
    ipv4_options_t ipv4_options;
    ipv6_t         ipv6;
}

// The flow that a packet belongs to, and the slot that the flow belongs to (see flow.p4).
struct flow_t {
    bool     tracked;       // an IP packet whose flow is known
    bool     starts_flow;   // may be the first of its flow: neither an ICMP error nor a later fragment
    bit<8>   protocol;
    bit<16>  src_port;      // the identifier for ICMP echo, 0 where there is none
    bit<16>  dst_port;
    bit<128> src_addr;      // IPv4 as ::ffff:a.b.c.d
    bit<128> dst_addr;
    bit<4>   slot;
    bit<32>  index_hash;    // same for both directions; the slot is its top four bits
    bit<32>  tag_hash;      // a second one, independent of the first
}

struct metadata_t {
    flow_t flow;
    bit<8> packet_in_reason;
    @field_list(COPIED)
    bit<9> copied_at;  // the port at which the packet came in that this is a copy of
}

#endif
