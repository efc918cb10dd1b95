"""The nodes: a driver and a keeper for each, and the view of what they hold.

Choices: drivers tell from their own threads, and keepers have one each; what they tell meets here,
in a view that is replaced as a whole. The view is what nodes really hold: asked when a session
changes, when slots were taken off a node, when a migration has ended, in intervals, and whenever
somebody wants to see it. Why no snapshot lacks an enforcer: see ``controller.model.placement``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import wait
from contextlib import AbstractContextManager
from typing import Protocol

from finsy.p4entity import P4DigestList
from os_ken.controller.event import EventBase

from controller import events
from controller.errors import RequestError
from controller.migration.manager import MigrationManager
from controller.model.parts import NodeDescription
from controller.model.placement import NodeFacts, Placement
from controller.model.present import PresentNetwork
from controller.model.standing import Readiness, Standing
from controller.nodes.keeper import NodeKeeper
from controller.southbound.driver import DriverOptions, NodeDriver, NodeState, PacketIn
from controller.southbound.factory import make_driver

LOG = logging.getLogger(__name__)

REFRESH_TIMEOUT_S = 2.0
"A node that has not said by then what it holds is shown as it was last heard."
FRESH_S = 0.5
"What a node said within this time is not asked again; after a migration it is asked at once."
KEEPER_STOP_TIMEOUT_S = 2.0

Emit = Callable[[EventBase], None]
"Takes an event; returns at once, from any thread."

EVENT_OF: Mapping[Readiness, type[events.EventNodeBase]] = {
    Readiness.DOWN: events.EventNodeDown,
    Readiness.BACKUP: events.EventNodeUp,
    Readiness.SETTING_UP: events.EventNodePrimary,
    Readiness.READY: events.EventNodeReady,
    Readiness.FAILED: events.EventNodeFailed,
}


class Audience(Protocol):
    """Who else hears of nodes; each call returns at once, from any thread."""

    def on_standing(self, node: str, standing: Standing) -> None:
        """A node's readiness changed, or the reason for it."""

    def on_packet_in(self, node: str, packet: PacketIn) -> bool:
        """A node sent a packet; tell whether it is for nobody else."""


