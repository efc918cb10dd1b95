"""Cuts the large TCP and UDP frames that a host in the same machine sends into frames of a wire.

A sender whose interface promises segmentation (TSO, GSO: every veth does) hands over up to 64 KiB
at once, and the kernel says how long each segment is to be. Without this a host would have to be
told `ethtool -K … tso off gso off` before TCP gets anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, pack

from switch.runtime.hashes import csum16

_header = Struct("=BBHHHH")

NEEDS_CHECKSUM = 1
"""A flag of `struct virtio_net_hdr` (`linux/virtio_net.h`)."""

_ECN = 0x80
_TCP_TYPES = (1, 4)
_UDP_TYPE = 5

TCP, UDP = 6, 17
_FIN, _PSH, _CWR = 0x01, 0x08, 0x80
_VLAN_TYPES = (0x8100, 0x88A8)
_IPV4, _IPV6 = 0x0800, 0x86DD


@dataclass(frozen=True, slots=True)
class Offload:
    """What the sender left to its interface: `struct virtio_net_hdr`."""

    flags: int
    kind: int
    """How to segment; 0: not at all."""
    header_size: int
    segment_size: int
    checksum_start: int
    """Where the TCP or UDP header begins, in bytes."""
    checksum_offset: int

    @classmethod
    def parse(cls, raw: bytes | bytearray) -> Offload:
        """Read the ten bytes that the kernel puts before a frame."""
        return cls(*_header.unpack(raw))


def segments(frame: bytes, offload: Offload) -> Iterator[bytes]:
    """The frames that a large frame stands for; none if it is no TCP or UDP over IP."""
    start, kind = offload.checksum_start, offload.kind & ~_ECN
    is_tcp = kind in _TCP_TYPES
    if not (is_tcp or kind == _UDP_TYPE) or not offload.segment_size:
        return
    network = _network_header(frame)
    if network is None or not network < start <= len(frame) - 8:
        return
    transport_size = (frame[start + 12] >> 4) * 4 if is_tcp else 8
    headers = frame[: start + transport_size]
    payload = frame[start + transport_size :]
    pieces = range(0, len(payload), offload.segment_size)
    for number, first in enumerate(pieces):
        piece = payload[first : first + offload.segment_size]
        transport = bytearray(headers[start:])
        if is_tcp:
            _adjust_tcp(transport, first, is_first=number == 0, is_last=first == pieces[-1])
        else:
            transport[4:6] = pack(">H", transport_size + len(piece))
        below = _adjust_network(headers[network:start], number, transport_size + len(piece))
        _set_checksum(transport, piece, below, is_tcp)
        yield headers[:network] + below + transport + piece


def _network_header(frame: bytes) -> int | None:
    """Where the IP header begins; None if there is none."""
    at = 12
    while frame[at : at + 2] in [pack(">H", tag) for tag in _VLAN_TYPES]:
        at += 4
    ether_type = int.from_bytes(frame[at : at + 2], "big")
    return at + 2 if ether_type in (_IPV4, _IPV6) else None


def _adjust_tcp(header: bytearray, passed: int, is_first: bool, is_last: bool) -> None:
    """Sequence number and flags of one segment."""
    sequence = int.from_bytes(header[4:8], "big") + passed
    header[4:8] = pack(">I", sequence & 0xFFFFFFFF)
    if not is_first:
        header[13] &= ~_CWR
    if not is_last:
        header[13] &= ~(_FIN | _PSH)


def _adjust_network(header: bytes, number: int, size: int) -> bytes:
    """Length, identification and checksum of one segment's IP header."""
    if header[0] >> 4 == 6:
        return header[:4] + pack(">H", len(header) - 40 + size) + header[6:]
    identification = int.from_bytes(header[4:6], "big") + number & 0xFFFF
    lengths = pack(">HH", len(header) + size, identification)
    without = header[:2] + lengths + header[6:10] + b"\0\0" + header[12:]
    return without[:10] + pack(">H", csum16(without)) + without[12:]


def _set_checksum(transport: bytearray, payload: bytes, network: bytes, is_tcp: bool) -> None:
    offset = 16 if is_tcp else 6
    transport[offset : offset + 2] = b"\0\0"
    addresses = network[8:40] if network[0] >> 4 == 6 else network[12:20]
    pseudo = addresses + pack(">II", TCP if is_tcp else UDP, len(transport) + len(payload))
    checksum = csum16(pseudo + bytes(transport) + payload) or 0xFFFF
    transport[offset : offset + 2] = pack(">H", checksum)
