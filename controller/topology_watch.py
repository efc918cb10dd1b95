"""The topology as it is now, kept by one thread: what is heard comes in, changes go out.

Choices: everything that is heard passes through one queue into one thread, so that snapshots follow
each other in one order. Whoever wants to see takes the latest by reference and waits for nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from os_ken.controller.event import EventBase

from controller.discovery.topology import Topology
from controller.model.network import NetworkDescription
from controller.model.parts import Link
from controller.node_keeper import Standing
from controller.southbound.driver import PacketIn

LOG = logging.getLogger(__name__)

Emit = Callable[[EventBase], None]
"Takes an event; returns at once, from any thread."


class TopologyWatch:
    """Keeps the topology. A ``PresentNetwork``."""

    def __init__(self, description: NetworkDescription) -> None:
        """Begin with what is described; nothing runs yet."""
        self._topology = Topology(description)

    def snapshot(self) -> Topology:
        """Return the topology as it is now."""
        return self._topology

    @property
    def network(self) -> NetworkDescription:
        """The present network."""
        return self._topology.network

    @property
    def lingering(self) -> tuple[Link, ...]:
        """Links that failed a short while ago."""
        return ()

    # What nodes tell (controller.node_watch.Audience)

    def on_standing(self, node: str, standing: Standing) -> None:
        """A node's readiness changed."""

    def on_packet_in(self, node: str, packet: PacketIn) -> bool:
        """A node sent a packet; tell whether it is discovery's own."""
        return False
