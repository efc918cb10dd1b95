"""Packet-in and packet-out as whole frames: the program's header first, then the payload."""

from __future__ import annotations

from finsy.proto import p4i, p4r

from tests.conformance.control.bytestrings import decode, encode
from tests.conformance.control.client import ControlError
from tests.conformance.program import Program, UnknownNameError, find


def packet_out(program: Program, frame: bytes) -> p4r.PacketOut:
    """A packet-out from a frame that begins with the header. Raises `ControlError`."""
    fields = _header(program, "packet_out")
    header_bits = sum(field.bitwidth for field in fields)
    header_bytes, odd_bits = divmod(header_bits, 8)
    if odd_bits or len(frame) < header_bytes:
        raise ControlError(f"a packet-out begins with a header of {header_bits} bits")
    header = decode(frame[:header_bytes])
    metadata = []
    shift = header_bits
    for field in fields:
        shift -= field.bitwidth
        value = header >> shift & ((1 << field.bitwidth) - 1)
        metadata.append(p4r.PacketMetadata(metadata_id=field.id, value=encode(value)))
    return p4r.PacketOut(payload=frame[header_bytes:], metadata=metadata)


def frame_of(program: Program, packet: p4r.PacketIn) -> bytes:
    """The frame that a packet-in stands for."""
    given = {item.metadata_id: decode(item.value) for item in packet.metadata}
    header = bits = 0
    for field in _header(program, "packet_in"):
        header = header << field.bitwidth | given.get(field.id, 0)
        bits += field.bitwidth
    return header.to_bytes((bits + 7) // 8, "big") + packet.payload


def _header(program: Program, name: str) -> list[p4i.ControllerPacketMetadata.Metadata]:
    try:
        return list(
            find("controller header", name, program.p4info.controller_packet_metadata).metadata
        )
    except UnknownNameError:
        return []
