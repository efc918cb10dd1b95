"""What hosts' packets tell of hosts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether

from controller.discovery.frames import FrameCodec
from controller.discovery.sightings import Sighting, sighting
from controller.model.parts import Port

MAC = "00:00:00:00:00:0a"


def of(*layers):
    frame = Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff")
    for layer in layers:
        frame /= layer
    return sighting(bytes(frame))


@pytest.mark.parametrize(
    ("layers", "ip", "announced"),
    [
        ([ARP(hwsrc=MAC, psrc="10.0.0.1", pdst="10.0.0.2")], "10.0.0.1", True),
        ([ARP(hwsrc=MAC, psrc="0.0.0.0", pdst="10.0.0.2")], None, True),
        ([ARP(hwsrc="00:00:00:00:00:0b", psrc="10.0.0.1")], None, True),
        ([IP(src="10.0.0.1", dst="10.0.0.2"), UDP()], "10.0.0.1", False),
        ([Dot1Q(vlan=5), IP(src="10.0.0.1", dst="10.0.0.2")], "10.0.0.1", False),
        ([IPv6(src="fd00::1", dst="ff02::1"), ICMPv6ND_NS(tgt="fd00::2")], "fd00::1", True),
        ([IPv6(src="::", dst="ff02::1"), ICMPv6ND_NS(tgt="fd00::2")], None, True),
        ([IP(src="224.0.0.5", dst="10.0.0.2")], None, False),
    ],
)
def test_packets_tell_of_their_sender(layers, ip, announced):
    assert of(*layers) == Sighting(MAC, ip, announced)


def test_a_packet_of_no_network_tells_of_the_mac_address():
    assert sighting(bytes.fromhex("ffffffffffff00000000000a9999") + bytes(46)) == Sighting(
        MAC, None
    )


@pytest.mark.parametrize("source", ["01000000000a", "ffffffffffff", "000000000000"])
def test_an_address_that_no_host_can_have_is_of_no_host(source):
    assert sighting(bytes.fromhex(f"ffffffffffff{source}0800") + bytes(46)) is None


def test_the_controllers_own_frames_are_of_no_host():
    assert sighting(FrameCodec().write(Port("s1", 1), 0, 1.0)) is None
    assert sighting(bytes.fromhex("ffffffffffff02004869746c88b5") + bytes(46)) is None


@given(st.sampled_from([0x0806, 0x0800, 0x86DD, 0x8100]), st.binary(max_size=80))
def test_anything_may_come_in(ethertype, content):
    head = bytes.fromhex("ffffffffffff 00000000000a") + ethertype.to_bytes(2, "big")
    found = sighting(head + content)
    assert found is not None
    assert found.mac == MAC


@given(st.binary(max_size=14))
def test_runts_are_of_no_host(content):
    assert sighting(content[:13]) is None
