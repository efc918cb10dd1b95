// Registers of 1, 13, 63, 64 and 200 bits: read, changed and written by packets and by the controller.
#include "include/ethernet.p4"

header value_t {
    bit<200> value;
}

struct headers {
    ethernet_t ethernet;
    value_t value;
}

struct metadata { }

#include "include/idle.p4"

parser TestParser(PARSER_PARAMETERS) {
    state start {
        packet.extract(hdr.ethernet);
        packet.extract(hdr.value);
        transition accept;
    }
}

control TestIngress(CONTROL_PARAMETERS) {
    register<bit<1>>(4) one;
    register<bit<13>>(4) thirteen;
    register<bit<63>>(4) sixty_three;
    register<bit<64>>(4) sixty_four;
    register<bit<200>>(4) two_hundred;
    register<int<8>>(4) signed;

    apply {
        bit<32> index = hdr.ethernet.src[31:0];
        bit<1> first;
        bit<13> second;
        bit<63> third;
        bit<64> fourth;
        bit<200> fifth;
        int<8> sixth;
        standard.egress_spec = 1;
        if (hdr.ethernet.type == 1) {
            one.read(first, index);
            one.write(index, first + 1);
            hdr.value.value = (bit<200>)first;
        } else if (hdr.ethernet.type == 2) {
            thirteen.read(second, index);
            thirteen.write(index, second + hdr.value.value[12:0]);
            hdr.value.value = (bit<200>)second;
        } else if (hdr.ethernet.type == 3) {
            sixty_three.read(third, index);
            sixty_three.write(index, hdr.value.value[62:0]);
            hdr.value.value = (bit<200>)third;
        } else if (hdr.ethernet.type == 4) {
            sixty_four.read(fourth, index);
            sixty_four.write(index, hdr.value.value[63:0]);
            hdr.value.value = (bit<200>)fourth;
        } else if (hdr.ethernet.type == 5) {
            two_hundred.read(fifth, index);
            two_hundred.write(index, hdr.value.value);
            hdr.value.value = fifth;
        } else {
            signed.read(sixth, index);
            signed.write(index, sixth - 100);
            hdr.value.value = (bit<200>)(bit<8>)sixth;
        }
    }
}

control TestDeparser(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(TestParser(), NoVerify(), TestIngress(), NoEgress(), NoUpdate(), TestDeparser()) main;
