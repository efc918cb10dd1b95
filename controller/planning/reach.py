"""Where a function's slots may be enforced: at nodes that all packets which need it pass.

A function's policy says between which zones of hosts packets need it. A node that lies on the path
of a slot for every such pair of hosts sees all packets of the slot; any two such nodes see the same
ones, so state moves between them with no loss and no leak. Which way a slot's packets take is
known where forwarding is on (``controller.model.paths``). Where it is not, tables decide that
nobody here knows, and the test of ``controller.planning.path`` is used: it is sound for all ways.

Choices: hosts at one node take the same ways, so one of them stands for all. Answers are kept:
plans come often, and paths change seldom.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from controller.model.network import NetworkDescription
from controller.model.paths import HostPair, Paths
from controller.model.slots import format_slots
from controller.planning.path import off_path
from controller.planning.policy import Policy

Zones = tuple[str, str] | None


class Reach:
    """Which nodes see all packets of a slot. Safe to share between threads."""

    def __init__(self, network: NetworkDescription, paths: Paths | None, policy: Policy) -> None:
        """Make one for a moment.

        Args:
            network: The network.
            paths: The paths that packets take; None: nobody knows them.
            policy: Says which packets need which function.
        """
        self.network = network
        self.paths = paths
        self._policy = policy
        self._pairs: dict[Zones, tuple[HostPair, ...]] = {}
        self._nodes: dict[tuple[Zones, int], frozenset[str]] = {}

    def follows(self, network: NetworkDescription, paths: Paths | None, policy: Policy) -> bool:
        """Tell whether answers are the same for these."""
        same = self.network is network and self.paths is paths
        return same and self._policy.functions is policy.functions

    def nodes(self, function: str, slot: int, source: str) -> frozenset[str]:
        """Return the nodes that see the packets of a slot which its source sees.

        The source is one of them, unless it does not see all that need the function.
        """
        if self.paths is None:
            pairs = self.pairs(function)
            others = (name for name in self.network.nodes if name != source)
            found = {n for n in others if not off_path(self.network, source, n, pairs)}
            return frozenset(found | {source})
        return self.common(function, slot)

    def common(self, function: str, slot: int) -> frozenset[str]:
        """Return the nodes that all packets of a slot pass which need the function.

        Raises:
            ValueError: nobody knows the paths.
        """
        if self.paths is None:
            raise ValueError("paths are known only where forwarding is on")
        zones = self._policy.function(function).between
        key = (zones, slot)
        if key not in self._nodes:
            homes = {name: host.attached.node for name, host in self.network.hosts.items()}
            pairs = ((homes[a], homes[b]) for a, b in self.pairs(function))
            # By nodes: a slot that is held back has the paths of a network without the newest host.
            self._nodes[key] = self.paths.common_between(slot % self.paths.slots, pairs)
        return self._nodes[key]

    def obstacle(
        self, function: str, slots: Iterable[int], source: str, destination: str
    ) -> str | None:
        """Tell why a move between two nodes could break flows; None if it cannot."""
        if self.paths is None:
            return off_path(self.network, source, destination, self.pairs(function))
        for name in (source, destination):
            missed = [slot for slot in sorted(slots) if name not in self.common(function, slot)]
            if missed:
                return self._missed(function, missed, name)
        return None

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
        """Return one host of a zone at each node; with no zone, up to two.

        A host whose zone nobody knows may be in any.
        """
        found: dict[str, list[str]] = {}
        for name, host in sorted(self.network.hosts.items()):
            if zone is None or host.zone in (zone, None):
                found.setdefault(host.attached.node, []).append(name)
        most = 2 if zone is None else 1  # two hosts of one node have a way between them too
        return [name for names in found.values() for name in names[:most]]
