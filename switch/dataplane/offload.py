"""What the kernel leaves to the hardware, done in software: VLAN tags and checksums.

AF_PACKET strips a VLAN tag and reports it beside the frame: it is put back. A sender in the same
machine (a host at the other end of a veth) leaves TCP and UDP checksums to its interface, which
has none: the kernel says where the checksum is missing, and it is filled in, so that the program
and whoever receives the frame see it as on a wire. Frames that the sender expects to be segmented
(TSO, GSO) are no frames of any wire; they are dropped and counted as too long.
"""

from __future__ import annotations

from struct import Struct

from switch.dataplane.libc import (
    TP_STATUS_CSUMNOTREADY,
    TP_STATUS_VLAN_TPID_VALID,
    TP_STATUS_VLAN_VALID,
    VIRTIO_NET_HDR_F_NEEDS_CSUM,
    ControlMessage,
)
from switch.runtime.hashes import csum16

NEEDS_REPAIR = TP_STATUS_CSUMNOTREADY | TP_STATUS_VLAN_VALID
"""A frame with one of these flags is not as it was on the wire."""

TAG_SIZE = 4
_ADDRESSES_SIZE = 12
_DEFAULT_TPID = 0x8100

_tag = Struct(">HH")
_offload_header = Struct("=BBHHHH")
"""`struct virtio_net_hdr`: flags, GSO type, header length, GSO size, checksum start and offset."""


def complete_checksum(data: bytearray, at: int, length: int, header: bytes) -> bool:
    """Fill in a checksum that the sender left to hardware.

    Returns False for a frame that is still to be segmented.
    """
    flags, gso_type, _, _, start, offset = _offload_header.unpack(header)
    if gso_type:
        return False
    place = at + start + offset
    if flags & VIRTIO_NET_HDR_F_NEEDS_CSUM and place + 2 <= at + length:
        # The field holds the sum over the pseudo-header. UDP sends all ones for a sum of zero.
        checksum = csum16(data[at + start : at + length]) or 0xFFFF
        data[place : place + 2] = checksum.to_bytes(2, "big")
    return True


def restore_tag(data: bytearray, at: int, control: ControlMessage) -> int:
    """Put a VLAN tag back; returns where the frame begins now."""
    start = at - TAG_SIZE
    data[start : start + _ADDRESSES_SIZE] = data[at : at + _ADDRESSES_SIZE]
    has_tpid = control.status & TP_STATUS_VLAN_TPID_VALID
    tpid = control.vlan_tpid if has_tpid else _DEFAULT_TPID
    _tag.pack_into(data, start + _ADDRESSES_SIZE, tpid, control.vlan_tci)
    return start
