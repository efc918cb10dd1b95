"""Packet-in and packet-out: the controller headers of a program, packed and unpacked.

P4Info's `controller_packet_metadata` lists the fields of the headers that the program puts before
a frame to the CPU port and expects before one from it (specification 1.4, "Packet I/O"). The
header is as long as its fields together, rounded up to a byte, as in PI. Where a program declares
no such header, frames are passed on as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from finsy.proto import p4i, p4r

from switch.p4runtime.bytestrings import decode, encode
from switch.p4runtime.status import invalid_argument

MAX_FRAME_BYTES = 65535


@dataclass(frozen=True)
class HeaderField:
    """One field of a controller header."""

    metadata_id: int
    name: str
    width: int
    shift: int
    """How far its lowest bit is from the end of the header."""


class ControllerHeader:
    """The header of packet-ins or of packet-outs."""

    def __init__(self, info: p4i.ControllerPacketMetadata) -> None:
        width = sum(metadata.bitwidth for metadata in info.metadata)
        self.length = (width + 7) // 8
        """In bytes."""
        self.fields: list[HeaderField] = []
        shift = self.length * 8
        for metadata in info.metadata:
            shift -= metadata.bitwidth
            self.fields.append(HeaderField(metadata.id, metadata.name, metadata.bitwidth, shift))
        self._by_id = {field.metadata_id: field for field in self.fields}

    def unpack(self, frame: bytes) -> p4r.PacketIn | None:
        """The packet-in of a frame from the CPU port; None if it is shorter than the header."""
        if len(frame) < self.length:
            return None
        header = int.from_bytes(frame[: self.length], "big")
        packet = p4r.PacketIn(payload=frame[self.length :])
        for field in self.fields:
            value = (header >> field.shift) & ((1 << field.width) - 1)
            packet.metadata.add(metadata_id=field.metadata_id, value=encode(value))
        return packet

    def pack(self, packet: p4r.PacketOut) -> bytes:
        """The frame of a packet-out; raises INVALID_ARGUMENT unless each field is given once."""
        values: dict[int, int] = {}
        for metadata in packet.metadata:
            field = self._by_id.get(metadata.metadata_id)
            if field is None:
                raise invalid_argument(f"there is no packet-out metadata {metadata.metadata_id}")
            if field.metadata_id in values:
                raise invalid_argument(f"packet-out metadata {field.name!r} is given twice")
            values[field.metadata_id] = decode(
                metadata.value, field.width, f"packet-out metadata {field.name!r}"
            )
        header = 0
        for field in self.fields:
            if field.metadata_id not in values:
                raise invalid_argument(f"packet-out metadata {field.name!r} is missing")
            header |= values[field.metadata_id] << field.shift
        return header.to_bytes(self.length, "big") + _checked_payload(packet)


class PacketIO:
    """Both headers of a program."""

    def __init__(self, p4info: p4i.P4Info) -> None:
        headers = {
            info.preamble.name: ControllerHeader(info) for info in p4info.controller_packet_metadata
        }
        self._packet_in = headers.get("packet_in")
        self._packet_out = headers.get("packet_out")

    def packet_in(self, frame: bytes) -> p4r.PacketIn | None:
        """The packet-in of a frame from the CPU port; None if its header is cut off."""
        if self._packet_in is None:
            return p4r.PacketIn(payload=frame)
        return self._packet_in.unpack(frame)

    def packet_out(self, packet: p4r.PacketOut) -> bytes:
        """The frame to put in at the CPU port; raises INVALID_ARGUMENT."""
        if self._packet_out is not None:
            return self._packet_out.pack(packet)
        if packet.metadata:
            raise invalid_argument("the program has no packet-out header, so no metadata either")
        return _checked_payload(packet)


def _checked_payload(packet: p4r.PacketOut) -> bytes:
    if len(packet.payload) > MAX_FRAME_BYTES:
        raise invalid_argument(f"a payload of {len(packet.payload)} bytes is no frame")
    return packet.payload
