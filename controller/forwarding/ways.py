"""Which ways packets take by what nodes hold now, whatever that was meant to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.forwarding.tables import FIRST_FLOOD_GROUP, FLOOD_BY_SLOT, SPREAD, Forwarding
from controller.model.network import NetworkDescription
from controller.model.parts import Port

Way = tuple[Port, ...]
"""Nodes in the order in which a packet passes them, each with the port by which it comes in."""


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

    def follow(self, slot: int, start: Port, mac: int) -> Iterator[Way]:
        """Yield the ways of a packet that comes in at a port, one for each copy that is made.

        Args:
            slot: The packet's slot.
            start: The host's port.
            mac: Where the packet is sent to.
        """
        ways: list[Way] = [(start,)]
        for way in ways:  # grows while it is walked
            node, came_in = way[-1]
            passed = {port.node for port in way}
            ports = self._out(node, slot, mac) - {came_in}
            ends = [self._far_ends[Port(node, n)] for n in ports if Port(node, n) in self._far_ends]
            onward = [end for end in ends if end.node not in passed]
            ways += [(*way, end) for end in onward]
            if len(onward) < len(ports) or not ports:
                yield way

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
