"""LLDP frames: well-formed for everybody, believed only when this process wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from os_ken.lib.packet import ethernet, lldp, packet

from controller.discovery.frames import FrameCodec, Heard, is_lldp
from controller.model.parts import Port

PORT = Port("spine-1", 12)


def frame(codec=None, port=PORT, sent_ns=123):
    return (codec or FrameCodec(bytes(32))).write(port, sent_ns, 0.75)


def test_what_was_written_is_read():
    assert FrameCodec(bytes(32)).read(frame()) == Heard(PORT, 123)


def test_padding_behind_the_frame_does_not_matter():
    assert FrameCodec(bytes(32)).read(frame() + bytes(20)) == Heard(PORT, 123)


def test_other_software_can_read_it():
    headers = packet.Packet(frame()).protocols
    assert isinstance(headers[0], ethernet.ethernet)
    assert headers[0].dst == lldp.LLDP_MAC_NEAREST_BRIDGE
    kinds = {type(tlv): tlv for tlv in headers[1].tlvs}
    assert kinds[lldp.SystemName].system_name == b"spine-1"
    assert kinds[lldp.PortID].port_id == b"12"
    assert kinds[lldp.TTL].ttl == 1


def test_a_frame_of_another_process_is_not_believed():
    assert FrameCodec().read(frame(FrameCodec())) is None


@pytest.mark.parametrize("at", range(14, 77))
def test_a_frame_that_was_changed_anywhere_is_not_believed(at):
    wrong = bytearray(frame(port=Port("s1", 2)))
    wrong[at] ^= 1
    assert FrameCodec(bytes(32)).read(bytes(wrong)) is None


@given(st.binary(max_size=200))
def test_anything_may_come_in(content):
    codec = FrameCodec(bytes(32))
    assert codec.read(content) is None
    assert codec.read(frame()[:14] + content) is None


@given(st.integers(min_value=0, max_value=100))
def test_a_frame_that_is_cut_short_is_not_believed(length):
    whole = frame(port=Port("s1", 2))
    assert FrameCodec(bytes(32)).read(whole[: min(length, len(whole) - 1)]) is None


def test_lldp_of_others_is_told_from_all_else():
    other = packet.Packet()
    other.add_protocol(ethernet.ethernet(ethertype=0x88CC))
    other.serialize()
    assert is_lldp(bytes(other.data))
    assert not is_lldp(b"\xff" * 60)
