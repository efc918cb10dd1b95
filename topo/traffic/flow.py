"""What a measured flow is: its end points, its rate, and the bytes of its packets.

A packet's payload starts with a header of 24 bytes: a magic word, the experiment's token (so that
packets of an earlier run are never counted), the sequence number, and the time of sending in
nanoseconds of CLOCK_REALTIME, which is the clock of the receiver's kernel time stamps: both ends
run on one machine. The rest is zeros up to the flow's payload size. A flow may need to be opened:
its receiver sends an opener first, from its own port, so that the measured packets are replies to a
connection from the inside.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from topo.traffic.ramp import Ramp

MAGIC = b"HtLs"
HEADER = struct.Struct("!4sIQQ")
OPENER_SEQUENCE = 2**64 - 1

Address = tuple[str, int]


@dataclass(frozen=True)
class Flow:
    """One UDP flow from `sender` to `receiver` (address, port); its rate follows `ramp`."""

    name: str
    sender: Address
    receiver: Address
    rate_pps: int
    opened_by_receiver: bool = False
    payload_bytes: int = 64
    ramp: Ramp = field(default_factory=Ramp)

    def __post_init__(self) -> None:
        """Refuse what no generator could send."""
        if self.rate_pps < 1:
            raise ValueError(f"{self.name}: rate_pps must be at least 1, not {self.rate_pps}")
        if not HEADER.size <= self.payload_bytes <= 1472:
            raise ValueError(
                f"{self.name}: payload_bytes must be {HEADER.size} to 1472, "
                f"not {self.payload_bytes}"
            )

    def due_ns(self, sequence: int) -> int:
        """Return when packet `sequence` is due, in ns after the flow's start, without drift."""
        if self.ramp.constant:
            return sequence * 1_000_000_000 // self.rate_pps
        return int(self.ramp.seconds_until(sequence / self.rate_pps) * 1e9)

    def opener(self, token: int) -> bytes:
        """Return the payload with which the receiver opens the connection."""
        return HEADER.pack(MAGIC, token, OPENER_SEQUENCE, 0)


@dataclass(frozen=True)
class Experiment:
    """Flows that are sent and received together; `token` tells their packets from all others."""

    token: int
    flows: tuple[Flow, ...]

    def __post_init__(self) -> None:
        """Refuse flows that the accounts could not tell apart."""
        names = [flow.name for flow in self.flows]
        if len(set(names)) != len(names):
            raise ValueError(f"flow names are not unique: {', '.join(names)}")
        ports = [flow.receiver for flow in self.flows]
        if len(set(ports)) != len(ports):
            raise ValueError("two flows share a receiving address and port")

    def write(self, path: Path) -> None:
        """Write the experiment as JSON, for the two processes that play it."""
        path.write_text(json.dumps({"token": self.token, "flows": [asdict(f) for f in self.flows]}))

    @classmethod
    def read(cls, path: Path) -> Experiment:
        """Read what `write` wrote."""
        document = json.loads(path.read_text())
        return cls(document["token"], tuple(_flow(item) for item in document["flows"]))


def _flow(document: Mapping[str, Any]) -> Flow:
    addresses = {end: _address(document[end]) for end in ("sender", "receiver")}
    points = tuple((at_s, factor) for at_s, factor in document["ramp"]["points"])
    return Flow(**{**document, **addresses, "ramp": Ramp(points)})


def _address(value: Sequence[Any]) -> Address:
    host, port = value
    return host, port
