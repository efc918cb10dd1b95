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

import itertools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from finsy.p4entity import P4TableEntry
from finsy.p4schema import P4Schema

from controller.errors import ConflictError, HitlessError, JournalError, RequestError
from controller.migration.catalog import Catalog
from controller.migration.function_tables import refuse_other_entries
from controller.migration.journal import Journal
from controller.migration.move import MigrationListener
from controller.migration.plan import (
    MigrationPlan,
    MigrationRequest,
    make_plan,
    refuse_conflicts,
)
from controller.migration.probes import KnownWays, Probes
from controller.migration.program_choice import program_with
from controller.migration.provision import ProvisionReport
from controller.migration.record import MigrationRecord
from controller.migration.runner import Runner, Spawn, spawn_thread
from controller.migration.sequences import step_records, steps_for
from controller.migration.site import MigrationOptions, Site
from controller.migration.states import MigrationState
from controller.migration.steward import Steward
from controller.migration.takeover import TakeOver
from controller.model.network import NetworkDescription
from controller.model.placement import NodeFacts, Placement
from controller.model.present import FixedNetwork, PresentNetwork
from controller.model.slots import format_slots
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.southbound.driver import NodeDriver, PacketIn
from controller.southbound.program import Program
from controller.state.content import cannot_carry
from controller.state.words import ask

