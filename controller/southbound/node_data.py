"""What passes between a driver and those who use it; part of the interface in ``driver``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class CounterCell(NamedTuple):
    """One cell of a counter array; the part that the counter does not count is 0."""

    packets: int
    bytes: int


class Replica(NamedTuple):
    """One copy that a multicast group or clone session makes."""

    port: int
    instance: int = 0
    "Distinguishes copies to the same port; the program sees it as ``egress_rid``."


@dataclass(frozen=True)
class CloneSession:
    """Where clones of a session go."""

    replicas: frozenset[Replica]
    class_of_service: int = 0
    packet_length_bytes: int = 0
    "Clones are cut to this length; 0: not cut."


@dataclass(frozen=True)
class ClockReading:
    """What a node's clock showed, and when."""

    node_us: int
    "The node's ingress time stamp, microseconds since an origin of its own."
    host_ns: int
    "This host's ``time.monotonic_ns`` at that moment, to within ``error_us``."
    error_us: int
    "Largest possible distance of the two moments: half of the echo's round trip."

    def at(self, host_ns: int) -> int:
        """Return what the node's clock shows at another moment of the host, in microseconds."""
        return self.node_us + (host_ns - self.host_ns) // 1000


@dataclass(frozen=True)
class PacketIn:
    """A packet that a node sent to its controller."""

    payload: bytes
    metadata: Mapping[str, int]
    "Fields of the program's packet-in header, by name."
    received_ns: int
    "``time.monotonic_ns`` when it arrived here."


def replicas_of(ports: Sequence[int]) -> frozenset[Replica]:
    """Return one replica for each port: a plain broadcast group."""
    return frozenset(Replica(port) for port in ports)
