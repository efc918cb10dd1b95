"""What a node holds of forwarding, as values: read from its tables and groups, changed, compared.

The node programs' side of it is ``p4/include/l2.p4``: the table ``dmac`` says for a destination by
which port (``forward``), or by which group of the table ``path`` a packet goes on, whose entry for
the packet's slot then says the port (``spread``). What has no entry is flooded: by one multicast
group for each slot (``flood_by_slot``), so that broadcasts too keep to their slot's nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from finsy.p4schema import P4Schema

from controller.southbound.driver import P4Update, Replica

DMAC = "NodeIngress.l2.dmac"
PATH = "NodeIngress.l2.path"
FORWARD = "NodeIngress.l2.forward"
SPREAD = "NodeIngress.l2.spread"
FLOOD_BY_SLOT = "NodeIngress.l2.flood_by_slot"
FIRST_FLOOD_GROUP = 1
"Slot i floods by group 1 + i. Packet-outs that are flooded use group 1."

_PARAMETER = {
    FORWARD: "port",
    SPREAD: "group",
    FLOOD_BY_SLOT: "first_group",
    "NodeIngress.l2.flood": "group",
}


class Next(NamedTuple):
    """What a node does with packets to a destination: an action of ``dmac`` and its parameter."""

    action: str
    "Full name."
    value: int
    "A port or a group."


DROP = Next(FORWARD, 511)
"The port that v1model drops by. A destination without an entry is flooded instead."

PathKey = tuple[int, int]
"Group and slot: what the table ``path`` is matched by."


@dataclass(frozen=True)
class Forwarding:
    """What one node holds, or shall hold."""

    destinations: Mapping[int, Next] = field(default_factory=dict)
    "MAC address to what ``dmac`` does with it."
    paths: Mapping[PathKey, int] = field(default_factory=dict)
    "To the port."
    floods: Mapping[int, frozenset[int]] = field(default_factory=dict)
    "Multicast group to ports."
    unknown: Next | None = None
    "What ``dmac`` does with all other destinations; None: what the program says, or left as it is."

    def spread_groups(self) -> frozenset[int]:
        """Return the groups of ``path`` that destinations use."""
        return frozenset(n.value for n in self.destinations.values() if n.action == SPREAD)


@dataclass(frozen=True)
class Update:
    """Changes of one node's forwarding; a value of None takes the thing away."""

    destinations: Mapping[int, Next | None] = field(default_factory=dict)
    paths: Mapping[PathKey, int | None] = field(default_factory=dict)
    floods: Mapping[int, frozenset[int]] = field(default_factory=dict)
    unknown: Next | None = None
    "None: not changed."

    def __len__(self) -> int:
        changes: tuple[Sized, ...] = (self.destinations, self.paths, self.floods)
        return sum(map(len, changes)) + (self.unknown is not None)

    def applied_to(self, held: Forwarding) -> Forwarding:
        """Return what a node holds afterwards."""
        return Forwarding(
            _merged(held.destinations, self.destinations),
            _merged(held.paths, self.paths),
            {**held.floods, **self.floods},
            self.unknown or held.unknown,
        )


def _merged(old: Mapping[Any, Any], changes: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in {**old, **changes}.items() if value is not None}


def mac_number(text: str) -> int:
    """Return a MAC address as the number that entries are matched by."""
    return int(text.replace(":", ""), 16)


def has_tables(schema: P4Schema) -> bool:
    """Tell whether a program forwards in the way that is described here."""
    found = (schema.tables.get(name) for name in (DMAC, PATH))
    return all(table is not None and table.name in (DMAC, PATH) for table in found)


def held_by(
    entries: Iterable[P4TableEntry], groups: Mapping[int, frozenset[Replica]]
) -> Forwarding:
    """Return the forwarding that is in a node's entries and groups, read with full names."""
    destinations: dict[int, Next] = {}
    paths: dict[PathKey, int] = {}
    unknown = None
    for entry in entries:
        match entry.table_id, entry.match, entry.action:
            case "NodeIngress.l2.dmac", None, P4TableAction() as action:
                unknown = _next(action)
            case "NodeIngress.l2.dmac", P4TableMatch() as key, P4TableAction() as action:
                destinations[key["dst_addr"]] = _next(action)
            case "NodeIngress.l2.path", P4TableMatch() as key, P4TableAction() as action:
                paths[key["group"], key.get("slot", 0)] = _next(action).value
    floods = {group: _ports(replicas) for group, replicas in groups.items()}
    return Forwarding(destinations, paths, floods, unknown)


def _next(action: P4TableAction) -> Next:
    (value,) = action.args.values()
    return Next(action.name, value)


def _ports(replicas: frozenset[Replica]) -> frozenset[int]:
    """Return a group's ports; -1 stands for copies that are not ours."""
    return frozenset(replica.port if replica.instance == 0 else -1 for replica in replicas)


def updates(held: Forwarding, change: Update) -> Iterator[P4Update]:
    """Yield what has to be written, in order: what leads to something comes after it."""
    for key, port in change.paths.items():
        if port is not None:
            yield _signed(path_entry(key, port), new=key not in held.paths)
    for mac, following in change.destinations.items():
        if following is not None:
            yield _signed(destination_entry(mac, following), new=mac not in held.destinations)
    if change.unknown is not None:
        yield ~unknown_entry(change.unknown)
    for mac, following in change.destinations.items():
        if following is None and mac in held.destinations:
            yield -P4TableEntry(DMAC, match=P4TableMatch({"dst_addr": mac}))
    for key, port in change.paths.items():
        if port is None and key in held.paths:
            yield -P4TableEntry(PATH, match=_path_match(key))


def _signed(entry: P4TableEntry, *, new: bool) -> P4Update:
    return +entry if new else ~entry


def entries_of(forwarding: Forwarding) -> Iterator[P4TableEntry]:
    """Yield all entries of a node's forwarding."""
    for key, port in forwarding.paths.items():
        yield path_entry(key, port)
    for mac, following in forwarding.destinations.items():
        yield destination_entry(mac, following)
    if forwarding.unknown is not None:
        yield unknown_entry(forwarding.unknown)


def path_entry(key: PathKey, port: int) -> P4TableEntry:
    """Return an entry of ``path``."""
    group, slot = key
    return P4TableEntry(
        PATH,
        match=P4TableMatch({"group": group, "slot": slot}),
        action=P4TableAction(FORWARD, port=port),
    )


def destination_entry(mac: int, following: Next) -> P4TableEntry:
    """Return an entry of ``dmac``."""
    return P4TableEntry(DMAC, match=P4TableMatch({"dst_addr": mac}), action=_action(following))


def unknown_entry(following: Next) -> P4TableEntry:
    """Return the default action of ``dmac``."""
    return P4TableEntry(DMAC, is_default_action=True, action=_action(following))


def _path_match(key: PathKey) -> P4TableMatch:
    group, slot = key
    return P4TableMatch({"group": group, "slot": slot})


def _action(following: Next) -> P4TableAction:
    return P4TableAction(following.action, **{_PARAMETER[following.action]: following.value})
