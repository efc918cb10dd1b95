"""What nodes hold for discovery: table entries and a clone session; p4/include has the tables.

``punt`` hands LLDP frames to the controller. ``edge`` has the ports at which hosts are learned,
``host`` the hosts that are known there: packets of others are copied to the controller by the
clone session. A node whose program lacks a table does without: without ``punt``, or the fields of
the controller headers that are needed, it takes no part in the discovery of links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from finsy.p4schema import P4Schema

from controller.discovery.frames import ETHERTYPE
from controller.model.parts import Entry
from controller.southbound.controller_header import COPY_SESSION, CPU_PORT
from controller.southbound.driver import CloneSession, NodeDriver, Replica
from controller.southbound.program import Program

PUNT, EDGE, HOST = "punt", "edge", "host"

_NEEDED = {"packet_in": {"ingress_port", "reason"}, "packet_out": {"egress_port", "mode"}}


def punt_entries(programs: Iterable[Program]) -> tuple[Entry, ...]:
    """Return the entries that each node shall have; none if no program has the table."""
    if not any(program.schema.tables.get(PUNT) for program in programs):
        return ()
    at = "discovery"
    return (Entry(PUNT, {"ether_type": ETHERTYPE}, "to_controller", {}, at=at),)


def takes_part(schema: P4Schema) -> bool:
    """Tell whether links can be discovered at a node that runs a program."""
    headers = schema.controller_packet_metadata
    return _has_table(schema, PUNT, {"ether_type"}) and all(
        (found := headers.get(name)) is not None and needed <= {f.name for f in found.metadata}
        for name, needed in _NEEDED.items()
    )


def learns_hosts(schema: P4Schema) -> bool:
    """Tell whether hosts can be learned at a node that runs a program."""
    return _has_table(schema, EDGE, {"ingress_port"}) and _has_table(
        schema, HOST, {"ingress_port", "src_addr"}
    )


def _has_table(schema: P4Schema, name: str, keys: set[str]) -> bool:
    """Tell whether a program has a table: its name could be somebody else's, so its keys count."""
    table = schema.tables.get(name)
    return table is not None and {match.name for match in table.match_fields} == keys


@dataclass(frozen=True)
class Learning:
    """What the tables of one node hold."""

    edge: frozenset[int] = frozenset()
    "Ports at which hosts are learned."
    hosts: frozenset[tuple[int, str]] = frozenset()
    "Port and MAC address of each host that is known."


@dataclass(frozen=True)
class Wanted:
    """What the tables of one node shall hold."""

    learning: Learning
    told: frozenset[int]
    "The ports of which it is known what they face; what is held for others stays as it is."


def read_learning(driver: NodeDriver) -> Learning:
    """Read what a node holds. Raises ``NodeError``."""
    edge, hosts = set(), set()
    for entry in driver.read([P4TableEntry(EDGE), P4TableEntry(HOST)]):
        if not isinstance(entry, P4TableEntry) or entry.is_default_action or not entry.match:
            continue
        port = int(entry.match["ingress_port"])
        if "src_addr" in entry.match:
            hosts.add((port, _mac_text(entry.match["src_addr"])))
        else:
            edge.add(port)
    return Learning(frozenset(edge), frozenset(hosts))


def write_learning(driver: NodeDriver, has: Learning, wanted: Learning) -> None:
    """Write what differs. Raises ``NodeError``."""
    gone = [-_edge(p) for p in has.edge - wanted.edge]
    gone += [-_host(*h) for h in has.hosts - wanted.hosts]
    new = [+_host(*h) for h in wanted.hosts - has.hosts]
    new += [+_edge(p) for p in wanted.edge - has.edge]
    if gone or new:
        driver.write([*gone, *new])


def set_copy_session(driver: NodeDriver) -> None:
    """Have copies go to the controller, whole: not every kind of node can cut them.

    Idempotent; raises ``NodeError``.
    """
    driver.set_clone_session(COPY_SESSION, CloneSession(frozenset({Replica(CPU_PORT)})))


def _edge(port: int) -> P4TableEntry:
    match = P4TableMatch(ingress_port=port)
    return P4TableEntry(EDGE, match=match, action=P4TableAction("NoAction"))


def _host(port: int, mac: str) -> P4TableEntry:
    match = P4TableMatch(ingress_port=port, src_addr=mac)
    return P4TableEntry(HOST, match=match, action=P4TableAction("NoAction"))


def _mac_text(value: object) -> str:
    number = value if isinstance(value, int) else int(str(value).replace(":", ""), 16)
    return ":".join(f"{byte:02x}" for byte in number.to_bytes(6, "big"))
