"""Scaling: hears that a node is loaded or idle, plans, and carries plans out, one move at a time.

Choices:
- One thread does it, so plans never overlap; what comes in meanwhile waits, and is planned anew
  when its turn comes, by the load of then. From news to a plan's first step it is milliseconds.
- A move that fails ends its plan: what holds next is planned next. Its slots are left alone for the
  cool-down, like slots that moved, whoever moved them.
- A node that stays loaded, or idle, is told of again after its cool-down, and planned for again.
- What an operator asks for is carried out in every mode, also while paused. It is kept
  (``orders``), and what a restart interrupted is gone on with.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from controller import events
from controller.errors import ConflictError, HitlessError, RequestError
from controller.load.snapshot import LoadSnapshot
from controller.migration.journal import Journal
from controller.migration.plan import MigrationRequest
from controller.migration.record import MigrationRecord
from controller.migration.states import MigrationState
from controller.planning.drain import drain
from controller.planning.plan import Kind, ScalePlan, SlotMove
from controller.planning.scale import scale_in, scale_out
from controller.planning.takeover import replace_dead
from controller.planning.view import NetworkView, SlotOf
from controller.scaling.options import ScalingOptions
from controller.scaling.orders import Orders, left_of
from controller.scaling.plan_news import PlanNews
from controller.scaling.sight import Sight

LOG = logging.getLogger(__name__)

KINDS: tuple[Kind, ...] = ("scale_out", "scale_in", "drain")
"What can be proposed."

_CONFLICT_PAUSE_S = 0.1

_Job = Callable[[], object]


class Scaler:
    """Acts on load."""

    def __init__(
        self,
        sight: Sight,
        options: ScalingOptions,
        emit: Callable[[events.MeEvent], None],
        journal: Journal,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing runs before ``start``.

        Args:
            sight: Looks at the network.
            options: Whether to act, and time limits.
            emit: Takes an event; returns at once.
            journal: Keeps what operators order.
            now: A monotonic clock, seconds.
        """
        self._sight = sight
        self._manager = sight.sources.manager
        self._options = options
        self._emit = emit
        self._now = now
        self.news = PlanNews(emit, now)
        self._orders = Orders(journal)
        self._interrupted = tuple(self._orders.plans)
        sight.avoided = lambda: self._orders.drained
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._moved_at: dict[SlotOf, float] = {}
        self._waiting: set[str] = set()
        self._current: ScalePlan | None = None
        self._thread = threading.Thread(target=self._run, name="scaling", daemon=True)

    # Life

    def start(self) -> None:
        """Begin to act."""
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop before the next move; one under way goes on by itself. Idempotent."""
        self._stopping.set()
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    # News; each returns at once

    def on_load(self, snapshot: LoadSnapshot) -> None:
        """Load was measured."""
        self._sight.loads = snapshot.slot_loads()

    def on_high(self, node: str, snapshot: LoadSnapshot) -> None:
        """A node is loaded."""
        self.on_load(snapshot)
        self._ask(node, lambda: self._scale("scale_out", node))

    def on_low(self, snapshot: LoadSnapshot) -> None:
        """A node is idle: it does not matter which, they are gathered together."""
        self.on_load(snapshot)
        self._ask("", lambda: self._scale("scale_in", ""))

    def on_node_left(self, node: str) -> None:
        """A node is gone; where forwarding is off, nobody can take over what it enforced."""
        self._ask(f"{node} left", lambda: self._tell_lost(node))

    def on_migration(self, record: MigrationRecord) -> None:
        """A migration has ended, whoever asked for it."""
        self._note_moved(record.function, record.slots)

    # Operators

    def status(self) -> dict[str, Any]:
        """Report, as plain data."""
        with self._lock:
            current = self._current
        return {
            "mode": self._options.mode,
            "paused": self._orders.paused,
            "draining": sorted(self._orders.drained),
            "plan": current.to_dict() if current else None,
            "plans": self.news.latest(),
        }

    def pause(self) -> None:
        """Make no moves by ourselves until ``resume``; one under way goes on.

        Raises:
            JournalError: it cannot be written down.
        """
        if self._orders.pause(True):
            self._emit(events.EventScalingPaused())

    def resume(self) -> None:
        """Act again.

        Raises:
            JournalError: it cannot be written down.
        """
        if self._orders.pause(False):
            self._emit(events.EventScalingResumed())

    def propose(self, kind: Kind, node: str = "") -> ScalePlan:
        """Plan without doing anything.

        Args:
            kind: One of ``KINDS``.
            node: The node to relieve or to drain; no matter for ``scale_in``.

        Raises:
            RequestError: there is no such kind or node.
        """
        view = self._look(avoid=node if kind == "drain" else "")
        if kind == "scale_in":
            return scale_in(view, self._now())
        facts = view.placement.facts.get(node)
        if facts is None:
            would_do = ", ".join(view.placement.facts)
            raise RequestError(f"node {node!r} is unknown; these would do: {would_do}")
        if not facts.reachable:
            raise RequestError(f"node {node} does not answer: {facts.reason}")
        if kind == "scale_out":
            return scale_out(view, node, self._now())
        if kind == "drain":
            return drain(view, node)
        raise RequestError(f"plan {kind!r} is unknown; these would do: {', '.join(KINDS)}")

    def carry_out(self, kind: Kind, node: str = "") -> ScalePlan:
        """Begin what ``propose`` says, whatever the mode; return the plan.

        Raises:
            RequestError: there is no such kind or node, or nothing can be moved; with the reasons.
            JournalError: it cannot be written down.
        """
        plan = self.propose(kind, node)
        if not plan:
            raise RequestError(f"{kind} {node}".strip() + f": {'; '.join(plan.explanation)}")
        self._orders.begin(plan)
        self._jobs.put(lambda: self._carry_out_order(plan))
        return plan

    def drain(self, node: str) -> ScalePlan:
        """Begin to empty a node, and give it nothing until ``undrain``; return the plan.

        Raises:
            RequestError: there is no such node, or it enforces something that nobody can take.
            JournalError: it cannot be written down.
        """
        plan = self.propose("drain", node)
        if not plan and not plan.complete:
            raise RequestError(f"{node} cannot be drained: {'; '.join(plan.explanation)}")
        self._orders.drain(node, True)
        if plan:
            self._jobs.put(lambda: self._carry_out(plan, asked=True))
        return plan

    def go_on(self) -> None:
        """Go on with what operators had ordered when the process ended before."""
        for node in sorted(self._orders.drained):
            self._jobs.put(partial(self._drain_the_rest, node))
        for plan in self._interrupted:
            self._jobs.put(partial(self._carry_out_order, plan))

    def undrain(self, node: str) -> None:
        """Let a node have slots again.

        Raises:
            RequestError: it was not drained.
            JournalError: it cannot be written down.
        """
        if node not in self._orders.drained:
            drained = ", ".join(sorted(self._orders.drained)) or "none"
            raise RequestError(f"{node} is not drained; drained now: {drained}")
        self._orders.drain(node, False)

    # The thread

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stopping.is_set():
            try:
                job()
            except HitlessError as exc:
                LOG.error("scaling: %s", exc)
            except Exception:
                LOG.exception("scaling met a defect; it goes on")

    def _ask(self, key: str, job: _Job) -> None:
        """Have something planned, once for all who ask before it is."""
        if self._options.mode == "off" or not self._thread.is_alive():
            return
        with self._lock:
            if key in self._waiting:
                return
            self._waiting.add(key)

        def planned() -> None:
            with self._lock:
                self._waiting.discard(key)
            job()

        self._jobs.put(planned)

    def _scale(self, kind: Kind, node: str) -> None:
        plan = self.propose(kind, node)
        act = self._options.mode == "act" and not self._orders.paused
        if act and plan:
            self._carry_out(plan, asked=False)
        elif plan or not plan.complete:
            self.news.tell(plan, "advised" if plan else "impossible")

    def _drain_the_rest(self, node: str) -> None:
        plan = self.propose("drain", node)
        if plan:
            self._carry_out(plan, asked=True)
        elif not plan.complete:
            self.news.tell(plan, "impossible")

    def _carry_out_order(self, plan: ScalePlan) -> None:
        """Carry out what is left of a plan that an operator asked for."""
        left = left_of(plan, self._manager.intended())
        if not left or self._carry_out(left, asked=True):
            self._orders.end(plan)

    def _tell_lost(self, node: str) -> None:
        view = self._look()
        lost: dict[str, frozenset[int]] = {}
        for function, nodes in self._manager.intended().items():
            if slots := frozenset(slot for slot, at in nodes.items() if at == node):
                lost[function] = slots
        if lost and view.reach.paths is None:  # else it is recovery's part
            self.news.tell(replace_dead(view, node, lost, {}), "impossible")

    def _carry_out(self, plan: ScalePlan, *, asked: bool) -> bool:
        """Make a plan's moves, one after another; tell whether it came to its end.

        Args:
            plan: The plan.
            asked: An operator asked for it: it is carried out while paused, too.
        """
        with self._lock:
            self._current = plan
        self.news.tell(plan, "begun")
        state, reason, done = "finished", "", []
        for move in plan.moves:
            if self._stopping.is_set():
                state, reason = "stopped", "it is shut down"
                break
            if self._orders.paused and not asked:
                state, reason = "stopped", "paused"
                break
            try:
                done.append(self._move(move))
            except HitlessError as exc:
                state, reason = "failed", f"{move}: {exc}"
                break
            finally:
                self._note_moved(move.function, move.slots)
        with self._lock:
            self._current = None
        if state == "failed" and self._stopping.is_set():
            state = "stopped"  # nobody waits for the move any more
        self.news.tell(plan, state, reason, tuple(done))
        self._sight.learn_costs()
        return state != "stopped"

    def _move(self, move: SlotMove) -> int:
        """Carry out one move, and wait for its end; return the migration's id.

        Raises:
            HitlessError: it did not come about, or was undone.
        """
        request = MigrationRequest(move.function, move.source, move.destination, move.slots)
        deadline = self._now() + self._options.conflict_wait_s
        while True:
            try:
                migration_id = self._manager.submit(request)
                break
            except ConflictError:
                if self._now() > deadline or self._stopping.wait(_CONFLICT_PAUSE_S):
                    raise
        record = self._manager.wait(migration_id, self._options.move_timeout_s)
        if record.state is not MigrationState.FINISHED:
            record.check()
            raise RequestError(f"{record} after {self._options.move_timeout_s:g} s")
        return migration_id

    # Inside

    def _look(self, avoid: str = "") -> NetworkView:
        with self._lock:
            moved_at = dict(self._moved_at)
        return self._sight.look(avoid=frozenset({avoid} - {""}), moved_at=moved_at)

    def _note_moved(self, function: str, slots: frozenset[int]) -> None:
        with self._lock:
            self._moved_at |= {(function, slot): self._now() for slot in slots}
