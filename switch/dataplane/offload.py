"""What the kernel leaves to the hardware, done in software: VLAN tags and checksums.

AF_PACKET strips a VLAN tag and reports it beside the frame: it is put back. A sender in the same
machine (a host at the other end of a veth) leaves TCP and UDP checksums to its interface, which
has none: the kernel says where the checksum is missing, and it is filled in, so that the program
and whoever receives the frame see it as on a wire.
"""

from __future__ import annotations

from struct import Struct

from switch.dataplane.libc import (
    TP_STATUS_CSUMNOTREADY,
    TP_STATUS_VLAN_TPID_VALID,
    TP_STATUS_VLAN_VALID,
    ControlMessage,
)
from switch.dataplane.segmentation import NEEDS_CHECKSUM, Offload
from switch.runtime.hashes import csum16

NEEDS_REPAIR = TP_STATUS_CSUMNOTREADY | TP_STATUS_VLAN_VALID
"""A frame with one of these flags is not as it was on the wire."""

TAG_SIZE = 4
ADDRESSES_SIZE = 12
_DEFAULT_TPID = 0x8100

_tag = Struct(">HH")


def complete_checksum(data: bytearray, at: int, length: int, offload: Offload) -> None:
    """Fill in a checksum that the sender left to its interface."""
    start = at + offload.checksum_start
    place = start + offload.checksum_offset
    if offload.flags & NEEDS_CHECKSUM and place + 2 <= at + length:
        # The field holds the sum over the pseudo-header. UDP sends all ones for a sum of zero.
        checksum = csum16(data[start : at + length]) or 0xFFFF
        data[place : place + 2] = checksum.to_bytes(2, "big")


def restore_tag(data: bytearray, at: int, control: ControlMessage) -> int:
    """Put a VLAN tag back; returns where the frame begins now."""
    start = at - TAG_SIZE
    data[start : start + ADDRESSES_SIZE] = data[at : at + ADDRESSES_SIZE]
    data[start + ADDRESSES_SIZE : at + ADDRESSES_SIZE] = tag_of(control)
    return start


def tag_of(control: ControlMessage) -> bytes:
    """The four bytes of the VLAN tag that the kernel reports."""
    has_tpid = control.status & TP_STATUS_VLAN_TPID_VALID
    return _tag.pack(control.vlan_tpid if has_tpid else _DEFAULT_TPID, control.vlan_tci)
