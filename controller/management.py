"""The management entity: the view of the network, the nodes that it keeps, the migrations.

It puts the parts together: a driver and a keeper for each described node, the placement view, and
the manager of migrations with its journal. Apps and operators' commands see this object alone.

Choices:
- Everything in here runs on real threads, whatever hub os-ken runs on. Apps call methods through
  ``controller.hub.call``; events leave through a function that returns at once.
- Making the object reads and checks all files and touches nothing, so that a configuration can be
  checked beside a running management entity; ``start`` touches.
- Nodes are set up side by side, each in order. When all are, or after a time limit, what the
  journal says was under way is finished or undone; nodes that come later are seen to then.
- The view is what nodes really hold: asked when a node's session changes, when a migration has
  ended, in intervals (``audit``), and whenever somebody wants to see it.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import wait
from typing import Any

from finsy.p4entity import P4DigestList
from os_ken.controller.event import EventBase

from controller import events, hub
from controller.errors import HitlessError, RequestError
from controller.migration.catalog import Catalog
from controller.migration.journal import SqliteJournal
from controller.migration.manager import MigrationManager
from controller.migration.plan import MigrationPlan, MigrationRequest
from controller.migration.record import MigrationRecord
from controller.migration_news import MigrationNews
from controller.model.network import NetworkDescription
from controller.model.placement import NodeFacts, Placement
from controller.node_keeper import NodeKeeper, Readiness, Standing
from controller.reports import FunctionReport, NodeReport, function_reports
from controller.settings import Settings
from controller.southbound.driver import NodeState, PacketIn
from controller.southbound.factory import make_driver
from controller.southbound.program import Program

LOG = logging.getLogger(__name__)

REFRESH_TIMEOUT_S = 2.0
"A node that has not said by then what it holds is shown as it was last heard."
FRESH_S = 0.2
"What a node said within this time is not asked again, however many want to know."
KEEPER_STOP_TIMEOUT_S = 2.0

Emit = Callable[[EventBase], None]
"Takes an event; returns at once, from any thread."


class ManagementEntity:
    """The management entity of one described network."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Read and check the network's description and its programs; touch nothing.

        Args:
            settings: Its options; None: those of os-ken's configuration.

        Raises:
            ConfigError: an option or the description is wrong.
            ProgramError: a program is.
        """
        self.settings = settings or Settings.read()
        self.version = importlib.metadata.version("hitless")
        self.network = NetworkDescription.read(self.settings.network_file)
        self.programs = {
            name: Program.read(name, files.json, files.p4info)
            for name, files in self.network.programs.items()
        }
        self._catalog = Catalog(self.programs)
        self._catalog.check(self.network)
        self._drivers = {
            name: make_driver(node.address(self.settings.node))
            for name, node in self.network.nodes.items()
        }
        self._keepers = {name: NodeKeeper(name, self) for name in self.network.nodes}
        self._emit: Emit = lambda _event: None
        self._view_lock = threading.Lock()
        self._view = Placement(self.network, {}, {})
        self._journal: SqliteJournal | None = None
        self._manager: MigrationManager | None = None
        self._stopping = threading.Event()
        self._started_at = time.monotonic()

    # Life

    def start(self, emit: Emit) -> None:
        """Open the journal and begin to reach the nodes; return without waiting for them.

        Raises:
            JournalError: the journal cannot be used, or another management entity uses it.
        """
        self._emit = emit
        self._journal = SqliteJournal(self.settings.journal_file)
        news = MigrationNews(emit, lambda record: self.audit(record.nodes))
        self._manager = MigrationManager(
            self.network,
            self._drivers,
            self.programs,
            self._journal,
            news,
            self.settings.migration,
        )
        for name, driver in self._drivers.items():
            self._keepers[name].start()
            driver.start(self)
        threading.Thread(target=self._recover, name="recovery", daemon=True).start()

    def close(self) -> None:
        """Stop; migrations under way stay in the journal, to be gone on with. Idempotent."""
        self._stopping.set()
        for keeper in self._keepers.values():
            keeper.stop(KEEPER_STOP_TIMEOUT_S)
        if self._manager is not None:
            self._manager.close()
        for driver in self._drivers.values():
            driver.stop()
        if self._journal is not None:
            self._journal.close()

    def _recover(self) -> None:
        """Wait until the nodes are there, or for the time limit; see to what was under way."""
        deadline = time.monotonic() + self.settings.startup_timeout_s
        while not all(k.standing.readiness is Readiness.READY for k in self._keepers.values()):
            if time.monotonic() > deadline or self._stopping.wait(0.02):
                break
        if self._stopping.is_set():
            return
        try:
            self.recover()
        except HitlessError as exc:
            LOG.error("what was under way cannot be gone on with: %s", exc)

    # The network

    def node_names(self) -> list[str]:
        """Return the names of all described nodes."""
        return list(self.network.nodes)

    def function_names(self) -> list[str]:
        """Return the names of all functions that programs have."""
        return list(self._catalog.functions())

    def nodes(self) -> list[NodeReport]:
        """Report on each node, as it is now."""
        view = self.placement()
        return [
            NodeReport(self.network.nodes[name], keeper.standing, view.facts[name])
            for name, keeper in self._keepers.items()
        ]

    def functions(self) -> list[FunctionReport]:
        """Report on each function of the programs."""
        return function_reports(self._catalog, self.placement())

    def placement(self) -> Placement:
        """Ask all nodes, side by side, and return who enforces what."""
        wait([keeper.audit(FRESH_S) for keeper in self._keepers.values()], REFRESH_TIMEOUT_S)
        return self._view

    def audit(self, nodes: Iterable[str] | None = None) -> None:
        """Have nodes (all of them unless named) asked what they hold; return at once."""
        for name in self._keepers if nodes is None else nodes:
            self._keepers[name].audit()

    def status(self) -> dict[str, Any]:
        """Report on the management entity itself, as plain data."""
        unended = self._journal.migrations(unended=True) if self._journal else []
        ready = [k for k in self._keepers.values() if k.standing.readiness is Readiness.READY]
        return {
            "version": self.version,
            "pid": os.getpid(),
            "hub": hub.NAME,
            "uptime_s": round(time.monotonic() - self._started_at, 3),
            "network_file": str(self.settings.network_file),
            "journal_file": str(self.settings.journal_file),
            "nodes": {"ready": len(ready), "total": len(self._keepers)},
            "under_way": [record.id for record in unended],
        }

    # Migrations: each raises what the method of the same name of MigrationManager raises.

    def plan(self, request: MigrationRequest) -> MigrationPlan:
        """Plan a migration without doing anything."""
        return self._running().plan(request)

    def migrate(self, request: MigrationRequest) -> int:
        """Begin a migration; return its id."""
        return self._running().submit(request)

    def migration(self, migration_id: int) -> MigrationRecord:
        """Return a migration as it is now."""
        return self._running().get(migration_id)

    def migrations(self, last: int) -> list[MigrationRecord]:
        """Return the latest migrations, up to so many, oldest first."""
        return self._running().list()[-last:]

    def recover(self) -> list[MigrationRecord]:
        """Finish or undo what was interrupted or waits, as far as that can be done now."""
        records = self._running().recover()
        self.audit()
        return records

    def _running(self) -> MigrationManager:
        if self._manager is None:
            raise RequestError("the management entity is starting: try again")
        return self._manager

    # What drivers tell (controller.southbound.driver.NodeListener)

    def on_state(self, node: str, state: NodeState, reason: str) -> None:
        """A session changed."""
        self._keepers[node].changed(state, reason)

    def on_packet_in(self, node: str, packet: PacketIn) -> None:
        """A node sent a packet; probes of migrations are for the manager alone."""
        if self._manager is None or not self._manager.on_packet_in(node, packet):
            self._emit(events.EventPacketIn(node, packet))

    def on_digest(self, node: str, digest: P4DigestList) -> None:
        """A node sent digests."""
        self._emit(events.EventDigest(node, digest))

    # What keepers need (controller.node_keeper.NodeCare)

    def set_up(self, node: str) -> None:
        """Bring a node to what it should be, and on with migrations that wait for it."""
        self._running().node_back(node)

    def ask(self, node: str) -> NodeFacts:
        """Ask a node what it holds."""
        return self._running().facts(node)

    def on_facts(self, facts: NodeFacts) -> None:
        """Take what a node said into the view."""
        placed = self._running().placed()
        with self._view_lock:
            before = self._view
            after = Placement(self.network, {**before.facts, facts.name: facts}, placed)
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
        if after.readiness is Readiness.DOWN and before.readiness is not Readiness.DOWN:
            self._running().node_lost(node)
        self._emit(EVENT_OF[after.readiness](node, after.reason))


EVENT_OF: dict[Readiness, type[events.EventNodeBase]] = {
    Readiness.DOWN: events.EventNodeDown,
    Readiness.BACKUP: events.EventNodeUp,
    Readiness.SETTING_UP: events.EventNodePrimary,
    Readiness.READY: events.EventNodeReady,
    Readiness.FAILED: events.EventNodeFailed,
}
