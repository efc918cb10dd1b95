"""The frames of a measurement: UDP over IPv4, numbered, and stamped with the time of sending."""

from __future__ import annotations

import struct

INSIDE_MAC = bytes.fromhex("02000000000a")
OUTSIDE_MAC = bytes.fromhex("02000000000b")
FLOWS = 64
MAGIC = 0x48694E63
STAMP = struct.Struct(">IIQ")
"""Magic number, sequence number, CLOCK_REALTIME in nanoseconds."""
STAMP_OFFSET = 14 + 20 + 8
SMALLEST_BYTES = STAMP_OFFSET + STAMP.size


def build(size: int, flow: int) -> bytes:
    """A frame of `size` bytes, from the Ethernet header on, of flow `flow`; not yet stamped."""
    payload = size - STAMP_OFFSET
    udp = struct.pack(">HHHH", 10000 + flow, 20000, 8 + payload, 0)
    addresses = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    fixed = struct.pack(">BBHHHBB", 0x45, 0, 28 + payload, 0, 0, 64, 17)
    checksum = struct.pack(">H", _checksum(fixed + addresses))
    ethernet = OUTSIDE_MAC + INSIDE_MAC + b"\x08\x00"
    return ethernet + fixed + checksum + addresses + udp + bytes(payload)


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
