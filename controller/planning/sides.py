"""Whether a node can tell where packets come from, by the ports at which they come in. Pure.

A function may judge packets by what the node's entries say of the port at which they came in (a
firewall: inside or outside; the port's *label*). That is right only as long as packets come in
there for which it was said, and paths move. What would be right for the packets of a host is said
by the label of the port that the host is attached to: on a path, every node that enforces must have
the same label for the port by which the host's packets come. Both directions are looked at, so the
ports by which packets leave are those by which the other direction comes in.

Choices:
- Where the host's own port has no label, its zone tells: the label of ports at which hosts of its
  zone are, and no others. If there is none, any label will do; no label never does.
- A host without zone at a port without label is nobody's: nothing is said of it, here or elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from controller.forwarding.tables import mac_number
from controller.forwarding.ways import Way, WaysNow
from controller.model.network import NetworkDescription
from controller.model.parts import Host, Port
from controller.model.paths import Paths
from controller.state.port_labels import Label, Labelling

Wish = frozenset[Label] | None
"Labels that will do for a host's packets; None: any."


@dataclass(frozen=True)
class End:
    """The hosts of one side of a function, those of one zone."""

    hosts: tuple[Host, ...]
    wishes: Mapping[str, frozenset[Wish]]
    "Node that they are attached to, to what they wish for where their packets come in."


class Sides:
    """Checks one function's ports in one network."""

    def __init__(self, network: NetworkDescription, labelling: Labelling) -> None:
        self._labelling = labelling
        self._meaning = _meanings(network, labelling)

    def end(self, hosts: Iterable[Host]) -> End:
        """Put the hosts of one side together."""
        counted = tuple(h for h in hosts if h.zone is not None or self._labelling.at(h.attached))
        wishes: dict[str, set[Wish]] = defaultdict(set)
        for host in counted:
            wishes[host.attached.node].add(self._wish(host))
        return End(counted, {node: frozenset(found) for node, found in wishes.items()})

    def misjudged(self, paths: Paths, slot: int, node: str, ends: tuple[End, End]) -> str:
        """Tell whose packets a node would take for somebody else's; empty: nobody's."""
        one, other = ends
        if not one.wishes or not other.wishes:
            return ""
        for host in (*one.hosts, *other.hosts):
            if host.attached.node == node and not self._labelling.at(host.attached):
                return self._say(host.attached, host.name, None)
        arrivals = paths.arrivals(slot, node, one.wishes, other.wishes)
        for end, came in zip(ends, arrivals, strict=True):
            seen: dict[tuple[int, frozenset[Wish]], str] = {}
            for start, number in sorted(came):
                seen.setdefault((number, end.wishes[start]), start)
            for (number, _), start in seen.items():
                if told := self.misfit(Port(node, number), start, end):
                    return told
        return ""

    def misfit(self, port: Port, start: str, end: End) -> str:
        """Tell why packets of one end's hosts at a node must not come in by a port; empty: may."""
        label = self._labelling.at(port)
        for wish in end.wishes.get(start, ()):
            if not label or (wish is not None and label not in wish):
                return self._say(port, f"hosts at {start}", wish)
        return ""

    def _wish(self, host: Host) -> Wish:
        own = self._labelling.at(host.attached)
        return frozenset({own}) if own else self._meaning.get(host.zone or "")

    def _say(self, port: Port, whose: str, wish: Wish) -> str:
        said = self._labelling.say(self._labelling.at(port))
        right = " or ".join(sorted(map(self._labelling.say, wish or ()))) or "an entry"
        return (
            f"{port.node} would misjudge packets from {whose}: they come in at {port}, of which "
            f"{', '.join(sorted(self._labelling.tables))} says {said} and not {right}"
        )


def _meanings(network: NetworkDescription, labelling: Labelling) -> dict[str, frozenset[Label]]:
    """Return, by zone, the labels of ports with hosts of that zone and of no other."""
    by_label: dict[Label, set[str]] = defaultdict(set)
    for host in network.hosts.values():
        if host.zone is not None and (label := labelling.at(host.attached)):
            by_label[label].add(host.zone)
    found: dict[str, set[Label]] = defaultdict(set)
    for label, zones in by_label.items():
        if len(zones) == 1:
            found[next(iter(zones))].add(label)
    return {zone: frozenset(labels) for zone, labels in found.items()}


def moved_ways(now: WaysNow, after: Paths, slot: int, start: Host, end: Host) -> Iterator[Way]:
    """Yield the ways of packets between two hosts while nodes are brought to new paths.

    Nodes are changed from the destination on (``controller.forwarding.update``): a packet follows
    what nodes hold now up to any one of them, and from there the new path.
    """
    goal = end.attached.node
    new_way = after.way(slot, start.attached.node, goal)
    for way in now.follow(slot, start.attached, mac_number(end.mac)):
        if tuple(port.node for port in way) == new_way:
            continue
        for turn in range(len(way)):
            onward = after.way(slot, way[turn].node, goal)
            if onward:
                ports = (Port(b, after.port(slot, b, a)) for a, b in pairwise(onward))
                yield (*way[: turn + 1], *ports)
