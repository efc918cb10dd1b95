// From a packet's flow to its slot. A slot is a flow's share of every function, and of the paths where there are several:
// slot = hash(flow) mod 16, the same for both directions, so that state recorded by one direction is found by the other.
//
// Functions tell the flows of a slot apart by a second hash. CRC-32 is linear, so a second CRC over the same bytes would say
// nothing new. It takes the fields in another order: two flows collide in both only if their differences cancel under two
// different sets of weights.

#ifndef FLOW_P4
#define FLOW_P4

#include "headers.p4"

// For IP packets; all others belong to no flow and have slot 0. Malformed packets belong to none either, but have the slot
// that comes of what could be read of them: every node reads the same.
control FindSlot(inout flow_t flow) {
    bit<128> low_addr;
    bit<128> high_addr;
    bit<16>  low_port;
    bit<16>  high_port;

    apply {
        if (flow.src_addr < flow.dst_addr
            || (flow.src_addr == flow.dst_addr && flow.src_port < flow.dst_port)) {
            low_addr = flow.src_addr;
            high_addr = flow.dst_addr;
            low_port = flow.src_port;
            high_port = flow.dst_port;
        } else {
            low_addr = flow.dst_addr;
            high_addr = flow.src_addr;
            low_port = flow.dst_port;
            high_port = flow.src_port;
        }
        hash(flow.index_hash, HashAlgorithm.crc32, 32w0,
             { low_addr, high_addr, flow.protocol, low_port, high_port }, 64w0x100000000);
#ifdef WITH_FUNCTIONS
        hash(flow.tag_hash, HashAlgorithm.crc32, 32w0,
             { high_port, low_addr, low_port, flow.protocol, high_addr }, 64w0x100000000);
#endif
        flow.slot = flow.index_hash[31:28];
    }
}

#endif
