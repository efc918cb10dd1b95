"""Where a function's slots may be enforced: at nodes that all packets which need it pass.

A function's policy says between which zones of hosts packets need it. A node that lies on the path
of a slot for every such pair of hosts sees all packets of the slot; any two such nodes see the same
ones, so state moves between them with no loss and no leak. Which way a slot's packets take is
known where forwarding is on (``controller.model.paths``). Where it is not, tables decide that
nobody here knows, and the test of ``controller.planning.path`` is used: it is sound for all ways.

A node that sees all packets may still not do: a function that judges them by the port at which they
come in needs ports that say what is right (``controller.planning.sides``); and where paths are
about to move, the node must see the packets at each moment of that too.

Choices: hosts at one node take the same ways, so one of them stands for all. Answers are kept:
plans come often, and paths change seldom.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from controller.forwarding.ways import WaysNow
from controller.model.network import NetworkDescription
from controller.model.parts import Host, Port
from controller.model.paths import HostPair, Paths
from controller.model.slots import format_slots
from controller.planning.path import off_path
from controller.planning.policy import Policy
from controller.planning.sides import End, Sides, moved_ways
from controller.state.port_labels import Labelling

Zones = tuple[str, str] | None

SlotKey = tuple[str, int]
"A function and one of its slots."

NO_LABELS: Mapping[str, Labelling] = MappingProxyType({})
NOBODY: Mapping[SlotKey, Collection[str]] = MappingProxyType({})


class Reach:
    """Which nodes see all packets of a slot. Safe to share between threads."""

    def __init__(
        self,
        network: NetworkDescription,
        paths: Paths | None,
        policy: Policy,
        labels: Mapping[str, Labelling] = NO_LABELS,
        before: WaysNow | None = None,
        enforcing: Mapping[SlotKey, Collection[str]] = NOBODY,
    ) -> None:
        """Make one for a moment.

        Args:
            network: The network.
            paths: The paths that packets take; None: nobody knows them.
            policy: Says which packets need which function.
            labels: Function to what nodes' entries say of their ports, where it looks at that.
            before: The ways that packets take before nodes are brought to the paths; None: these.
            enforcing: Function and slot to nodes that enforce it until paths have moved.
        """
        self.network = network
        self.paths = paths
        self._policy = policy
        self._labels = labels
        self._before = before
        self._enforcing = enforcing
        self._pairs: dict[Zones, tuple[HostPair, ...]] = {}
        self._nodes: dict[tuple[Zones, int], frozenset[str]] = {}
        self._sides: dict[str, tuple[Sides, tuple[End, End]]] = {}
        self._unsuited: dict[tuple[str, int, str], str] = {}

    def follows(self, network: NetworkDescription, paths: Paths | None, policy: Policy) -> bool:
        """Tell whether answers are the same for these."""
        same = self.network is network and self.paths is paths
        return same and self._policy.functions is policy.functions

    def enforcing(self, function: str, slot: int) -> Collection[str]:
        """Return the nodes that enforce a slot, as far as that was told."""
        return self._enforcing.get((function, slot), ())

    def nodes(self, function: str, slot: int, source: str) -> frozenset[str]:
        """Return the nodes that see the packets of a slot which its source sees.

        The source is one of them, unless it does not see all that need the function.
        """
        if self.paths is None:
            pairs = self.pairs(function)
            others = (name for name in self.network.nodes if name != source)
            found = {n for n in others if not off_path(self.network, source, n, pairs)}
            return frozenset(found | {source})
        here = self.passed(function, slot) & {source}  # it hands over what it has, right or wrong
        return self.common(function, slot) | here

    def common(self, function: str, slot: int) -> frozenset[str]:
        """Return the nodes where a slot may be: all its packets pass them, and are judged right.

        Raises:
            ValueError: nobody knows the paths.
        """
        nodes = self.passed(function, slot)
        return frozenset(name for name in nodes if not self.unsuited(function, slot, name))

    def passed(self, function: str, slot: int) -> frozenset[str]:
        """Return the nodes that all packets of a slot pass which need the function.

        Raises:
            ValueError: nobody knows the paths.
        """
        paths = self._known_paths()
        zones = self._policy.function(function).between
        key = (zones, slot)
        if key not in self._nodes:
            pairs = ((self._home(a), self._home(b)) for a, b in self.pairs(function))
            # By nodes: a slot that is held back has the paths of a network without the newest host.
            self._nodes[key] = paths.common_between(slot % paths.slots, pairs)
        return self._nodes[key]

    def obstacle(
        self, function: str, slots: Iterable[int], source: str, destination: str
    ) -> str | None:
        """Tell why a move between two nodes could break flows; None if it cannot."""
        if self.paths is None:
            return off_path(self.network, source, destination, self.pairs(function))
        for name in (source, destination):
            missed = [slot for slot in sorted(slots) if name not in self.passed(function, slot)]
            if missed:
                return self._missed(function, missed, name)
        for slot in sorted(slots):
            if told := self.unsuited(function, slot, destination):
                return f"{function}, slot {slot}: {told}"
        return None

    def unsuited(self, function: str, slot: int, node: str) -> str:
        """Tell why a node that a slot's packets pass must not judge them; empty: it may.

        Raises:
            ValueError: nobody knows the paths.
        """
        key = (function, slot, node)
        if key not in self._unsuited:
            told = self.misjudged(function, slot, node) or self._missed_on_the_move(*key)
            self._unsuited[key] = told
        return self._unsuited[key]

    def misjudged(self, function: str, slot: int, node: str) -> str:
        """Tell whose packets a node would take for somebody else's; empty: nobody's.

        Raises:
            ValueError: nobody knows the paths.
        """
        if function not in self._labels:
            return ""
        sides, ends = self._ends(function)
        paths = self._known_paths()
        return sides.misjudged(paths, slot % paths.slots, node, ends)

    def _missed_on_the_move(self, function: str, slot: int, node: str) -> str:
        """Tell which packets a node and those that enforce now do not judge while paths move."""
        if self._before is None:
            return ""
        after, hosts = self._known_paths(), self.network.hosts
        pairs = self.pairs(function)
        for a, b in (*pairs, *((b, a) for a, b in pairs)):
            for way in moved_ways(self._before, after, slot, hosts[a], hosts[b]):
                judges = {node, *self._enforcing.get((function, slot), ())}
                met = [port for port in way if port.node in judges]
                told = [self._misfit(function, port, hosts[a]) for port in met]
                if all(told):
                    passed = ", ".join(port.node for port in way)
                    what = f"while paths move, packets from {a} to {b} may pass {passed}"
                    return f"{what}: {'; '.join(told) or f'not {node}'}"
        return ""

    def _misfit(self, function: str, port: Port, start: Host) -> str:
        """Tell why packets of a host must not come in by a port; empty: they may."""
        if function not in self._labels or port == start.attached:
            return ""
        sides, ends = self._ends(function)
        return next(filter(None, (sides.misfit(port, start.attached.node, e) for e in ends)), "")

    def _known_paths(self) -> Paths:
        if self.paths is None:
            raise ValueError("paths are known only where forwarding is on")
        return self.paths

    def _ends(self, function: str) -> tuple[Sides, tuple[End, End]]:
        if function not in self._sides:
            sides = Sides(self.network, self._labels[function])
            zones = self._policy.function(function).between or (None, None)
            one, other = (sides.end(self._hosts(zone)) for zone in zones)
            self._sides[function] = sides, (one, other)
        return self._sides[function]

    def _hosts(self, zone: str | None) -> list[Host]:
        """Return the hosts of a zone; a host whose zone nobody knows may be in any."""
        hosts = self.network.hosts.values()
        return [host for host in hosts if zone is None or host.zone in (zone, None)]

    def _home(self, host: str) -> str:
        return self.network.hosts[host].attached.node

    def _missed(self, function: str, slots: list[int], node: str) -> str:
        """Say which packets do not pass a node, by an example."""
        assert self.paths is not None  # the caller found that out
        slot = slots[0]
        there = [slot for slot in range(self.paths.slots) if node in self.common(function, slot)]
        would_do = ", ".join(sorted(self.common(function, slot))) or "none"
        what = f"{function}, slots {format_slots(slots)}"
        known = self.paths.network(slot).hosts
        for a, b in (pair for pair in self.pairs(function) if known.keys() >= set(pair)):
            for word, route in (
                ("packets", self.paths.route(slot, a, b)),
                ("broadcasts", self.paths.flood_route(slot, a, b)),
            ):
                if route and node not in route:
                    return (
                        f"{what}: {word} of slot {slot} between {a} and {b} pass "
                        f"{', '.join(route)}, and not {node}; nodes on all ways of slot {slot}: "
                        f"{would_do}; {node} is on those of slots {format_slots(there)}"
                    )
        return f"{what}: no path between hosts that need {function} leads through {node}"

    def pairs(self, function: str) -> tuple[HostPair, ...]:
        """Return the pairs of hosts whose packets need a function, one for each pair of nodes."""
        zones = self._policy.function(function).between
        if zones not in self._pairs:
            self._pairs[zones] = tuple(self._between(zones))
        return self._pairs[zones]

    def _between(self, zones: Zones) -> Iterator[HostPair]:
        if zones is None:
            one = other = self._at_each_node(None)
        else:
            one, other = (self._at_each_node(zone) for zone in zones)
        seen: set[HostPair] = set()
        for a, b in itertools.product(one, other):
            pair = (min(a, b), max(a, b))
            if a != b and pair not in seen:
                seen.add(pair)
                yield pair

    def _at_each_node(self, zone: str | None) -> list[str]:
        """Return one host of a zone at each node; with no zone, up to two."""
        found: dict[str, list[str]] = {}
        for host in sorted(self._hosts(zone), key=lambda host: host.name):
            found.setdefault(host.attached.node, []).append(host.name)
        most = 2 if zone is None else 1  # two hosts of one node have a way between them too
        return [name for names in found.values() for name in names[:most]]
