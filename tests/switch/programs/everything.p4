// One of each thing that a control plane can see, for the tests of the P4Runtime server.
#include <core.p4>
#include <v1model.p4>

const bit<9> CPU_PORT = 510;

@controller_header("packet_in")
header packet_in_t {
    bit<9>  ingress_port;
    bit<7>  reason;
}

@controller_header("packet_out")
header packet_out_t {
    bit<9>  egress_port;
    bit<7>  pad;
}

header ethernet_t {
    bit<48> dst_addr;
    bit<48> src_addr;
    bit<16> ether_type;
}

struct headers_t {
    packet_in_t  packet_in;
    packet_out_t packet_out;
    ethernet_t   ethernet;
}

struct learn_t {
    bit<48> src_addr;
    bit<9>  port;
}

struct metadata_t {
    bit<2>  color;
    bit<8>  hop;
    @field_list(1)
    bit<9>  ingress_port;
}

parser EverythingParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                        inout standard_metadata_t std) {
    value_set<bit<16>>(4) special_types;

    state start {
        transition select(std.ingress_port) {
            CPU_PORT: parse_packet_out;
            default: parse_ethernet;
        }
    }
    state parse_packet_out {
        packet.extract(hdr.packet_out);
        transition parse_ethernet;
    }
    state parse_ethernet {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            special_types: special;
            default: accept;
        }
    }
    state special {
        meta.hop = 1;
        transition accept;
    }
}

control EverythingVerify(inout headers_t hdr, inout metadata_t meta) { apply { } }

control EverythingIngress(inout headers_t hdr, inout metadata_t meta,
                          inout standard_metadata_t std) {
    counter(8, CounterType.packets_and_bytes) port_counter;
    meter(4, MeterType.packets) port_meter;
    register<bit<32>>(16) totals;
    register<int<8>>(2) offsets;
    direct_counter(CounterType.packets_and_bytes) dmac_counter;
    direct_counter(CounterType.packets) acl_counter;
    direct_meter<bit<2>>(MeterType.bytes) route_meter;
    action_profile(4) hops;
    @max_group_size(3)
    action_selector(HashAlgorithm.crc16, 8, 16) ways;

    action drop() { mark_to_drop(std); }
    action forward(bit<9> port) { std.egress_spec = port; }
    action flood(bit<16> group) { std.mcast_grp = group; }
    action to_cpu() { std.egress_spec = CPU_PORT; }
    action learn() { digest<learn_t>(1, {hdr.ethernet.src_addr, std.ingress_port}); }
    action mirror(bit<32> session) { clone_preserving_field_list(CloneType.I2E, session, 1); }
    action set_hop(bit<8> hop) { meta.hop = hop; }
    action only_default() { meta.color = 3; }
    action only_entry() { meta.hop = 8; }

    table dmac {
        key = { hdr.ethernet.dst_addr: exact; }
        actions = { forward; flood; to_cpu; drop; }
        default_action = drop();
        counters = dmac_counter;
        size = 4096;
    }

    table smac {
        key = { hdr.ethernet.src_addr: exact; }
        actions = { learn; mirror; NoAction; }
        default_action = learn();
        support_timeout = true;
        size = 8;
    }

    action set_color() { route_meter.read(meta.color); }
    action set_color_hop(bit<8> hop) { route_meter.read(meta.color); meta.hop = hop; }
    table route {
        key = { hdr.ethernet.dst_addr: lpm; }
        actions = { set_color; set_color_hop; }
        meters = route_meter;
        size = 16;
    }

    table acl {
        key = {
            hdr.ethernet.src_addr: ternary @name("src");
            hdr.ethernet.ether_type: range @name("type");
            std.ingress_port: optional @name("port");
            hdr.ethernet.dst_addr: exact @name("dst");
        }
        actions = { drop; set_hop; @defaultonly only_default; @tableonly only_entry; }
        default_action = only_default();
        counters = acl_counter;
        size = 64;
    }

    table fixed {
        key = { hdr.ethernet.ether_type: ternary @name("type"); }
        actions = { set_hop; NoAction; }
        const default_action = NoAction();
        const entries = {
            0x0800 &&& 0xff00: set_hop(2);
            0x86dd: set_hop(3);
            _: NoAction();
        }
    }

    table started {
        key = { hdr.ethernet.ether_type: exact @name("type"); }
        actions = { set_hop; NoAction; }
        default_action = NoAction();
        entries = {
            0x0806: set_hop(4);
        }
        size = 4;
    }

    table keyless {
        actions = { set_hop; NoAction; }
        default_action = set_hop(9);
    }

    table profiled {
        key = { hdr.ethernet.ether_type: exact @name("type"); }
        actions = { set_hop; forward; }
        implementation = hops;
        size = 16;
    }

    table selected {
        key = {
            hdr.ethernet.ether_type: exact @name("type");
            hdr.ethernet.src_addr: selector;
        }
        actions = { set_hop; forward; }
        implementation = ways;
        size = 16;
    }

    apply {
        meta.ingress_port = std.ingress_port;
        if (hdr.packet_out.isValid()) {
            std.egress_spec = hdr.packet_out.egress_port;
            hdr.packet_out.setInvalid();
        } else {
            keyless.apply();
            fixed.apply();
            started.apply();
            smac.apply();
            route.apply();
            profiled.apply();
            selected.apply();
            port_meter.execute_meter<bit<2>>((bit<32>) std.ingress_port & 3, meta.color);
            port_counter.count((bit<32>) std.ingress_port & 7);
            bit<32> total;
            totals.read(total, (bit<32>) std.ingress_port & 15);
            totals.write((bit<32>) std.ingress_port & 15, total + 1);
            int<8> offset;
            offsets.read(offset, 0);
            offsets.write(0, offset - 1);
            dmac.apply();
            acl.apply();
        }
    }
}

control EverythingEgress(inout headers_t hdr, inout metadata_t meta,
                         inout standard_metadata_t std) {
    apply {
        if (std.egress_port == CPU_PORT) {
            hdr.packet_in.setValid();
            hdr.packet_in.ingress_port = meta.ingress_port;
            hdr.packet_in.reason = meta.hop[6:0];
        }
    }
}

control EverythingCompute(inout headers_t hdr, inout metadata_t meta) { apply { } }

control EverythingDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.packet_in);
        packet.emit(hdr.ethernet);
    }
}

V1Switch(EverythingParser(), EverythingVerify(), EverythingIngress(), EverythingEgress(),
         EverythingCompute(), EverythingDeparser()) main;
