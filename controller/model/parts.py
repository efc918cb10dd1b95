"""What a network's description is made of: programs, nodes, ports, links, hosts, entries.

Frozen dataclasses without behaviour beyond their own text form; ``network`` reads and checks
them, everything else only looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from controller.southbound.driver import DriverOptions, NodeAddress


class Port(NamedTuple):
    """One port of one node; its text form is ``s1:2``.

    A tuple, as a link is, because large networks keep many of them in sets and as keys.
    """

    node: str
    number: int

    def __str__(self) -> str:
        return f"{self.node}:{self.number}"


@dataclass(frozen=True)
class ProgramFiles:
    """Where a compiled program lies."""

    name: str
    json: Path
    "BMv2 JSON."
    p4info: Path
    "P4Info in protobuf's text form."


@dataclass(frozen=True)
class NodeDescription:
    """One forwarding node."""

    name: str
    device_id: int
    "P4Runtime device id."
    grpc: str
    "``host:port`` of its P4Runtime server."
    driver: Literal["p4runtime", "bmv2"]
    thrift: str | None
    "``host:port`` of its Thrift server, where the driver is ``bmv2``."
    program: str
    "The program that it is started with; migrations may change it later."
    ports: tuple[int, ...]

    def address(self, options: DriverOptions | None = None) -> NodeAddress:
        """Return what the southbound needs to reach this node."""
        return NodeAddress(
            name=self.name,
            device_id=self.device_id,
            grpc=self.grpc,
            driver=self.driver,
            thrift=self.thrift,
            options=options or DriverOptions(),
        )


class Link(NamedTuple):
    """A cable between two ports; it has no direction."""

    a: Port
    b: Port


@dataclass(frozen=True)
class Host:
    """An end host and where it is attached."""

    name: str
    attached: Port
    mac: str
    ip: tuple[str, ...]
    zone: str | None = None
    "``inside``, ``outside``, or another word: policies name pairs of zones."


@dataclass(frozen=True)
class Entry:
    """A table entry as a person writes it; ``controller.state.entries`` makes P4Runtime of it."""

    table: str
    "Full name or alias in the P4Info."
    match: Mapping[str, Any]
    "Match field to value, in finsy's forms (``10.0.0.0/24``, ``0x800/&0xff00``); omitted: any."
    action: str
    params: Mapping[str, Any]
    priority: int = 0
    "Higher wins; needed, and allowed, only where the table has ternary, range or optional keys."
    default: bool = False
    "The table's default action rather than an entry; always so in a table without keys."
    at: str = ""
    "Where it stands in the file, for error texts."
