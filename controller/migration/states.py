"""The states of a migration and of a step, and the only ways from one to another.

A change that is not in the tables raises; so a defect in the executor shows at once and is not
written to the journal. Each pair says when it happens.
"""

from __future__ import annotations

import enum


class MigrationState(enum.Enum):
    """What is happening to a migration. The values are what operators and the journal see."""

    PENDING = "pending"
    "Accepted and journalled; nothing was done yet."
    RUNNING = "running"
    "Before the commit point: the source enforces, all can be undone."
    FINISHING = "finishing"
    "Past the commit point: the destination enforces, the move is only finished."
    UNDOING = "undoing"
    "Something failed; steps are undone, last one first."
    FINISH_BLOCKED = "finish blocked"
    "Past the commit point, and waiting for a node: nothing leaks or is lost meanwhile."
    UNDO_BLOCKED = "undo blocked"
    "An undo failed, or waits for a node: source, or both, enforce meanwhile."
    FINISHED = "finished"
    "The destination enforces; the source is released."
    UNDONE = "undone"
    "The source enforces, as before."

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in (MigrationState.FINISHED, MigrationState.UNDONE)

    @property
    def blocked(self) -> bool:
        """Whether it waits for a node, or for a person."""
        return self in (MigrationState.FINISH_BLOCKED, MigrationState.UNDO_BLOCKED)

    @property
    def committed(self) -> bool:
        """Whether the journal says that the commit point is passed."""
        return self in (
            MigrationState.FINISHING,
            MigrationState.FINISH_BLOCKED,
            MigrationState.FINISHED,
        )


class StepState(enum.Enum):
    """What is happening to one step."""

    PENDING = "pending"
    "Not begun."
    RUNNING = "running"
    "Journalled before its first action; how far it came is unknown until it is done."
    DONE = "done"
    "Complete."
    FAILED = "failed"
    "Something went wrong in it; ``detail`` says what. It may be tried again or undone."
    UNDONE = "undone"
    "What it did is taken back."
    UNDO_FAILED = "undo failed"
    "It could not be taken back; ``detail`` says why."


_M = MigrationState
_S = StepState

MIGRATION_TRANSITIONS: frozenset[tuple[MigrationState, MigrationState]] = frozenset(
    {
        (_M.PENDING, _M.RUNNING),  # the executor begins
        (_M.PENDING, _M.UNDONE),  # the ME went down before it began
        (_M.RUNNING, _M.FINISHING),  # the commit point, or the source is gone and all is copied
        (_M.RUNNING, _M.UNDOING),  # a step failed, or the ME restarted
        (_M.FINISHING, _M.FINISHED),  # all steps done
        (_M.FINISHING, _M.FINISH_BLOCKED),  # a node does not do its part now
        (_M.FINISH_BLOCKED, _M.FINISHING),  # the node is back, or the ME restarted
        (_M.FINISHING, _M.UNDOING),  # the destination lost everything, the source still has it
        (_M.FINISH_BLOCKED, _M.UNDOING),  # the same, found out later
        (_M.UNDOING, _M.UNDONE),  # every step undone
        (_M.UNDOING, _M.UNDO_BLOCKED),  # a node does not do its part of the undo now
        (_M.UNDO_BLOCKED, _M.UNDOING),  # the node is back, or the ME restarted
        (_M.UNDOING, _M.FINISHING),  # found out later: the source lost all, the destination has it
        (_M.UNDO_BLOCKED, _M.FINISHING),  # the same
    }
)

STEP_TRANSITIONS: frozenset[tuple[StepState, StepState]] = frozenset(
    {
        (_S.PENDING, _S.RUNNING),  # its turn
        (_S.RUNNING, _S.DONE),  # it succeeded
        (_S.RUNNING, _S.FAILED),  # it raised
        (_S.RUNNING, _S.RUNNING),  # the ME restarted in the middle of it; begun again
        (_S.FAILED, _S.RUNNING),  # past the commit point it is tried again
        (_S.UNDONE, _S.RUNNING),  # an undo turned into finishing: the source lost everything
        (_S.UNDO_FAILED, _S.RUNNING),  # the same, after an undo that failed
        (_S.RUNNING, _S.UNDONE),  # undone although it is unknown how far it came
        (_S.DONE, _S.UNDONE),  # undone
        (_S.FAILED, _S.UNDONE),  # undone: a failed step may have done a part
        (_S.UNDO_FAILED, _S.UNDONE),  # a later try succeeded
        (_S.RUNNING, _S.UNDO_FAILED),  # the undo itself failed
        (_S.DONE, _S.UNDO_FAILED),  # likewise
        (_S.FAILED, _S.UNDO_FAILED),  # likewise
        (_S.UNDO_FAILED, _S.UNDO_FAILED),  # ... once more
    }
)


def check_migration(before: MigrationState, after: MigrationState) -> MigrationState:
    """Return the new state. Raises ValueError if it cannot follow; staying is no change."""
    if before is not after and (before, after) not in MIGRATION_TRANSITIONS:
        raise ValueError(f"a migration cannot go from {before.value} to {after.value}")
    return after


def check_step(before: StepState, after: StepState) -> StepState:
    """Return the new state. Raises ValueError if it cannot follow."""
    if (before, after) not in STEP_TRANSITIONS:
        raise ValueError(f"a step cannot go from {before.value} to {after.value}")
    return after