LOG = logging.getLogger(__name__)


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
        present: PresentNetwork | None = None,
        flush: Callable[[str, str, frozenset[int]], None] | None = None,
        sleep: Callable[[float], None] | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
        spawn: Spawn = spawn_thread,
    ) -> None:
        """Check the description against the programs, and load what has not ended.

        Args:
            network: The network's description.
            drivers: A driver for each of its nodes; may gain and lose some.
            programs: Its programs, read.
            journal: Durable state.
            listener: Hears of every change of a migration.
            options: Time limits and bounds.
            present: Tells what the network is now; None: as described.
            flush: Waits for packets of slots under way between two nodes; None: by probes.
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
        present = present or FixedNetwork(network)
        self._probes = Probes(present, drivers, options.probe_timeout_s)
        self._site = Site(
            present, drivers, programs, options, flush or self._probes.flush, sleep, now_ns
        )
        self._journal = journal
        self._steward = Steward(self._site, self._catalog, journal)
        self.takeover = TakeOver(self._site, journal, self._bring)
        self._runner = Runner(self._site, journal, listener, spawn, self._ended)
        journal.prune(options.history)
        self._reach: Callable[[], Reach] = lambda: Reach(present.network, None, Policy())
        self._postponed: set[str] = set()
        self._asked = itertools.count(1)
        self._recovered = not self._runner.records()

    def on_packet_in(self, node: str, packet: PacketIn) -> bool:
        """Take a packet-in if it is a probe of a migration, and tell so; returns at once."""
        return self._probes.take(node, packet)

    def hold(self, node: str) -> AbstractContextManager[None]:
        """Keep migrations and all other operations away from a node."""
        return self._site.hold(node)

    def keep(self, keeps: Callable[[str, P4Schema], tuple[P4TableEntry, ...]]) -> None:
        """Have nodes be given more entries with a program: ``keeps`` returns them, at once."""
        self._steward.keeps = keeps

    def show_by(self, hear: Callable[..., None]) -> None:
        """Have changes shown: ``hear`` takes the facts of nodes that changed together, at once."""
        self._site.show = lambda names: hear(*map(self.facts, names))

    def probe_by(self, known_ways: KnownWays) -> None:
        """Have no more ways probed than slots' packets can be on, where that is known."""
        self._probes.known_ways = known_ways

    def reach_by(self, reach: Callable[[], Reach]) -> None:
        """Have moves checked against the paths in use: ``reach`` returns them, at once."""
        self._reach = reach

    # Requests

    def plan(self, request: MigrationRequest) -> MigrationPlan:
        """Plan a migration without doing anything.

        Raises:
            RequestError: it cannot be done; the text names what would do.
            ConflictError: another migration stands in its way.
        """
        try:
            asked = self._view({request.source, request.destination})
            plan = make_plan(request, asked, self._catalog, self._reach())
        except RequestError:
            # Other nodes matter only for what would do; one that stalls delays no other plan.
            plan = make_plan(request, self.placement(), self._catalog, self._reach())
        if not plan.programs.destination_reloads:
            source, destination = (
                self._site.drivers[name] for name in (plan.source, plan.destination)
            )
            refuse_other_entries(self._site, plan.function, source, destination, plan.slots)
        refuse_conflicts(plan, self._runner.records())
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
        return self._runner.begin(record, lambda others: refuse_conflicts(plan, others)).id

    def get(self, migration_id: int) -> MigrationRecord:
        """Return a migration as it is now. Raises ``RequestError`` if there is none of this id."""
        record = self._runner.record(migration_id) or self._journal.get(migration_id)
        if record is None:
            ids = [r.id for r in self._journal.migrations()]
            known = ", ".join(map(str, ids[-10:])) or "none"
            what = "there is no migration"
            if ids and 0 < migration_id < ids[-1]:
                what = "the journal's history does not go back to migration"
            raise RequestError(f"{what} {migration_id}; the latest are: {known}")
        return record

    def unended(self) -> Sequence[MigrationRecord]:
        """Return the migrations that have not ended, oldest first; from memory."""
        return self._runner.records()

    def migrations(self) -> list[MigrationRecord]:
        """Return all migrations that the journal keeps, oldest first."""
        return self._journal.migrations()

    def wait(self, migration_id: int, timeout_s: float) -> MigrationRecord:
        """Wait until a migration has ended or is blocked, or for ``timeout_s``; return it then.

        Raises:
            RequestError: there is no migration of this id.
            JournalError: it stopped because the journal failed.
        """
        self._runner.wait(migration_id, timeout_s)
        return self.get(migration_id)

    # The view

    def placement(self) -> Placement:
        """Ask every node with a session what it is and does; return the view."""
        return self._view(set(self._site.drivers))

    def facts(self, name: str) -> NodeFacts:
        """Ask one node what it is and does; not while it is being reloaded."""
        with self._site.hold(name):
            number = next(self._asked)
            meant = self._steward.program_of(name)
            facts = ask(self._site.drivers[name], self._site.programs, meant)
        return replace(facts, number=number)

    def intended(self) -> dict[str, dict[int, str]]:
        """Return who is meant to enforce what: function to slot to node."""
        found = {
            function: {slot: node for node, slots in nodes.items() for slot in slots}
            for function, nodes in self._site.network.functions.items()
        }
        for function, placement in self._journal.intent().placement.items():
            found.setdefault(function, {}).update(placement)
        return found

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
            name,
            busy=lambda: bool(self._runner.moves_of(name)),
            restarted=lambda: self._note_restart(name),
        )
        (self._postponed.add if report.postponed else self._postponed.discard)(name)
        if report.postponed and not self._runner.moves_of(name):
            return self.node_back(name)  # the migration has ended before this was noted
        if self._recovered:
            for move in self._runner.moves_of(name):
                self._runner.resume(move.record.id, beside=True)
        return report

    def push(self, name: str, program: str) -> ProvisionReport:
        """Give a node another program, with what it holds as far as the program has room for it.

        Raises:
            ConflictError: a migration that has not ended has the node.
            RequestError: it enforces slots, or there is no such program.
            NodeError: it refused, and runs what it ran before; or is gone, and gets the program
                when it is back.
        """
        if program not in self._site.programs:
            names = ", ".join(self._site.programs)
            raise RequestError(f"there is no program {program!r}; these would do: {names}")
        with self._site.hold(name):
            if moves := self._runner.moves_of(name):
                raise ConflictError(f"{name} is a part of {moves[0].record}: try again after it")
            return self._steward.push(name, program)

    def _bring(self, function: str, name: str) -> None:
        """Give a node a function besides those that it has.

        Raises as ``push``, and RequestError if what it holds could not be carried over.
        """
        program = program_with(function, self.facts(name), self._catalog)
        driver, schema = self._site.drivers[name], self._site.program(program).schema
        problem = cannot_carry(driver.schema, schema, driver.table_entries())
        if problem:
            raise RequestError(f"{name} cannot be reloaded with {program}: {problem}")
        LOG.info("%s does not have %s and is reloaded with %s", name, function, program)
        self.push(name, program)

    def refuse_removal(self, name: str) -> None:
        """Raise if something would be lost with a node.

        Raises:
            RequestError: it enforces slots, by its own word or by what is meant to be.
            ConflictError: a migration that has not ended has it.
        """
        for move in self._runner.moves_of(name):
            raise ConflictError(f"{name} is a part of {move.record}: wait until it has ended")
        meant = self._journal.intent().placement
        slots = {
            f: {slot for slot, at in nodes.items() if at == name} for f, nodes in meant.items()
        }
        for function, facts in self.facts(name).functions.items():
            slots[function] = slots.get(function, set()) | facts.enforce
        held = [f"{f}, slots {format_slots(s)}" for f, s in slots.items() if s]
        if held:
            raise RequestError(f"{name} enforces {'; '.join(held)}: move them elsewhere first")

    def node_lost(self, name: str) -> list[MigrationRecord]:
        """A node's session is down: return the migrations that it is a part of.

        Nothing has to be done: calls to it fail, and each step says what that means for it.
        """
        affected = [move.record for move in self._runner.moves_of(name)]
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
        ids = [record.id for record in self._runner.records()]
        for migration_id in ids:
            self._runner.resume(migration_id, beside=False)
        self._steward.settle(everything=True)
        return [self.get(migration_id) for migration_id in ids]

    def close(self, timeout_s: float = 30.0) -> None:
        """Stop migrations before their next step; a later manager recovers them."""
        self._site.stop()
        self._runner.close(timeout_s)

    # Inside

    def _view(self, names: set[str]) -> Placement:
        """Ask some nodes and return the view; the others count as not asked."""
        facts = {name: self.facts(name) for name in list(self._site.drivers) if name in names}
        return Placement(self._site.network, facts, self._steward.placed())

    def _note_restart(self, node: str) -> None:
        """Note with every migration that began that a node of it lost everything."""
        for move in self._runner.moves_of(node):
            if move.record.state is not MigrationState.PENDING:
                move.update(lambda record: record.with_lost(node))

    def _ended(self, record: MigrationRecord) -> None:
        self._provision_postponed(record)
        try:
            self._journal.prune(self._site.options.history)
        except JournalError as exc:
            LOG.error("the journal keeps more than it should: %s", exc)

    def _provision_postponed(self, record: MigrationRecord) -> None:
        """Provision nodes that came back while a migration was under way that has ended."""
        for node in sorted(record.nodes & self._postponed):
            try:
                self.node_back(node)
            except HitlessError as exc:
                LOG.error("%s cannot be provisioned: %s", node, exc)