class NodeWatch:
    """Listens to drivers, cares for what keepers need, and holds the view."""

    def __init__(self, present: PresentNetwork, options: DriverOptions) -> None:
        """Make drivers and keepers; nothing is connected."""
        self._present = present
        self._options = options
        self.drivers: dict[str, NodeDriver] = {}
        self._keepers: dict[str, NodeKeeper] = {}
        for node in present.network.nodes.values():
            self._make(node)
        self._emit: Emit = lambda _event: None
        self._manager: MigrationManager | None = None
        self._audience: Audience | None = None
        self._lock = threading.Lock()
        self._view = Placement(present.network, {}, {})

    def start(self, manager: MigrationManager, emit: Emit, audience: Audience) -> None:
        """Begin to reach the nodes; return without waiting for them."""
        self._manager = manager
        self._emit = emit
        self._audience = audience
        manager.show_by(self.on_facts)
        for name in list(self._keepers):
            self._begin(name)

    def stop_keepers(self) -> None:
        """Do nothing more by ourselves; drivers go on for those who still use them."""
        for keeper in list(self._keepers.values()):
            keeper.stop(KEEPER_STOP_TIMEOUT_S)

    def stop_drivers(self) -> None:
        """End all sessions. Idempotent."""
        for driver in list(self.drivers.values()):
            driver.stop()

    def add(self, node: NodeDescription) -> None:
        """Make one more node known, which the present network has; reach it if others are."""
        self._make(node)
        if self._manager is not None:
            self._begin(node.name)

    def remove(self, name: str) -> None:
        """End the session with a node and forget it; the present network has it no more."""
        self.forget(name)
        with self._lock:
            before = self._view
            facts = {n: f for n, f in before.facts.items() if n != name}
            self._view = after = Placement(self._present.network, facts, before.placed)
            self._emit(events.EventPlacementChanged(before, after))

    def forget(self, name: str) -> None:
        """End what there is for a node, without a word to anybody."""
        self._keepers.pop(name).stop(KEEPER_STOP_TIMEOUT_S)
        self.drivers.pop(name).stop()

    def do(self, name: str, work: Callable[[], None]) -> None:
        """Have something done at a node in its turn; nothing where there is no such node."""
        keeper = self._keepers.get(name)
        if keeper is not None:
            keeper.do(work)

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Keep all other operations away from a node."""
        return self.manager.hold(name)

    def _make(self, node: NodeDescription) -> None:
        self.drivers[node.name] = make_driver(node.address(self._options))
        self._keepers[node.name] = NodeKeeper(node.name, self)

    def _begin(self, name: str) -> None:
        self._keepers[name].start()
        self.drivers[name].start(self)

    @property
    def manager(self) -> MigrationManager:
        """The manager of migrations. Raises ``RequestError`` before ``start``."""
        if self._manager is None:
            raise RequestError("the management entity is starting: try again")
        return self._manager

    def standings(self) -> dict[str, Standing]:
        """Return each node's standing."""
        return {name: keeper.standing for name, keeper in list(self._keepers.items())}

    def ready(self) -> int:
        """Return how many nodes are ready."""
        return sum(s.readiness is Readiness.READY for s in self.standings().values())

    def view(self) -> Placement:
        """Ask all nodes, side by side, and return the view."""
        keepers = list(self._keepers.values())
        wait([keeper.audit(FRESH_S) for keeper in keepers], REFRESH_TIMEOUT_S)
        view = self._view
        return Placement(self._present.network, view.facts, view.placed)

    def latest(self) -> Placement:
        """Return the view by what was heard last; at once, nobody is asked."""
        view = self._view
        if view.network is self._present.network:
            return view
        return Placement(self._present.network, view.facts, view.placed)

    def audit(self, nodes: Iterable[str] | None = None) -> None:
        """Have nodes (all of them unless named) asked what they hold; return at once."""
        for name in list(self._keepers) if nodes is None else nodes:
            if (keeper := self._keepers.get(name)) is not None:
                keeper.audit()

    # What drivers tell (controller.southbound.driver.NodeListener)

    def on_state(self, node: str, state: NodeState, reason: str) -> None:
        """A session changed."""
        keeper = self._keepers.get(node)
        if keeper is not None:  # else it has just been removed
            keeper.changed(state, reason)

    def on_packet_in(self, node: str, packet: PacketIn) -> None:
        """A node sent a packet; probes of migrations and discovery's own are for nobody else."""
        if self.manager.on_packet_in(node, packet):
            return
        if self._audience is None or not self._audience.on_packet_in(node, packet):
            self._emit(events.EventPacketIn(node, packet))

    def on_digest(self, node: str, digest: P4DigestList) -> None:
        """A node sent digests."""
        self._emit(events.EventDigest(node, digest))

    # What keepers need (controller.nodes.keeper.NodeCare)

    def set_up(self, node: str) -> None:
        """Bring a node to what it should be, and on with migrations that wait for it."""
        self.manager.node_back(node)

    def ask(self, node: str) -> NodeFacts:
        """Ask a node what it holds."""
        return self.manager.facts(node)

    def on_facts(self, *facts: NodeFacts) -> None:
        """Take what nodes said into the view, in one step."""
        with self._lock:  # until it is told: news of the view come in the order of its snapshots
            before = self._view
            after = before.with_facts(facts, self._present.network, self.manager.placed())
            self._view = after
            if after.facts != before.facts:
                self._emit(events.EventPlacementChanged(before, after))

    def on_standing(self, node: str, before: Standing, after: Standing) -> None:
        """Tell operators and apps of a node's new standing."""
        # What happens to the session, and what was done to the node, is logged where it is done.
        if after.readiness is Readiness.FAILED:
            LOG.error("%s: not set up, tried again later: %s", node, after.reason)
        elif after.readiness is Readiness.READY:
            LOG.info("%s: ready", node)
        elif after.readiness is Readiness.DOWN and before.readiness is not Readiness.DOWN:
            self.manager.node_lost(node)
        if self._audience is not None:
            self._audience.on_standing(node, after)
        self._emit(EVENT_OF[after.readiness](node, after.reason))
