"""The way in to migrations: plan, submit, watch, recover; and the view of who enforces what.

One manager per ME. It blocks and is thread-safe; each migration runs on a thread of its own. Two
migrations run beside each other unless they move the same slots of a function, or one reloads a
node that the other needs: then the second is refused.

A node that comes back is provisioned first (``node_back``), then the migrations that wait for it
go on. After a restart of the ME, ``recover`` decides on every migration that the journal has and
that has not ended; until then nothing that the journal knows is gone on with, because nodes may
still be connecting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from controller.errors import HitlessError, RequestError
from controller.migration.catalog import Catalog
from controller.migration.executor import Executor
from controller.migration.function_tables import refuse_other_entries
from controller.migration.journal import Journal
from controller.migration.move import MigrationListener, Move
from controller.migration.plan import (
    MigrationPlan,
    MigrationRequest,
    make_plan,
    refuse_conflicts,
)
from controller.migration.probes import Probes
from controller.migration.provision import ProvisionReport
from controller.migration.record import MigrationRecord
from controller.migration.sequences import step_records, steps_for
from controller.migration.site import MigrationOptions, Site
from controller.migration.states import MigrationState
from controller.migration.steward import Steward
from controller.model.network import NetworkDescription
from controller.model.placement import NodeFacts, Placement
from controller.southbound.driver import NodeDriver, PacketIn
from controller.southbound.program import Program
from controller.state.words import ask

LOG = logging.getLogger(__name__)

Spawn = Callable[[Callable[[], object], str], None]
"""Runs a function beside the caller; the text is a name for the thread."""


def spawn_thread(work: Callable[[], object], name: str) -> None:
    """Run a function on a thread that does not keep the process alive."""
    threading.Thread(target=work, name=name, daemon=True).start()


class MigrationManager:
    """Runs the migrations of one network."""

    def __init__(
        self,
        network: NetworkDescription,
        drivers: Mapping[str, NodeDriver],
        programs: Mapping[str, Program],
        journal: Journal,
        listener: MigrationListener,
        options: MigrationOptions | None = None,
        *,
        flush: Callable[[str, str], None] | None = None,
        sleep: Callable[[float], None] | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
        spawn: Spawn = spawn_thread,
    ) -> None:
        """Check the description against the programs, and load what has not ended.

        Args:
            network: The network's description.
            drivers: A driver for each of its nodes.
            programs: Its programs, read.
            journal: Durable state.
            listener: Hears of every change of a migration.
            options: Time limits and bounds.
            flush: Waits for packets under way between two nodes; None: by probes.
            sleep: Waits so many seconds; for tests.
            now_ns: The host's monotonic clock; for tests.
            spawn: Runs a migration beside the caller; for tests.

        Raises:
            ConfigError: the description names a table, function or slot that no program has.
            ProgramError: a program's annotations are wrong.
            JournalError: the journal cannot be read.
        """
        self._catalog = Catalog(programs)
        self._catalog.check(network)
        options = options or MigrationOptions()
        self._probes = Probes(network, drivers, options.probe_timeout_s)
        self._site = Site(
            network, drivers, programs, options, flush or self._probes.flush, sleep, now_ns
        )
        self._journal = journal
        self._listener = listener
        self._spawn = spawn
        self._steward = Steward(self._site, self._catalog, journal)
        self._changed = threading.Condition(threading.RLock())
        self._moves = {r.id: self._move(r) for r in journal.migrations(unended=True)}
        self._driven: set[int] = set()
        self._errors: dict[int, HitlessError] = {}
        self._postponed: set[str] = set()
        self._recovered = not self._moves

    def on_packet_in(self, node: str, packet: PacketIn) -> bool:
        """Take a packet-in if it is a probe of a migration, and tell so; returns at once."""
        return self._probes.take(node, packet)

    # Requests

    def plan(self, request: MigrationRequest) -> MigrationPlan:
        """Plan a migration without doing anything.

        Raises:
            RequestError: it cannot be done; the text names what would do.
            ConflictError: another migration stands in its way.
        """
        try:
            plan = make_plan(
                request, self._view({request.source, request.destination}), self._catalog
            )
        except RequestError:
            # Other nodes matter only for what would do; one that stalls delays no other plan.
            plan = make_plan(request, self.placement(), self._catalog)
        if plan.programs.destination_before == plan.programs.destination_after:
            source, destination = (
                self._site.drivers[name] for name in (plan.source, plan.destination)
            )
            refuse_other_entries(self._site, plan.function, source, destination, plan.slots)
        with self._changed:
            refuse_conflicts(plan, self._unended())
        return plan

    def submit(self, request: MigrationRequest) -> int:
        """Plan a migration and begin it; return its id. Raises as ``plan``, and JournalError."""
        plan = self.plan(request)
        steps = steps_for(plan.mode, plan.programs)
        record = MigrationRecord(
            0,
            plan.function,
            plan.source,
            plan.destination,
            plan.slots,
            plan.method,
            plan.mode,
            plan.programs,
            step_records(steps, plan.source, plan.destination),
            created_at=time.time(),
        )
        with self._changed:
            refuse_conflicts(plan, self._unended())
            record = self._journal.create(record)
            self._moves[record.id] = self._move(record)
        self._listener.on_migration(record)
        self._drive(record.id, beside=True)
        return record.id

    def get(self, migration_id: int) -> MigrationRecord:
        """Return a migration as it is now. Raises ``RequestError`` if there is none of this id."""
        with self._changed:
            move = self._moves.get(migration_id)
        record = move.record if move else self._journal.get(migration_id)
        if record is None:
            known = ", ".join(str(r.id) for r in self._journal.migrations()[-10:]) or "none"
            raise RequestError(f"there is no migration {migration_id}; the latest are: {known}")
        return record

    def list(self) -> list[MigrationRecord]:
        """Return all migrations, oldest first."""
        return self._journal.migrations()

    def wait(self, migration_id: int, timeout_s: float) -> MigrationRecord:
        """Wait until a migration has ended or is blocked, or for ``timeout_s``; return it then.

        Raises:
            RequestError: there is no migration of this id.
            JournalError: it stopped because the journal failed.
        """
        with self._changed:
            self._changed.wait_for(lambda: migration_id not in self._driven, timeout_s)
            if migration_id in self._errors:
                raise self._errors[migration_id]
        return self.get(migration_id)

    # The view

    def placement(self) -> Placement:
        """Ask every node with a session what it is and does; return the view."""
        return self._view(set(self._site.drivers))

    def facts(self, name: str) -> NodeFacts:
        """Ask one node what it is and does; not while it is being reloaded."""
        with self._site.hold(name):
            meant = self._steward.program_of(name)
            return ask(self._site.drivers[name], self._site.programs, meant)

    def placed(self) -> dict[str, frozenset[int]]:
        """Return, per function, the slots that somebody is meant to enforce."""
        return self._steward.placed()

    # Nodes and restarts

    def node_back(self, name: str) -> ProvisionReport:
        """A node's session is up: provision it, and go on with migrations that wait for it.

        Raises:
            NodeError: it refused something, or is gone again; call again when it is back.
            JournalError: the journal cannot be written.
        """
        report = self._steward.provision(
            name, lambda: bool(self._of(name)), lambda: self._note_restart(name)
        )
        with self._changed:
            (self._postponed.add if report.postponed else self._postponed.discard)(name)
        if self._recovered:
            for move in self._of(name):
                self._drive(move.record.id, resume=True, beside=True)
        return report

    def node_lost(self, name: str) -> list[MigrationRecord]:
        """A node's session is down: return the migrations that it is a part of.

        Nothing has to be done: calls to it fail, and each step says what that means for it.
        """
        affected = [move.record for move in self._of(name)]
        for record in affected:
            LOG.warning("%s lost its session; it is a part of %s", name, record)
        return affected

    def recover(self) -> list[MigrationRecord]:
        """Finish or undo what has not ended and nobody works on; return how it came out.

        Called when the ME's start-up is over, whatever nodes are up by then; and at any time
        later, to try again what is blocked. Slots that the description places, and that no node
        which was heard enforces, are placed now.
        """
        self._recovered = True
        with self._changed:
            ids = sorted(self._moves)
        for migration_id in ids:
            self._drive(migration_id, resume=True, beside=False)
        self._steward.settle(everything=True)
        return [self.get(migration_id) for migration_id in ids]

    def close(self, timeout_s: float = 30.0) -> None:
        """Stop migrations before their next step; a later manager recovers them."""
        self._site.stop()
        with self._changed:
            self._changed.wait_for(lambda: not self._driven, timeout_s)

    # Inside

    def _view(self, names: set[str]) -> Placement:
        """Ask some nodes and return the view; the others count as not asked."""
        facts = {name: self.facts(name) for name in self._site.drivers if name in names}
        return Placement(self._site.network, facts, self._steward.placed())

    def _move(self, record: MigrationRecord) -> Move:
        return Move(self._site, self._journal, self._listener, record)

    def _unended(self) -> list[MigrationRecord]:
        return [move.record for move in self._moves.values()]

    def _of(self, node: str) -> list[Move]:
        """Return the migrations that have not ended and that a node is a part of."""
        with self._changed:
            return [move for move in self._moves.values() if node in move.record.nodes]

    def _note_restart(self, node: str) -> None:
        """Note with every migration that began that a node of it lost everything."""
        for move in self._of(node):
            if move.record.state is not MigrationState.PENDING:
                move.update(lambda record: record.with_lost(node))

    def _drive(self, migration_id: int, *, resume: bool = False, beside: bool) -> None:
        """Let an executor work on a migration, unless one does."""
        with self._changed:
            move = self._moves.get(migration_id)
            if move is None or migration_id in self._driven:
                return
            self._driven.add(migration_id)
            self._errors.pop(migration_id, None)

        def work() -> None:
            executor = Executor(move)
            try:
                record = executor.resume() if resume else executor.run()
                LOG.info("%s%s", record, f": {record.reason}" if record.reason else "")
            except HitlessError as exc:
                LOG.error("%s stopped: %s", move.record, exc)
                self._errors[migration_id] = exc
            finally:
                self._driving_ended(move)
            self._provision_postponed(move.record)
            self._try_again_later(move.record)

        if beside:
            self._spawn(work, f"migration-{migration_id}")
        else:
            work()

    def _driving_ended(self, move: Move) -> None:
        with self._changed:
            self._driven.discard(move.record.id)
            if move.record.state.ended:
                self._moves.pop(move.record.id, None)
            self._changed.notify_all()

    def _try_again_later(self, record: MigrationRecord) -> None:
        """See to it that a blocked migration does not depend on news that may never come.

        A node that only stalled keeps its session, so nobody would say that it is back.
        """
        again_s = self._site.options.again_s
        if not record.state.blocked or not again_s or self._site.stopping:
            return
        timer = threading.Timer(again_s, self._drive_again, (record.id,))
        timer.name, timer.daemon = f"migration-{record.id}-again", True
        timer.start()

    def _drive_again(self, migration_id: int) -> None:
        with self._changed:
            move = self._moves.get(migration_id)
        if move is not None and move.record.state.blocked and not self._site.stopping:
            self._drive(migration_id, resume=True, beside=False)

    def _provision_postponed(self, record: MigrationRecord) -> None:
        """Provision nodes that came back while the migration was under way."""
        for node in sorted(record.nodes & self._postponed) if record.state.ended else ():
            try:
                self.node_back(node)
            except HitlessError as exc:
                LOG.error("%s cannot be provisioned: %s", node, exc)
