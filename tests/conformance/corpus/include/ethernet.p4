// v1model, Ethernet, and the parameters that every parser and control of v1model has.
#include <core.p4>
#include <v1model.p4>

#define PARSER_PARAMETERS \
    packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata_t standard
#define CONTROL_PARAMETERS \
    inout headers hdr, inout metadata meta, inout standard_metadata_t standard

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}
