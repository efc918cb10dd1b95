"""The management entity: the view of the network, the nodes that it keeps, the migrations.

It puts the parts together (nodes, manager of migrations, journal, news) and is what apps and
operators' commands see.

Choices:
- Everything in here runs on real threads, whatever hub os-ken runs on. Apps call methods through
  ``controller.hub.call``; events leave through a function that returns at once.
- Making the object reads and checks all files and touches nothing, so that a configuration can be
  checked beside a running management entity; ``start`` touches.
- Nodes are set up side by side, each in order. When all are, or after a time limit, what the
  journal says was under way is finished or undone; nodes that come later are seen to then.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from controller import events, hub
from controller.config.settings import Settings
from controller.discovery.tables import punt_entries
from controller.discovery.watch import TopologyWatch
from controller.errors import ConflictError, HitlessError, RequestError
from controller.forwarding.forwarder import Forwarder
from controller.load.watch import LoadWatch
from controller.migration.catalog import Catalog
from controller.migration.journal import SqliteJournal
from controller.migration.manager import MigrationManager
from controller.migration.plan import MigrationPlan, MigrationRequest
from controller.migration.program_choice import could_have
from controller.migration.provision import ProvisionReport
from controller.migration.record import MigrationRecord
from controller.model.network import NetworkDescription, with_entries
from controller.model.parts import NodeDescription
from controller.model.placement import Placement
from controller.model.standing import Standing
from controller.news.history import EventHistory
from controller.news.load import LoadNews
from controller.news.migration import MigrationNews
from controller.news.topology import TopologyNews
from controller.nodes.library import ProgramLibrary
from controller.nodes.registration import Registry
from controller.nodes.watch import Emit, NodeWatch
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.reports import FunctionReport, NodeReport, function_reports
from controller.scaling.checkpoints import Checkpoints
from controller.scaling.policy_in_force import PolicyInForce
from controller.scaling.recovery import Recovery
from controller.scaling.scaler import Scaler
from controller.scaling.sight import Sight, Sources
from controller.southbound.driver import NodeDriver
from controller.state.checkpoint_store import CheckpointStore
from controller.state.manifest_reader import read_manifests

LOG = logging.getLogger(__name__)

PATHS_TIMEOUT_S = 5.0
"How long a migration waits, after a start, until packets take known paths."
PATHS_POLL_S = 0.5


class ManagementEntity:
    """The management entity of one described network."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Read and check the network's description and its programs; touch nothing.

        Args:
            settings: Its options; None: those of os-ken's configuration.

        Raises:
            ConfigError: an option, the description or the policy is wrong.
            ProgramError: a program is.
        """
        self.settings = settings or Settings.read()
        if self.settings.rpc_tls is not None:
            self.settings.rpc_tls.context()  # made again to serve; here for ``--check``
        self.version = importlib.metadata.version("hitless")
        described = NetworkDescription.read(self.settings.network_file)
        self.programs = ProgramLibrary(described, self.settings.added_programs)
        self._catalog = Catalog(self.programs)
        self._described = described
        policy_file = self.settings.policy_file
        policy = Policy.read(policy_file) if policy_file else Policy()
        policy.check(described, self._catalog.functions())
        self.thresholds = PolicyInForce(policy)
        self.history = EventHistory()
        self._reach = Reach(described, None, policy)
        discovery = self.settings.discovery
        self._entries = punt_entries(self.programs.values()) if discovery.enabled else ()
        self.topology = TopologyWatch(
            with_entries(described, self._entries), discovery, self.settings.startup_timeout_s
        )
        self._watch = NodeWatch(self.topology, self.settings.node)
        self._journal: SqliteJournal | None = None
        self._manager: MigrationManager | None = None
        self.forwarding: Forwarder | None = None
        "None: forwarding is off, or ``start`` was not called."
        self.scaling: Scaler | None = None
        "None: ``start`` was not called."
        self.recovery: Recovery | None = None
        "None: forwarding is off, or ``start`` was not called."
        self._store: CheckpointStore | None = None
        self._checkpoints: Checkpoints | None = None
        self._nodes: Registry | None = None
        self.load: LoadWatch | None = None
        "None: load is not measured, or ``start`` was not called."
        self._stopping = threading.Event()
        self._started_at = time.monotonic()

    # Life

    def start(self, emit: Emit) -> None:
        """Open the journal and begin to reach the nodes; return without waiting for them.

        Raises:
            JournalError: the journal cannot be used, or another management entity uses it.
        """
        self._journal = SqliteJournal(self.settings.journal_file)
        self._nodes = Registry(
            self._described,
            self.programs,
            self._entries,
            self._journal,
            self.topology,
            self._watch,
        )
        self._nodes.restore()
        self.thresholds.restore(self._journal)
        self._manager = MigrationManager(
            self.network,
            self._watch.drivers,
            self.programs,
            self._journal,
            MigrationNews(emit, lambda record: self._watch.audit(record.nodes)),
            self.settings.migration,
            present=self.topology,
        )
        if self.settings.forwarding.enabled:
            self.forwarding = Forwarder(
                self.topology.snapshot,
                self._watch.drivers,
                self._manager.hold,
                self.settings.forwarding,
                lambda moved: emit(events.EventPathsMoved(moved)),
            )
            self._manager.keep(self.forwarding.kept)
            self._manager.probe_by(self.forwarding.ways_between)
        self._manager.reach_by(self._reach_for_moves)
        sources = Sources(
            self._manager,
            self._catalog,
            self._watch.latest,
            self.reach,
            lambda: self.policy,
            self._catalog.port_labels,
        )
        sight = Sight(sources)
        self.scaling = Scaler(sight, self.settings.scaling, emit, self._journal)
        self.scaling.start()
        self._keep_functions_on_paths(sight, self.scaling.news.pass_on)
        self.topology.start(self._watch, TopologyNews(emit).on_changes)
        self._watch.start(self._manager, emit, self.topology)
        if self.settings.load.enabled:
            self.load = LoadWatch(
                self.topology,
                self._watch.drivers,
                lambda node: self.policy.thresholds(node),
                self.settings.load,
                LoadNews(emit),
            )
            self.load.start()
        threading.Thread(target=self._start_up, name="start-up", daemon=True).start()

    def close(self) -> None:
        """Stop; migrations under way stay in the journal, to be gone on with. Idempotent."""
        self._stopping.set()
        self.topology.close()
        if self.load is not None:
            self.load.close()
        self._watch.stop_keepers()
        for part in (self.scaling, self.recovery, self._checkpoints):
            if part is not None:
                part.close()
        if self.forwarding is not None:
            self.forwarding.close()
        if self._manager is not None:
            self._manager.close()
        self._watch.stop_drivers()
        for store in (self._store, self._journal):
            if store is not None:
                store.close()

    def _keep_functions_on_paths(self, sight: Sight, emit: Emit) -> None:
        """Take checkpoints, and take slots over where paths move away from who enforces them."""
        assert self._manager is not None
        self._store = CheckpointStore(self.settings.checkpoint_file)
        self._checkpoints = Checkpoints(
            self._manager,
            self._watch.drivers,
            self._manager.hold,
            self._watch.latest,
            self._store,
            lambda: self.policy.checkpoint_interval_s if self.forwarding else 0.0,
        )
        self._checkpoints.start()
        if self.forwarding is not None:
            forwarding = self.forwarding
            self.recovery = Recovery(
                sight,
                self._store,
                self.settings.scaling,
                emit,
                forwarding.changed,
                self._reread,
                lambda: forwarding.in_step,
            )
            self.recovery.start()
            forwarding.set_gate(self.recovery.may_use)
            forwarding.start()

    def _start_up(self) -> None:
        """Wait until the nodes are there, or for the time limit; see to what was under way."""
        deadline = time.monotonic() + self.settings.startup_timeout_s
        while self._watch.ready() < len(self.network.nodes) and time.monotonic() < deadline:
            if self._stopping.wait(0.02):
                return
        try:
            self.recover()
        except HitlessError as exc:
            LOG.error("what was under way cannot be gone on with: %s", exc)
        while self.forwarding is not None and not self.forwarding.wait_begun(PATHS_POLL_S):
            if self._stopping.is_set():
                return
        if self.scaling is not None:
            self.scaling.go_on()

    # The network

    @property
    def network(self) -> NetworkDescription:
        """The network as it is now: described, registered, discovered. Immutable."""
        return self.topology.network

    @property
    def policy(self) -> Policy:
        """What is wanted of planning now. Immutable."""
        return self.thresholds.now

    def reach(self) -> Reach:
        """Return which nodes see which packets now. At once; the same object while it holds."""
        now = (self.network, self.forwarding.paths if self.forwarding else None, self.policy)
        reach = self._reach
        if not reach.follows(*now):
            labels = self._catalog.port_labels(now[0])
            self._reach = reach = Reach(*now, labels)
        return reach

    def _reach_for_moves(self) -> Reach:
        """Return the same for a migration, which may have to wait until paths are known.

        Raises:
            ConflictError: nodes are not led along them yet.
        """
        if self.forwarding is not None and not self.forwarding.wait_begun(PATHS_TIMEOUT_S):
            raise ConflictError(
                "nodes do not forward along known paths yet: wait until all nodes are ready and "
                "their links are heard"
            )
        return self.reach()

    def node_names(self) -> list[str]:
        """Return the names of all nodes."""
        return list(self.network.nodes)

    def function_names(self) -> list[str]:
        """Return the names of all functions that programs have."""
        return list(self._catalog.functions())

    def driver(self, node: str) -> NodeDriver:
        """Return a node's driver, to look at what the node holds.

        Raises:
            RequestError: there is no such node.
        """
        try:
            return self._watch.drivers[node]
        except KeyError:
            names = ", ".join(self.node_names())
            raise RequestError(f"there is no node {node!r}; these would do: {names}") from None

    def nodes(self) -> list[NodeReport]:
        """Ask all nodes, side by side, and report on each."""
        return self._reports(self.placement())

    def nodes_as_heard(self) -> list[NodeReport]:
        """Report on each node as it was last heard; at once, nobody is asked."""
        return self._reports(self.latest())

    def _reports(self, view: Placement) -> list[NodeReport]:
        return [
            NodeReport(view.network.nodes[name], standing, view.facts[name])
            for name, standing in self._watch.standings().items()
            if name in view.facts
        ]

    def standings(self) -> dict[str, Standing]:
        """Return how each node stands, without asking it."""
        return self._watch.standings()

    def latest(self) -> Placement:
        """Return who enforces what as it was last heard, without asking anybody."""
        return self._watch.latest()

    def functions(self) -> list[FunctionReport]:
        """Report on each function of the programs."""
        return function_reports(self._catalog, self.placement())

    def able_nodes(self, function: str) -> list[str]:
        """Return the nodes that have a function, or could get it by a reload, as last heard."""
        facts = self.latest().facts
        return [name for name, node in facts.items() if could_have(function, node, self._catalog)]

    def placement(self) -> Placement:
        """Ask all nodes, side by side, and return who enforces what."""
        return self._watch.view()

    def audit(self) -> None:
        """Have all nodes asked what they hold; return at once."""
        self._watch.audit()

    def status(self) -> dict[str, Any]:
        """Report on the management entity itself, as plain data."""
        unended = self._journal.migrations(unended=True) if self._journal else []
        return {
            "version": self.version,
            "pid": os.getpid(),
            "hub": hub.NAME,
            "uptime_s": round(time.monotonic() - self._started_at, 3),
            "network_file": str(self.settings.network_file),
            "journal_file": str(self.settings.journal_file),
            "nodes": {"ready": self._watch.ready(), "total": len(self.network.nodes)},
            "under_way": [record.id for record in unended],
        }

    def add_program(self, name: str, json: Path, p4info: Path, *, keep: bool) -> list[str]:
        """Take a program in; return its functions. Raises as ``ProgramLibrary.add``."""
        program = self.programs.add(name, json, p4info, keep=keep)
        return list(read_manifests(program.schema, name))

    def push_program(self, node: str, program: str) -> ProvisionReport:
        """Give a node another program. Raises as ``MigrationManager.push``."""
        try:
            return self._watch.manager.push(node, program)
        finally:
            self._reread([node])

    def _reread(self, nodes: Collection[str]) -> None:
        """Nodes hold something else now: have them asked."""
        self._watch.audit(nodes)
        if self.forwarding is not None:
            self.forwarding.reread(nodes)

    # Registration of nodes: see ``Registry``

    def add_node(self, node: NodeDescription) -> None:
        """Take a node into the network, for good: also after a restart."""
        self._registry().add(node)

    def remove_node(self, name: str) -> None:
        """Take a node out of the network, for good; the node goes on with what it has."""
        self._registry().remove(name, self._watch.manager.refuse_removal)

    def _registry(self) -> Registry:
        if self._nodes is None:
            raise RequestError("the management entity is starting: try again")
        return self._nodes

    # Migrations: each raises what the method of MigrationManager that it calls raises.

    def plan(self, request: MigrationRequest) -> MigrationPlan:
        """Plan a migration without doing anything."""
        return self._watch.manager.plan(request)

    def migrate(self, request: MigrationRequest) -> int:
        """Begin a migration; return its id."""
        return self._watch.manager.submit(request)

    def migration(self, migration_id: int) -> MigrationRecord:
        """Return a migration as it is now."""
        return self._watch.manager.get(migration_id)

    def migrations(self, last: int) -> list[MigrationRecord]:
        """Return the latest migrations, up to so many, oldest first."""
        return self._watch.manager.migrations()[-last:]

    def recover(self) -> list[MigrationRecord]:
        """Finish or undo what was interrupted or waits, as far as that can be done now."""
        records = self._watch.manager.recover()
        self.audit()
        return records
