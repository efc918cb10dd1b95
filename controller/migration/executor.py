"""Drives one migration: forward, past its commit point, or back, each step journalled first.

The executor knows nothing of what steps do, and steps know nothing of the journal. Whatever a step
raises is a failure of that step, a defect in the program included: before the commit point
everything is undone, after it the step is tried again, and what cannot be done now waits.

If the journal itself fails, the executor stops where it is and raises ``JournalError``: nothing
is begun that is not on disk. The nodes stay as they are, which is safe after every step, and
``resume`` goes on from there.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from controller.errors import JournalError, MigrationError, NodeError, in_words
from controller.migration.decide import Decision, Direction
from controller.migration.handover import turn_destination_on, turn_source_on
from controller.migration.journal_rows import Intent
from controller.migration.move import Move
from controller.migration.record import MigrationRecord
from controller.migration.sequences import steps_for
from controller.migration.states import MigrationState, StepState
from controller.migration.truth import decide_on

LOG = logging.getLogger(__name__)

_S = MigrationState


class Executor:
    """Drives one migration."""

    def __init__(self, move: Move) -> None:
        self._move = move
        self._steps = steps_for(move.record.mode, move.record.programs)
        self._give_up_at: int | None = None

    def run(self) -> MigrationRecord:
        """Bring the migration to an end, or to where it has to wait. Raises ``JournalError``."""
        if self._record.state is _S.PENDING:
            self._to(_S.RUNNING)
        while not self._move.site.stopping:
            if self._record.state in (_S.RUNNING, _S.FINISHING):
                self._forward()
            elif self._record.state is _S.UNDOING:
                self._backward()
            else:
                break
        return self._record

    def resume(self) -> MigrationRecord:
        """Decide anew, by journal and nodes, what to do with it; then ``run``."""
        record = self._record
        if record.state is _S.PENDING:
            return self._end(_S.UNDONE, decision="the ME went down before anything was done")
        running = [step.name for step in record.steps if step.state is StepState.RUNNING]
        failure = f"it was interrupted in the step {running[0]}" if running else record.failure
        self._turn(self._decision(), failure=failure)
        return self.run()

    # Forward

    def _forward(self) -> None:
        """Run the next step that is not done."""
        steps = self._record.steps
        position = next((i for i, s in enumerate(steps) if s.state is not StepState.DONE), None)
        if position is None:
            self._end(_S.FINISHED)
            return
        if self._record.state is _S.FINISHING and not self._may_finish():
            return
        step = self._steps[position]
        if step.commits and self._record.state is _S.RUNNING:
            self._to(_S.FINISHING, position)
        else:
            self._to(self._record.state, position)
        started = time.monotonic()
        try:
            detail = step.run(self._move)
        except JournalError:
            raise
        except Exception as exc:
            self._failed(position, started, exc)
            return
        self._give_up_at = None
        cells = int(detail.get("written", 0))
        self._note_step(position, StepState.DONE, started, detail, cells)

    def _may_finish(self) -> bool:
        """Past the commit point, decide anew if the destination was restarted meanwhile."""
        if self._record.destination in self._record.lost:
            self._turn(self._decision())
        return self._record.state is _S.FINISHING

    def _failed(self, position: int, started: float, exc: Exception) -> None:
        """Note a failed step, and turn to what that means."""
        text = self._words(position, exc)
        self._note_step(position, StepState.FAILED, started, {"error": text})
        failure = f"the step {self._steps[position].name} failed: {text}"
        committed = self._record.state.committed
        if committed and self._may_retry(exc):
            return
        decision = self._decision()
        if committed and decision.direction is Direction.FINISH:
            decision = Decision(Direction.WAIT, decision.reason)
        self._turn(decision, failure=failure)

    # Backward

    def _backward(self) -> None:
        """Undo the last step that may have done something."""
        undone = (StepState.PENDING, StepState.UNDONE)
        begun = [i for i, s in enumerate(self._record.steps) if s.state not in undone]
        if not begun:
            self._end(_S.UNDONE)
            return
        position = begun[-1]
        try:
            self._steps[position].undo(self._move)
        except JournalError:
            raise
        except Exception as exc:
            if not self._may_retry(exc):
                self._undo_failed(position, self._words(position, exc))
            return
        self._give_up_at = None
        self._set_step(position, StepState.UNDONE)

    def _undo_failed(self, position: int, text: str) -> None:
        step = self._record.steps[position]
        self._set_step(position, StepState.UNDO_FAILED, dict(step.detail) | {"undo error": text})
        self._to(_S.UNDO_BLOCKED, decision=f"the step {step.name} could not be undone: {text}")

    def _words(self, position: int, exc: Exception) -> str:
        step = self._steps[position].name
        return in_words(exc, LOG, f"migration {self._record.id}: the step {step}")

    # Records

    @property
    def _record(self) -> MigrationRecord:
        return self._move.record

    def _to(self, state: MigrationState, begin: int | None = None, /, **changes: str) -> None:
        """Change the state, the intent that goes with it, and perhaps begin a step, at once."""

        def change(record: MigrationRecord) -> MigrationRecord:
            after = record.to(state, **changes)
            if begin is None:
                return after
            step = after.steps[begin].to(
                StepState.RUNNING, started_at=time.time(), ms=None, detail={}
            )
            return after.with_step(begin, step)

        self._move.update(change, self._intent(state))

    def _intent(self, state: MigrationState) -> Intent | None:
        """Return what is intended from a change of state on; None if that stays."""
        record = self._record
        if record.state.committed == state.committed:
            return None
        p = record.programs
        node = record.destination if state.committed else record.source
        programs = {
            record.source: p.source_after if state.committed else p.source_before,
            record.destination: p.destination_after if state.committed else p.destination_before,
        }
        return Intent(
            {record.function: dict.fromkeys(record.slots, node)},
            {name: program for name, program in programs.items() if program},
        )

    def _note_step(
        self, position: int, state: StepState, started: float, detail: Any, cells: int = 0
    ) -> None:
        ms = (time.monotonic() - started) * 1000

        def change(record: MigrationRecord) -> MigrationRecord:
            step = record.steps[position].to(state, ms=ms, detail=dict(detail))
            return record.with_step(position, step, cells_moved=record.cells_moved + cells)

        self._move.update(change)

    def _set_step(self, position: int, state: StepState, detail: Any = None) -> None:
        def change(record: MigrationRecord) -> MigrationRecord:
            step = record.steps[position]
            kept = step.detail if detail is None else detail
            return record.with_step(position, step.to(state, detail=kept))

        self._move.update(change)

    def _end(self, state: MigrationState, **changes: str) -> MigrationRecord:
        record = self._move.update(lambda r: r.to(state, ended_at=time.time(), **changes))
        self._move.journal.drop_contents(record.id)
        return record

    # Decisions

    def _decision(self) -> Decision:
        return decide_on(self._move, self._steps)

    def _turn(self, decision: Decision, **changes: str) -> None:
        """Change the state to what was decided."""
        committed = self._record.state.committed
        decision = self._hand_over(decision)
        changes |= {"decision": decision.reason}
        if decision.direction is Direction.FINISH:
            self._to(_S.FINISHING, **changes)
        elif decision.direction is Direction.UNDO:
            self._to(_S.UNDOING, **changes)
        elif committed:
            self._to(_S.FINISH_BLOCKED, **changes)
        else:
            self._to(_S.UNDOING)
            self._to(_S.UNDO_BLOCKED, **changes)

    def _hand_over(self, decision: Decision) -> Decision:
        """Before the other node is meant to enforce, make sure that it does; else wait.

        From the change of state on, a node that restarts is provisioned as that state wants it.
        """
        committed = self._record.state.committed
        try:
            if decision.direction is Direction.FINISH and not committed:
                turn_destination_on(self._move)
            elif decision.direction is Direction.UNDO and committed:
                turn_source_on(self._move)
        except (NodeError, MigrationError) as exc:
            return Decision(Direction.WAIT, f"{decision.reason}, but: {exc}")
        return decision

    def _may_retry(self, exc: Exception) -> bool:
        """Tell whether to try a step again; waits a little if so."""
        if not isinstance(exc, NodeError) or not exc.temporary:
            return False
        options = self._move.site.options
        now = self._move.site.now_ns()
        if self._give_up_at is None:
            self._give_up_at = now + int(options.retry_s * 1e9)
        if now >= self._give_up_at:
            self._give_up_at = None
            return False
        self._move.site.sleep(options.retry_pause_s)
        return True
