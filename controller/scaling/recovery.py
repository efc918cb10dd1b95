"""Takes slots over whose node died, or whose path left it; and takes them off nodes left behind.

Forwarding asks ``may_use`` before it moves paths (``gate``). What is found stranded there is taken
over on a thread of its own: planned for the new paths (``planning.takeover``), carried out
(``migration.takeover``), and then forwarding is told to ask again. So on the new path the function
enforces before the first packet comes.

Who enforces what is not theirs any more is found by comparing what nodes say with the journal: when
nodes come back, when paths have moved, and at each audit; so a restarted process goes on with it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from controller import events
from controller.errors import HitlessError, MigrationError
from controller.forwarding.ways import WaysNow
from controller.model.paths import Paths
from controller.model.slots import format_slots
from controller.planning.plan import ScalePlan, SlotMove
from controller.planning.reach import Reach
from controller.planning.takeover import replace_dead
from controller.planning.view import SlotOf
from controller.scaling.gate import Held, Verdict, judge
from controller.scaling.left_behind import enforcing, left_behind
from controller.scaling.options import ScalingOptions
from controller.scaling.sight import Sight, busy_slots
from controller.state.checkpoint import SlotCheckpoint
from controller.state.checkpoint_store import CheckpointStore

LOG = logging.getLogger(__name__)

_AGAIN_S = 1.0
"Pause before it is looked again: whether paths have moved, or whether slots can be taken over."

_Stranded = Mapping[str, Mapping[str, frozenset[int]]]
"Node to function to slots that another node has to take over."


class Recovery:
    """Keeps functions on the paths of their packets when those move by themselves."""

    def __init__(
        self,
        sight: Sight,
        store: CheckpointStore,
        options: ScalingOptions,
        emit: Callable[[events.MeEvent], None],
        moved: Callable[[], None],
        seen: Callable[[Collection[str]], None],
        in_step: Callable[[], bool],
    ) -> None:
        """Prepare; nothing runs before ``start``.

        Args:
            sight: Looks at the network.
            store: The checkpoints.
            options: Whether to act.
            emit: Takes an event; returns at once.
            moved: Told when slots may use new paths; returns at once.
            seen: Told of nodes that hold something else now; returns at once.
            in_step: Tells whether all nodes forward along the paths in use.
        """
        self._sight = sight
        self._manager = sight.sources.manager
        self._store = store
        self._options = options
        self._emit = emit
        self._moved = moved
        self._seen = seen
        self._in_step = in_step
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._taking: frozenset[tuple[str, str, frozenset[int]]] = frozenset()
        self._told: set[tuple[str, ...]] = set()
        self._held: tuple[Held, ...] = ()
        self._checking = False
        self._thread = threading.Thread(target=self._run, name="recovery", daemon=True)

    # Life

    def start(self) -> None:
        """Begin to act."""
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop. Idempotent."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    # What forwarding asks

    def may_use(self, now: Paths | None, wanted: Paths, ways: WaysNow) -> frozenset[int]:
        """Return the slots that may use new paths now; have the others seen to.

        Args:
            now: The paths in use; None: nobody knows which are.
            wanted: The paths that forwarding would use.
            ways: The ways that packets take by what nodes hold.
        """
        sources = self._sight.sources
        network, policy = wanted.network(0), sources.policy()
        labels = sources.labels(network)
        reach = Reach(network, wanted, policy, labels, ways, enforcing(sources.latest()))
        records = self._manager.unended()
        verdict = judge(
            now,
            reach,
            policy,
            self._manager.intended(),
            moving=busy_slots(r for r in records if not r.state.blocked),
            waiting=busy_slots(r for r in records if r.state.blocked),
        )
        self._note_held(verdict.held)
        if verdict.stranded:
            self._ask(verdict, reach)
        return verdict.allowed

    def held(self) -> tuple[Held, ...]:
        """Return the slots that must not take the paths that forwarding would use, and why."""
        return self._held

    def _note_held(self, held: tuple[Held, ...]) -> None:
        """Tell what is held back when that changes: forwarding asks again and again."""
        if held == self._held:
            return
        for one in held:
            if one not in self._held:
                LOG.warning("%s", one)
        if not held:
            LOG.info("no paths are held back any more")
        self._held = held
        self._emit(events.EventPathsHeld(held))

    def _ask(self, verdict: Verdict, reach: Reach) -> None:
        asked = frozenset(
            (node, function, slots)
            for node, lost in verdict.stranded.items()
            for function, slots in lost.items()
        )
        with self._lock:
            if asked == self._taking:
                return
            self._taking = asked
        self._jobs.put(lambda: self._take_all(verdict.stranded, reach))

    # News

    def check(self) -> None:
        """Nodes or paths have changed: see who enforces what is not theirs. Returns at once."""
        with self._lock:
            if self._checking:
                return
            self._checking = True
        self._jobs.put(self._give_up_all)

    # The thread

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except HitlessError as exc:
                LOG.error("recovery: %s", exc)
            except Exception:
                LOG.exception("recovery met a defect; it goes on")

    def _take_all(self, stranded: _Stranded, reach: Reach) -> None:
        try:
            left = self._left(stranded)
            taken = [self._take(node, lost, reach) for node, lost in left.items()]
        finally:
            with self._lock:
                self._taking = frozenset()
        if any(taken):
            self._moved()  # else forwarding asks again by itself, after a pause
        if self._unfiltered(stranded, reach):
            self._later(lambda: self._jobs.put(lambda: self._take_again(stranded)))

    def _take_again(self, stranded: _Stranded) -> None:
        """Try again what forwarding does not ask for again: it has moved those paths already."""
        reach = self._sight.sources.reach()
        self._take_all(self._unfiltered(stranded, reach), reach)

    def _unfiltered(self, stranded: _Stranded, reach: Reach) -> _Stranded:
        """Return the slots that pass unfiltered: paths did not wait, and nobody took them over."""
        policy = self._sight.sources.policy()
        missed = {
            node: {
                function: frozenset(s for s in slots if node not in reach.common(function, s))
                for function, slots in lost.items()
                if policy.function(function).on_failure == "open"
            }
            for node, lost in stranded.items()
        }
        return self._left(missed)

    def _left(self, stranded: _Stranded) -> _Stranded:
        """Return the slots that nobody has taken over since it was asked for that."""
        intended = self._manager.intended()
        left: dict[str, dict[str, frozenset[int]]] = {}
        for node, lost in stranded.items():
            for function, slots in lost.items():
                mine = frozenset(slot for slot in slots if intended[function].get(slot) == node)
                if mine:
                    left.setdefault(node, {})[function] = mine
        return left

    def _take(
        self,
        node: str,
        lost: Mapping[str, frozenset[int]],
        reach: Reach,
        avoid: frozenset[str] = frozenset(),
    ) -> bool:
        """Have slots of a node taken over, not by some others; tell whether they were."""
        kept = self._checkpoints(lost)
        ages_s = {slot: checkpoint.age_s(time.time_ns()) for slot, checkpoint in kept.items()}
        plan = replace_dead(self._sight.look(reach=reach, avoid=avoid), node, lost, ages_s)
        if self._options.mode != "act" or not plan:
            self._tell_once(plan, "advised" if plan else "impossible")
            return False
        self._told.clear()
        self._emit(events.EventPlan(plan, "begun"))
        for number, move in enumerate(plan.moves):
            try:
                self._carry_out(move, kept)
            except HitlessError as exc:
                LOG.error("slots of %s are not taken over yet: %s", node, exc)
                self._emit(events.EventPlan(plan, "failed", str(exc)))
                if not isinstance(exc, MigrationError):
                    return False
                # This node goes by other entries; another one may do.
                rest = _without(lost, plan.moves[:number])
                return self._take(node, rest, reach, avoid | {move.destination})
        self._emit(events.EventPlan(plan, "finished"))
        return True

    def _carry_out(self, move: SlotMove, kept: Mapping[SlotOf, SlotCheckpoint]) -> None:
        """Have one node take slots over.

        Whose entries go with them is told by the newest checkpoint of the slots: who had them then.
        """
        mine = {s: c for (f, s), c in kept.items() if f == move.function and s in move.slots}
        newest = max(mine.values(), key=lambda c: c.clock.host_ns, default=None)
        entries = self._store.entries(move.function, newest.node if newest else move.source)
        self._manager.takeover.take(
            move.function, move.slots, move.source, move.destination, mine, entries
        )
        self._seen([move.destination])

    def _tell_once(self, plan: ScalePlan, state: str) -> None:
        """Tell what is not done, but not at each time that forwarding asks."""
        what = (state, plan.node, *(map(str, plan.moves) if plan else plan.explanation))
        if what not in self._told:
            self._told.add(what)
            LOG.error("slots of %s: %s: %s", plan.node, state, "; ".join(plan.explanation))
            self._emit(events.EventPlan(plan, state))

    def _checkpoints(self, lost: Mapping[str, frozenset[int]]) -> dict[SlotOf, SlotCheckpoint]:
        found = {
            (function, slot): self._store.get(function, slot)
            for function, slots in lost.items()
            for slot in slots
        }
        return {key: checkpoint for key, checkpoint in found.items() if checkpoint is not None}

    def _give_up_all(self) -> None:
        with self._lock:
            self._checking = False
        busy = busy_slots(self._manager.unended())
        placement, reach = self._sight.sources.latest(), self._sight.sources.reach()
        if not self._in_step():
            # Packets may still be on the old paths.
            self._later(self.check)
            return
        for left in left_behind(placement, self._manager.intended(), busy, reach):
            try:
                given = self._manager.takeover.give_up(
                    left.function, left.slots, left.old, left.new
                )
            except HitlessError as exc:
                what = f"{left.function}, slots {format_slots(left.slots)}"
                LOG.warning("%s goes on enforcing %s: %s", left.old, what, exc)
            else:
                if given:
                    self._seen([left.old, left.new])

    @staticmethod
    def _later(do: Callable[[], None]) -> None:
        """Do something that returns at once, after a pause."""
        timer = threading.Timer(_AGAIN_S, do)
        timer.daemon = True
        timer.start()


def _without(
    lost: Mapping[str, frozenset[int]], moves: Iterable[SlotMove]
) -> dict[str, frozenset[int]]:
    """Return the slots of functions that moves do not take."""
    rest = dict(lost)
    for move in moves:
        rest[move.function] -= move.slots
    return rest
