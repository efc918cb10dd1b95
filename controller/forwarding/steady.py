"""Which ways packets can be on between two nodes, as long as forwarding has been steady.

Nodes hold what they were last seen to hold; if that, and the links, are the same for so long that
no packet can be under way by anything older (``LINGER_S``), packets between two nodes are on the
ways that follow from it, and on no others. Otherwise nobody knows, and all ways have to be reckoned
with. Whoever relies on an answer asks again afterwards: it holds if it is the same still.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from controller.discovery.cables import LINGER_S
from controller.forwarding.tables import Forwarding
from controller.forwarding.ways import WaysNow
from controller.model.network import NetworkDescription

NodeWay = tuple[str, ...]
"Nodes in order, from the first that was asked for to the second; packets may take it backwards."


class SteadyWays:
    """What nodes have held, and since when. Told by one thread, asked by any."""

    def __init__(self) -> None:
        self._steady: _Steady | None = None

    def forget(self) -> None:
        """Nodes are going to be changed, or it is not known what all of them hold."""
        self._steady = None

    def note(self, held: Mapping[str, Forwarding], network: NetworkDescription, now: float) -> None:
        """Take note of what all nodes of a network hold, at a time in seconds."""
        before = self._steady
        if before is None or not before.is_like(held, network):
            self._steady = _Steady(held, network, now)

    def between(
        self, one: str, other: str, slots: Collection[int], now: float
    ) -> frozenset[NodeWay] | None:
        """Return the ways of all packets of some slots that pass two nodes; None: nobody knows.

        Broadcasts and packets to hosts that nobody knows are among them.
        """
        steady = self._steady
        if steady is None or now - steady.since_s < LINGER_S:
            return None
        return steady.between(one, other, frozenset(slots))


class _Steady:
    """What all nodes hold. Immutable."""

    def __init__(
        self, held: Mapping[str, Forwarding], network: NetworkDescription, since_s: float
    ) -> None:
        self.since_s = since_s
        self._held = dict(held)
        self._links = network.links
        self._ways = WaysNow(held, network)
        self._found: dict[tuple[str, str, frozenset[int]], frozenset[NodeWay]] = {}

    def is_like(self, held: Mapping[str, Forwarding], network: NetworkDescription) -> bool:
        return self._held == held and self._links == network.links

    def between(self, one: str, other: str, slots: frozenset[int]) -> frozenset[NodeWay]:
        key = (one, other, slots)
        if key not in self._found:
            there = (self._ways.from_to(slot, one, other) for slot in slots)
            back = (self._ways.from_to(slot, other, one) for slot in slots)
            both = frozenset().union(*there, *({way[::-1] for way in ways} for ways in back))
            self._found[key] = both
        return self._found[key]
