"""Which way packets take through a network: one path for each slot and pair of hosts.

ECMP is by slot: of several shortest paths a flow takes its slot's (``p4/include/flow.p4``), so
that its path follows from slot and hosts alone and both directions take the same. How ties are
broken is in ``trees``. Packets that belong to no flow (ARP and the like) have slot 0.

Choices: immutable to those who look at it; nothing is computed before it is asked for, so that a
snapshot of a large network costs nothing. Parallel links between two nodes are shared by slot.
A ``Paths`` may be made of several networks' (``with_slots``): while some slots must not move yet,
theirs are those of the network as it was.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from controller.model.network import NetworkDescription
from controller.model.trees import NOWHERE, Trees, shared

SLOTS = 16
"How many slots the node programs divide flows into."

HostPair = tuple[str, str]
"Names of two hosts, in the order of the alphabet."

Arrivals = frozenset[tuple[str, int]]
"Nodes that packets start from, each with a port by which they come in."


def slot_paths(network: NetworkDescription, slots: int = SLOTS) -> Paths:
    """Return the paths of a network, computed when they are asked for."""
    return Paths([_Ways(network, slots)] * slots)


class Paths:
    """The paths of all slots. Safe to share between threads."""

    def __init__(self, ways: Sequence[_Ways]) -> None:
        """For ``slot_paths`` and ``with_slots``: slot to the network that its paths use."""
        self._ways = tuple(ways)
        self.slots = len(self._ways)

    def with_slots(self, slots: Iterable[int], other: Paths) -> Paths:
        """Return these paths, but those of some slots taken from another object."""
        taken = frozenset(slots)
        pairs = zip(self._ways, other._ways, strict=True)
        return Paths([theirs if i in taken else ours for i, (ours, theirs) in enumerate(pairs)])

    def network(self, slot: int) -> NetworkDescription:
        """Return the network that a slot's paths lead through."""
        return self._ways[slot].network

    # Hosts

    def route(self, slot: int, host_a: str, host_b: str) -> tuple[str, ...]:
        """Return the nodes between two hosts, in order; reversed for the pair reversed.

        Empty if there is no way. Raises ``KeyError`` for a host that is unknown.
        """
        ways = self._ways[slot]
        return ways.route(slot, ways.home[host_a], ways.home[host_b])

    def flood_route(self, slot: int, host_a: str, host_b: str) -> tuple[str, ...]:
        """Return the nodes that a broadcast passes between two hosts: see ``route``.

        It is the slot's other path where that has one node to choose (leaf and spine, diamond);
        in larger networks it may be another one.
        """
        ways = self._ways[slot]
        return ways.flood_route(slot, ways.home[host_a], ways.home[host_b])

    # Nodes

    def common_between(self, slot: int, pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Return the nodes that all packets between pairs of nodes pass, broadcasts included.

        A function that is to see all packets of the slot between hosts there must be at one of
        these. Unknown nodes and pairs without a way are left out; if no pair has one, there is no
        such node.
        """
        return self._ways[slot].common(slot, {tuple(sorted(pair)) for pair in pairs})

    def way(self, slot: int, one: str, other: str) -> tuple[str, ...]:
        """Return the nodes from one node to another, both included; empty: there is no way."""
        return self._ways[slot].route(slot, one, other)

    def flood_way(self, slot: int, one: str, other: str) -> tuple[str, ...]:
        """Return the nodes that a broadcast passes from one node to another: see ``way``."""
        return self._ways[slot].flood_route(slot, one, other)

    def arrivals(
        self, slot: int, node: str, ones: Collection[str], others: Collection[str]
    ) -> tuple[Arrivals, Arrivals]:
        """Return by which ports packets between two sets of nodes come to a node from each.

        Broadcasts count as well. Packets that do not pass the node, or begin there, are left out,
        and so are unknown nodes.
        """
        return self._ways[slot].arrivals(slot, node, ones, others)

    def next_port(self, slot: int, node: str, towards: str) -> int | None:
        """Return the port by which a node sends to another node; None: there is no way."""
        return self._ways[slot].next_port(slot, node, towards)

    def hops(self, slot: int, node: str, towards: str) -> int | None:
        """Return how many links lie between two nodes; None: there is no way."""
        return self._ways[slot].hops(node, towards)

    def tree(self, slot: int, towards: str) -> dict[str, str]:
        """Return, for each node that has a way to another one, the next node; nearest first."""
        return self._ways[slot].tree(slot, towards)

    def port(self, slot: int, node: str, neighbour: str) -> int:
        """Return the port by which a node sends to its neighbour: parallel links are shared."""
        return self._ways[slot].port(slot, node, neighbour)

    def flood_ports(self, slot: int) -> Mapping[str, frozenset[int]]:
        """Return, for each node, the ports to its neighbours in the slot's spanning tree."""
        return self._ways[slot].flood_ports(slot)


class _Ways:
    """The ways through one network."""

    def __init__(self, network: NetworkDescription, slots: int) -> None:
        self.network = network
        self._slots = slots
        self._spans: dict[int, dict[int, list[int]]] = {}

    @cached_property
    def home(self) -> Mapping[str, str]:
        """Host to the node that it is attached to."""
        return {name: host.attached.node for name, host in self.network.hosts.items()}

    @cached_property
    def _trees(self) -> Trees:
        edges = ((link.a.node, link.b.node) for link in self.network.links)
        return Trees(self.network.nodes, edges, self._slots)

    @cached_property
    def _cables(self) -> Mapping[tuple[str, str], list[tuple[int, int]]]:
        """Two nodes, first the sending one, to the sending and receiving ports of their links."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for link in self.network.links:
            a, b = link.a, link.b
            found[a.node, b.node].append((a.number, b.number))
            found[b.node, a.node].append((b.number, a.number))
        return found

    def route(self, slot: int, a: str, b: str) -> tuple[str, ...]:
        """Return the nodes from one node to another."""
        number, names = self._trees.number, self._trees.names
        if a not in number or b not in number:
            return ()
        way = self._trees.way(slot, number[min(a, b)], number[max(a, b)])
        route = tuple(names[node] for node in way)
        return route if a <= b else route[::-1]

    def flood_route(self, slot: int, a: str, b: str) -> tuple[str, ...]:
        """Return the nodes from one node to another along the slot's spanning tree."""
        number, names = self._trees.number, self._trees.names
        if a not in number or b not in number:
            return ()
        before = {number[b]: NOWHERE}
        queue = [number[b]]
        for node in queue:  # grows while it is walked
            if node == number[a]:
                break
            for other in self._span(slot).get(node, ()):
                if other not in before:
                    before[other] = node
                    queue.append(other)
        return tuple(names[node] for node in _chain(before, number[a]))

    def common(self, slot: int, homes: Collection[tuple[str, ...]]) -> frozenset[str]:
        """Return the nodes on all ways between pairs of nodes, those of broadcasts included.

        Pairs are taken together by the end that more of them have: one pass over a tree for each.
        """
        number, names = self._trees.number, self._trees.names
        known = [(number[a], number[b]) for a, b in homes if a in number and b in number]
        degree = Counter(end for pair in known for end in set(pair))
        targets: dict[int, set[int]] = defaultdict(set)
        for a, b in known:
            root, target = (a, b) if degree[a] >= degree[b] else (b, a)
            targets[root].add(target)
        found: set[int] | None = None
        for root, ends in sorted(targets.items()):
            reached = [end for end in ends if self._trees.hops(root)[end] != NOWHERE]
            if not reached:
                continue
            ways = (self._trees.outwards(root), self._trees.parents(slot, root))
            both = shared(*ways, reached) & shared(*self._flood(slot, root), reached)
            found = both if found is None else found & both
            if not found:
                break
        return frozenset(names[node] for node in found or ())

    def arrivals(
        self, slot: int, node: str, ones: Collection[str], others: Collection[str]
    ) -> tuple[Arrivals, Arrivals]:
        """Return by which ports packets come to a node: one pass over each tree of the fewer."""
        number, names = self._trees.number, self._trees.names
        if node not in number:
            return frozenset(), frozenset()
        here = number[node]
        roots, rest = ([number[n] for n in side if n in number] for side in (ones, others))
        swapped = len(roots) > len(rest)
        if swapped:
            roots, rest = rest, roots
        from_roots: set[tuple[int, int]] = set()
        from_rest: set[tuple[int, int]] = set()
        for root in roots:
            way = (self._trees.outwards(root), self._trees.parents(slot, root))
            for order, parents in (way, self._flood(slot, root)):
                behind = _behind(here, order, parents)
                there = {(n, behind[n]) for n in rest if behind[n] != NOWHERE}
                from_rest |= there
                if parents[here] != NOWHERE and (there or here in rest):
                    from_roots.add((root, parents[here]))
        ports = {n: self.port(slot, node, names[n]) for _, n in from_roots | from_rest}
        first, second = (
            frozenset((names[start], ports[by]) for start, by in found)
            for found in (from_roots, from_rest)
        )
        return (second, first) if swapped else (first, second)

    def _flood(self, slot: int, root: int) -> tuple[list[int], list[int]]:
        """Return the nodes of the spanning tree from a node outwards, and the parent of each."""
        parents = [NOWHERE] * len(self._trees.names)
        order = [root]
        near = self._span(slot)
        for node in order:  # grows while it is walked
            for other in near.get(node, ()):
                if other != parents[node]:
                    parents[other] = node
                    order.append(other)
        return order, parents

    def next_port(self, slot: int, node: str, towards: str) -> int | None:
        """Return the port by which a node sends towards another."""
        number = self._trees.number
        if node not in number or towards not in number:
            return None
        parent = self._trees.parents(slot, number[towards])[number[node]]
        return None if parent == NOWHERE else self.port(slot, node, self._trees.names[parent])

    def hops(self, node: str, towards: str) -> int | None:
        """Return the number of links between two nodes."""
        number = self._trees.number
        if node not in number or towards not in number:
            return None
        hops = self._trees.hops(number[towards])[number[node]]
        return None if hops == NOWHERE else hops

    def tree(self, slot: int, towards: str) -> dict[str, str]:
        """Return each node's next node on the way to one."""
        trees, names = self._trees, self._trees.names
        root = trees.number.get(towards)
        if root is None:
            return {}
        parents = trees.parents(slot, root)
        return {names[node]: names[parents[node]] for node in trees.outwards(root)[1:]}

    def flood_ports(self, slot: int) -> Mapping[str, frozenset[int]]:
        """Return each node's ports in the spanning tree."""
        names = self._trees.names
        return {
            name: frozenset(
                self.port(slot, name, names[other]) for other in self._span(slot).get(node, ())
            )
            for node, name in enumerate(names)
        }

    def _span(self, slot: int) -> dict[int, list[int]]:
        """Return the neighbours of each node in the spanning tree."""
        if slot not in self._spans:
            near: dict[int, list[int]] = defaultdict(list)
            for a, b in self._trees.span(slot):
                near[a].append(b)
                near[b].append(a)
            self._spans[slot] = dict(near)
        return self._spans[slot]

    def port(self, slot: int, node: str, neighbour: str) -> int:
        """Return the sending port of the link that a slot uses between two neighbours."""
        cables = self._cables[node, neighbour]
        if len(cables) == 1:
            return cables[0][0]
        a, b = sorted((node, neighbour))
        chosen = sorted(self._cables[a, b])[(slot + zlib.crc32(f"{a} {b}".encode())) % len(cables)]
        return chosen[0 if node == a else 1]


def _behind(here: int, order: Sequence[int], parents: Sequence[int]) -> list[int]:
    """Return for each node behind another one in a tree the child of that which leads to it."""
    behind = [NOWHERE] * len(parents)
    for node in order[1:]:
        parent = parents[node]
        behind[node] = node if parent == here else behind[parent]
    return behind


def _chain(before: Mapping[int, int], start: int) -> Iterator[int]:
    """Yield a node and all that lead on from it; nothing if it was not reached."""
    node = start if start in before else NOWHERE
    while node != NOWHERE:
        yield node
        node = before[node]
