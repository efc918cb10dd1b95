"""Shortest-path trees of a network's nodes, one for each slot and destination, made when asked for.

A *tree* leads from every node to one destination by as few hops as possible. Where several ways
have as few, the slot decides: every node has a weight in every slot (a hash of its name and the
slot), and the way whose nodes weigh least wins. What follows from weights being the nodes' own:

- a way and its reverse weigh the same, so both directions of a pair of nodes take the same way;
- a part of a lightest way is a lightest way, so next hops depend on the destination alone;
- a node that is light in a slot is preferred by all pairs that have the choice of it.

Choices: nodes are numbered, and a tree is a list of numbers, because the planner asks for many.
Hops from a destination and the neighbours that are a hop nearer are found once for all slots; a
slot's tree is one pass over them. Weights have 48 bits: that two ways weigh the same is as
improbable as a collision of hashes, and then the smaller number wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, lru_cache

_WEIGHT_BYTES = 6

NOWHERE = -1
"Parent of a tree's root, and of what has no way to it."


@lru_cache(maxsize=65_536)
def _weights(name: str, slots: int) -> tuple[int, ...]:
    """Return a node's weight in each slot."""
    digest = hashlib.shake_128(name.encode()).digest(slots * _WEIGHT_BYTES)
    cut = range(0, len(digest), _WEIGHT_BYTES)
    return tuple(int.from_bytes(digest[at : at + _WEIGHT_BYTES], "big") for at in cut)


class Trees:
    """The trees of one graph. Nothing in it changes; what was computed is kept."""

    def __init__(self, names: Iterable[str], edges: Iterable[tuple[str, str]], slots: int) -> None:
        """Number the nodes.

        Args:
            names: The nodes.
            edges: Pairs of neighbours; again, the other way round, or of a node with itself is
                harmless.
            slots: How many slots there are.
        """
        self.names = tuple(sorted(names))
        self.number: Mapping[str, int] = {name: i for i, name in enumerate(self.names)}
        self.slots = slots
        near: list[set[int]] = [set() for _ in self.names]
        for a, b in edges:
            i, j = self.number[a], self.number[b]
            if i != j:
                near[i].add(j)
                near[j].add(i)
        self._near = [tuple(sorted(neighbours)) for neighbours in near]
        self._towards: dict[int, _Towards] = {}

    @cached_property
    def weights(self) -> tuple[tuple[int, ...], ...]:
        """Slot to the weight of each node, by its number."""
        return tuple(zip(*(_weights(name, self.slots) for name in self.names), strict=True))

    def parents(self, slot: int, root: int) -> list[int]:
        """Return the tree of a slot: node to the next node on the way to the root."""
        return self._to(root).parents(slot)

    def hops(self, root: int) -> list[int]:
        """Return how far each node is from the root; ``NOWHERE``: there is no way."""
        return self._to(root).hops

    def outwards(self, root: int) -> list[int]:
        """Return the nodes that have a way to the root, nearest first, beginning with itself."""
        return self._to(root).order

    def way(self, slot: int, start: int, root: int) -> tuple[int, ...]:
        """Return the nodes from ``start`` to ``root``, both included; none if there is no way."""
        parents = self.parents(slot, root)
        if start != root and parents[start] == NOWHERE:
            return ()
        found = [start]
        while found[-1] != root:
            found.append(parents[found[-1]])
        return tuple(found)

    def span(self, slot: int) -> tuple[tuple[int, int], ...]:
        """Return the edges of a spanning tree (a forest, if the graph falls apart).

        Its root is the slot's lightest node. So between nodes that have one transit node to
        choose (leaves and spines, a diamond) it leads the way that the slot's other packets take.
        """
        weights = self.weights[slot]
        found: list[tuple[int, int]] = []
        reached: set[int] = set()
        for root in sorted(range(len(self.names)), key=weights.__getitem__):
            if root not in reached:
                parents = self.parents(slot, root)
                found += [(node, parents[node]) for node in self.outwards(root)[1:]]
                reached.update(self.outwards(root))
        return tuple(found)

    def _to(self, root: int) -> _Towards:
        if root not in self._towards:
            self._towards[root] = _Towards(root, self._near, self.weights)
        return self._towards[root]


class _Towards:
    """All slots' trees towards one root."""

    def __init__(
        self, root: int, near: list[tuple[int, ...]], weights: tuple[tuple[int, ...], ...]
    ) -> None:
        self._weights = weights
        self._parents: dict[int, list[int]] = {}
        self.hops = hops = [NOWHERE] * len(near)
        hops[root] = 0
        self.order = [root]
        nearer: list[list[int]] = [[] for _ in near]
        for node in self.order:  # grows while it is walked
            further = hops[node] + 1
            for other in near[node]:
                if hops[other] == NOWHERE:
                    hops[other] = further
                    self.order.append(other)
                if hops[other] == further:
                    nearer[other].append(node)
        self._nearer = nearer

    def parents(self, slot: int) -> list[int]:
        """Return a slot's tree."""
        if slot not in self._parents:
            self._parents[slot] = self._grow(self._weights[slot])
        return self._parents[slot]

    def _grow(self, weights: tuple[int, ...]) -> list[int]:
        parents = [NOWHERE] * len(weights)
        cost = [0] * len(weights)
        nearer = self._nearer
        for node in self.order[1:]:
            ways = nearer[node]
            best = ways[0] if len(ways) == 1 else min(ways, key=cost.__getitem__)
            parents[node] = best
            cost[node] = cost[best] + weights[node]
        return parents


def shared(order: list[int], parents: list[int], ends: Collection[int]) -> set[int]:
    """Return the nodes that the ways of all these nodes to a tree's root have in common.

    Args:
        order: The tree's nodes, each after its parent.
        parents: Node to its parent.
        ends: Where the ways begin; all are in the tree.
    """
    count = [0] * len(parents)
    for end in ends:
        count[end] += 1
    for node in reversed(order[1:]):
        count[parents[node]] += count[node]
    return {node for node in order if count[node] == len(ends)}
