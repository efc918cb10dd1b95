// A stateful firewall. Ports belong to the inside or the outside. Connections opened from the inside are recorded; a packet
// from the outside passes only if its connection is recorded and was seen within the idle time-out. Entries of `acl` come
// before that: `allow` lets a packet pass without a record, `deny` stops it whatever is recorded.
//
// State: one register array per slot, 1,024 buckets of 4 cells. A cell is a fingerprint (31 bits) and the time at which the
// connection was last seen (32 bits, in units of 65,536 microseconds of this node's clock: 8.9 years until it wraps); 0 is
// an empty cell. A new connection takes the cell of its bucket that was seen least recently: an empty one (time 0), an
// expired one, or else the idlest. A stranger gets in only by a collision in 14 bits of place and 31 of fingerprint.
// One array per slot, because BMv2 reads whole arrays only and packets that touch an array wait meanwhile.
//
// Not recorded: ICMP errors and later fragments. An ICMP error passes if the connection that it is about is recorded; later
// fragments from the outside do not pass (they cannot be told apart without reassembly), nor do malformed packets.

#ifndef FIREWALL_P4
#define FIREWALL_P4

#include "headers.p4"

#define FIREWALL_CELLS_PER_SLOT 4096

#define FIREWALL_FOR_EACH_SLOT(WHAT) \
    WHAT(0)  WHAT(1)  WHAT(2)  WHAT(3)  WHAT(4)  WHAT(5)  WHAT(6)  WHAT(7) \
    WHAT(8)  WHAT(9)  WHAT(10) WHAT(11) WHAT(12) WHAT(13) WHAT(14) WHAT(15)

#define FIREWALL_DECLARE(SLOT) \
    @hitless_state[function="firewall", state="connections", merge="newer", first_slot=SLOT, slots=1, \
                   bucket=4, time_lsb=0, time_width=32, time_unit_us=65536] \
    register<bit<63>>(FIREWALL_CELLS_PER_SLOT) connections_##SLOT;

#define FIREWALL_READ_BUCKET(SLOT) \
    SLOT: { \
        connections_##SLOT.read(cell_0, bucket); \
        connections_##SLOT.read(cell_1, bucket + 1); \
        connections_##SLOT.read(cell_2, bucket + 2); \
        connections_##SLOT.read(cell_3, bucket + 3); \
    }

