"""The LLDP frames by which links are found (IEEE 802.1AB).

A frame says which port of which node it leaves at. Behind the mandatory TLVs there is one of our
own with the time of sending and an HMAC over all before it, with a key of this process alone: so a
host can neither make a link up nor replay an old frame. (It can relay frames between two of its
ports as they come; it is a cable then.)

os-ken's packet library writes the mandatory part. Reading is done here: what comes in may be
anything, and only what the HMAC vouches for is taken apart.
"""

from __future__ import annotations

import hmac
import math
import os
import struct
from dataclasses import dataclass

from os_ken.lib.packet import lldp

from controller.model.parts import Port
from controller.southbound.controller_header import OWN_SOURCE

ETHERTYPE = 0x88CC

_HEADER = bytes.fromhex("0180c200000e") + OWN_SOURCE + ETHERTYPE.to_bytes(2, "big")
_KEY_BYTES = 32
_OWN = struct.Struct("!HIQ32s")  # type and length, OUI and subtype, time of sending, HMAC
_OWN_TYPE_LENGTH = 127 << 9 | _OWN.size - 2
_OWN_IDENTITY = 0x02486C01  # a locally administered OUI, subtype 1
_END = b"\0\0"
_TRAILER_BYTES = _OWN.size + len(_END)
_LOCALLY_ASSIGNED = 7  # subtype of chassis and port ids


@dataclass(frozen=True)
class Heard:
    """What a frame says."""

    source: Port
    sent_ns: int
    "``time.monotonic_ns`` of this process."


class FrameCodec:
    """Writes frames, and reads those that it wrote."""

    def __init__(self, key: bytes | None = None) -> None:
        """Take a key, or make one."""
        self._key = key or os.urandom(_KEY_BYTES)
        self._prefixes: dict[Port, bytes] = {}

    def write(self, source: Port, sent_ns: int, ttl_s: float) -> bytes:
        """Return the frame that leaves at a port.

        Args:
            source: The port; number 0 is the node itself.
            sent_ns: ``time.monotonic_ns`` now.
            ttl_s: After so long the frame says nothing any more.
        """
        prefix = self._prefixes.get(source)
        if prefix is None:
            prefix = self._prefixes[source] = _prefix(source, math.ceil(ttl_s))
        own = struct.pack("!HIQ", _OWN_TYPE_LENGTH, _OWN_IDENTITY, sent_ns)
        return prefix + own + self._sign(prefix + own) + _END

    def read(self, frame: bytes) -> Heard | None:
        """Return what a frame says; None if this codec did not write it."""
        end = _end_of(frame)
        if end is None:
            return None
        signed, digest = frame[: end - 34], frame[end - 34 : end - 2]
        if not hmac.compare_digest(self._sign(signed), digest):
            return None
        return Heard(_source(signed), struct.unpack("!Q", signed[-8:])[0])

    def forget(self, node: str) -> None:
        """Drop what is kept for a node that is gone."""
        for port in [port for port in self._prefixes if port.node == node]:
            del self._prefixes[port]

    def _sign(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")


def is_lldp(frame: bytes) -> bool:
    """Tell whether a frame is LLDP, whoever wrote it."""
    return frame[12:14] == _HEADER[12:14]


def _prefix(source: Port, ttl_s: int) -> bytes:
    """Return a frame up to our own TLV."""
    mandatory = (
        lldp.ChassisID(subtype=_LOCALLY_ASSIGNED, chassis_id=source.node.encode()),
        lldp.PortID(subtype=_LOCALLY_ASSIGNED, port_id=str(source.number).encode()),
        lldp.TTL(ttl=max(1, ttl_s)),
        lldp.SystemName(system_name=source.node.encode()),
        lldp.End(),
    )
    return _HEADER + bytes(lldp.lldp(mandatory).serialize(None, None))[: -len(_END)]


def _end_of(frame: bytes) -> int | None:
    """Return where a frame ends (nodes may have padded it); None if it is none of ours."""
    if not frame.startswith(_HEADER):
        return None
    at = len(_HEADER)
    while at + 2 <= len(frame):
        type_length = int.from_bytes(frame[at : at + 2], "big")
        if type_length == _OWN_TYPE_LENGTH:
            identity = int.from_bytes(frame[at + 2 : at + 6], "big")
            whole = identity == _OWN_IDENTITY and at + _TRAILER_BYTES <= len(frame)
            return at + _TRAILER_BYTES if whole else None
        at += 2 + (type_length & 0x1FF)
    return None


def _source(signed: bytes) -> Port:
    """Read chassis and port id of a frame that we wrote."""
    ids = []
    at = len(_HEADER)
    for _ in range(2):
        length = int.from_bytes(signed[at : at + 2], "big") & 0x1FF
        ids.append(signed[at + 3 : at + 2 + length].decode())
        at += 2 + length
    return Port(ids[0], int(ids[1]))
