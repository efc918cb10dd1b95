"""Which ways packets take by what nodes hold now, whatever that was meant to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from controller.forwarding.tables import FIRST_FLOOD_GROUP, FLOOD_BY_SLOT, SPREAD, Forwarding
from controller.model.network import NetworkDescription
from controller.model.parts import Port

Way = tuple[Port, ...]
"""Nodes in the order in which a packet passes them, each with the port by which it comes in."""

_NOBODY = 0xFFFFFFFFFFFF
"A destination that no node has an entry for."
_ANY = 0
"A port that no node has: wherever packets come in, they may leave by all ports."


class WaysNow:
    """What nodes do with packets now. Immutable: made anew at each look at the nodes."""

    def __init__(self, held: Mapping[str, Forwarding], network: NetworkDescription) -> None:
        """Take what nodes hold; a node that is not in it is taken to forward nothing.

        Args:
            held: Node to what it holds.
            network: Its links count: over others nothing gets through.
        """
        self._held = dict(held)
        self._far_ends = {a: b for link in network.links for a, b in (link, (link.b, link.a))}

    @cached_property
    def _known(self) -> frozenset[int]:
        """MAC addresses that nodes have entries for."""
        return frozenset().union(*(held.destinations for held in self._held.values()))

    def follow(self, slot: int, start: Port, mac: int) -> Iterator[Way]:
        """Yield the ways of a packet that comes in at a port, one for each copy that is made.

        Args:
            slot: The packet's slot.
            start: The host's port.
            mac: Where the packet is sent to.
        """
        ways: list[Way] = [(start,)]
        for way in ways:  # grows while it is walked
            ports, onward = self._onward(way, slot, mac)
            ways += [(*way, end) for end in onward]
            if len(onward) < len(ports) or not ports:
                yield way

    def from_to(self, slot: int, one: str, other: str) -> set[tuple[str, ...]]:
        """Return the nodes, in order, on each way of a slot's packets from one node to another.

        Wherever they come from, and whoever they are for: each host that a node knows, and others,
        to whom packets are flooded.
        """
        found = set()
        for mac in (*self._known, _NOBODY):
            ways: list[Way] = [(Port(one, _ANY),)]
            for way in ways:  # grows while it is walked
                if way[-1].node == other:
                    found.add(tuple(port.node for port in way))
                else:
                    ways += [(*way, end) for end in self._onward(way, slot, mac)[1]]
        return found

    def _onward(self, way: Way, slot: int, mac: int) -> tuple[frozenset[int], list[Port]]:
        """Return by which ports a packet goes on, and where it comes in that it has not passed."""
        node, came_in = way[-1]
        passed = {port.node for port in way}
        ports = self._out(node, slot, mac) - {came_in}
        ends = [self._far_ends[Port(node, n)] for n in ports if Port(node, n) in self._far_ends]
        return ports, [end for end in ends if end.node not in passed]

    def _out(self, node: str, slot: int, mac: int) -> frozenset[int]:
        """Return the ports by which a node sends a packet on."""
        held = self._held.get(node, Forwarding())
        following = held.destinations.get(mac)
        if following is None:
            default = held.unknown
            group = FIRST_FLOOD_GROUP if default is None else default.value
            by_slot = default is not None and default.action == FLOOD_BY_SLOT
            return held.floods.get(group + slot if by_slot else group, frozenset())
        if following.action == SPREAD:
            port = held.paths.get((following.value, slot))
            return frozenset() if port is None else frozenset({port})
        return frozenset({following.value})