#define FIREWALL_WRITE_CELL(SLOT) \
    SLOT: { connections_##SLOT.write(bucket + way, fingerprint ++ now); }

const bit<2> ZONE_NONE    = 0;
const bit<2> ZONE_INSIDE  = 1;
const bit<2> ZONE_OUTSIDE = 2;

const bit<2> VERDICT_TRACK = 0;
const bit<2> VERDICT_ALLOW = 1;
const bit<2> VERDICT_DENY  = 2;

const bit<32> DEFAULT_IDLE_TIMEOUT = 4578;  // 300 s

control Firewall(inout headers_t hdr, inout metadata_t meta,
                 inout standard_metadata_t standard_metadata) {
    @hitless_control[function="firewall", word="learn"]
    register<bit<16>>(1) learn;

    @hitless_control[function="firewall", word="enforce"]
    register<bit<16>>(1) enforce;

    FIREWALL_FOR_EACH_SLOT(FIREWALL_DECLARE)

    @hitless_load[function="firewall"]
    counter(16, CounterType.packets_and_bytes) handled;

    @hitless_drops[function="firewall"]
    counter(16, CounterType.packets_and_bytes) dropped;

    direct_counter(CounterType.packets_and_bytes) acl_counter;

    bit<2>  port_zone = ZONE_NONE;
    bit<2>  verdict = VERDICT_TRACK;
    bit<32> idle_timeout = DEFAULT_IDLE_TIMEOUT;

    bit<16> learn_word;
    bit<16> enforce_word;
    bool    learning = false;
    bool    enforcing = false;

    bit<32> bucket;
    bit<63> cell_0 = 0;
    bit<63> cell_1 = 0;
    bit<63> cell_2 = 0;
    bit<63> cell_3 = 0;
    bit<31> fingerprint;
    bit<32> now;
    bit<32> way = 0;
    bit<32> last_seen = 0;
    bool    recorded = false;

    action set_inside() {
        port_zone = ZONE_INSIDE;
    }

    action set_outside() {
        port_zone = ZONE_OUTSIDE;
    }

    @hitless_table[function="firewall", scope="node", port="ingress_port"]
    table zone {
        key = { standard_metadata.ingress_port: exact @name("ingress_port"); }
        actions = { set_inside; set_outside; @defaultonly NoAction; }
        const default_action = NoAction;
        size = 512;
    }

    action track() {
        verdict = VERDICT_TRACK;
        acl_counter.count();
    }

    action allow() {
        verdict = VERDICT_ALLOW;
        acl_counter.count();
    }

    action deny() {
        verdict = VERDICT_DENY;
        acl_counter.count();
    }

    @hitless_table[function="firewall", scope="function"]
    table acl {
        key = {
            meta.flow.src_addr:             ternary @name("src_addr");
            meta.flow.dst_addr:             ternary @name("dst_addr");
            meta.flow.protocol:             ternary @name("protocol");
            meta.flow.src_port:             ternary @name("src_port");
            meta.flow.dst_port:             ternary @name("dst_port");
            standard_metadata.ingress_port: ternary @name("ingress_port");
        }
        actions = { track; allow; deny; }
        default_action = track();
        counters = acl_counter;
        size = 1024;
    }

    action set_idle_timeout(bit<32> units) {
        idle_timeout = units;
    }

    @hitless_table[function="firewall", scope="function"]
    table timeout {
        key = {}
        actions = { set_idle_timeout; }
        default_action = set_idle_timeout(DEFAULT_IDLE_TIMEOUT);
    }

    // The control words: read here and nowhere else.
    action read_control_words() {
        learn.read(learn_word, 0);
        enforce.read(enforce_word, 0);
        learning = (learn_word >> meta.flow.slot) & 1 == 1;
        enforcing = (enforce_word >> meta.flow.slot) & 1 == 1;
    }

    action locate() {
        bucket = 20w0 ++ meta.flow.index_hash[27:18] ++ 2w0;
        fingerprint = meta.flow.tag_hash[31:1] | 1;
        now = standard_metadata.ingress_global_timestamp[47:16];
    }

    action found(bit<32> in_way, bit<32> at) {
        recorded = true;
        way = in_way;
        last_seen = at;
    }

    action take_least_recent() {
        bool second = cell_1[31:0] < cell_0[31:0];
        bool fourth = cell_3[31:0] < cell_2[31:0];
        bit<32> first_pair = second ? cell_1[31:0] : cell_0[31:0];
        bit<32> second_pair = fourth ? cell_3[31:0] : cell_2[31:0];
        way = second_pair < first_pair ? (fourth ? 32w3 : 32w2) : (second ? 32w1 : 32w0);
    }

    action drop() {
        mark_to_drop(standard_metadata);
        dropped.count((bit<32>)meta.flow.slot);
    }

    apply {
        read_control_words();
        if (learning || enforcing) {
            zone.apply();
            if (port_zone != ZONE_NONE) {
                handled.count((bit<32>)meta.flow.slot);
                acl.apply();
                if (verdict != VERDICT_DENY && meta.flow.tracked) {
                    timeout.apply();
                    locate();
                    switch (meta.flow.slot) { FIREWALL_FOR_EACH_SLOT(FIREWALL_READ_BUCKET) }
                    if (cell_0[62:32] == fingerprint) { found(0, cell_0[31:0]); }
                    else if (cell_1[62:32] == fingerprint) { found(1, cell_1[31:0]); }
                    else if (cell_2[62:32] == fingerprint) { found(2, cell_2[31:0]); }
                    else if (cell_3[62:32] == fingerprint) { found(3, cell_3[31:0]); }

                    // Signed: a time stamp that came from another node's clock may lie a unit ahead of this one's.
                    bool live = recorded && (int<32>)(now - last_seen) <= (int<32>)idle_timeout;
                    bool opens = port_zone == ZONE_INSIDE && meta.flow.starts_flow;
                    if (opens && !recorded) {
                        take_least_recent();
                    }
                    if (meta.flow.starts_flow && (opens || live) && !(recorded && last_seen == now)) {
                        switch (meta.flow.slot) { FIREWALL_FOR_EACH_SLOT(FIREWALL_WRITE_CELL) }
                    }
                    if (port_zone == ZONE_OUTSIDE && verdict != VERDICT_ALLOW && !live && enforcing) {
                        drop();
                    }
                } else if (enforcing) {
                    if (verdict == VERDICT_DENY || port_zone == ZONE_OUTSIDE) {
                        drop();
                    }
                }
            }
        }
    }
}

#endif
