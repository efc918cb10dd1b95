"""Whether an interrupted migration is finished, undone, or has to wait: a pure decision.

The journal says how far it came, the nodes say what they hold. Both are needed: a switch that was
restarted has no program and no state whatever the journal says, and only the journal knows that
the destination has *all* state and not a part. Where a node cannot be asked and both answers would
be possible, the migration waits: both nodes enforce then, or the source does, and nothing leaks.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Direction(enum.Enum):
    """What to do with a migration."""

    FINISH = "finish"
    UNDO = "undo"
    WAIT = "wait"


@dataclass(frozen=True)
class Decision:
    """What to do with a migration, and why."""

    direction: Direction
    reason: str


@dataclass(frozen=True)
class NodeTruth:
    """What one of the two nodes says now."""

    reachable: bool
    lost: bool
    "It was restarted since the migration began, and what it held is lost."
    learns: bool = False
    "It learns all slots that move."
    enforces: bool = False
    "It enforces all slots that move."


@dataclass(frozen=True)
class Progress:
    """How far the journal says that the migration came."""

    committed: bool
    "The source was, or was about to be, taken off."
    has_state: bool
    "The destination was given all state."
    dropping: bool
    "The source began to drop its state."


def decide(progress: Progress, source: NodeTruth, destination: NodeTruth) -> Decision:
    """Decide on a migration that no executor is working on."""
    if progress.committed:
        return _past_commit(progress, source, destination)
    if source.reachable and not source.lost:
        return Decision(Direction.UNDO, "the source still enforces")
    gone = "lost its state" if source.lost else "does not answer"
    if progress.has_state and destination.reachable and not destination.lost and destination.learns:
        return Decision(Direction.FINISH, f"the source {gone}, and the destination has all of it")
    if source.lost and progress.has_state and not destination.reachable:
        return Decision(Direction.WAIT, "only the destination has the state, and does not answer")
    if source.lost:
        return Decision(Direction.UNDO, "the source was restarted; its state is lost")
    return Decision(Direction.UNDO, "the source does not answer, and was not taken off")


def _past_commit(progress: Progress, source: NodeTruth, destination: NodeTruth) -> Decision:
    if not destination.reachable:
        return Decision(Direction.WAIT, "the destination does not answer")
    if not destination.lost:
        return Decision(Direction.FINISH, "the destination enforces")
    if source.reachable and not source.lost and (source.enforces or not progress.dropping):
        return Decision(
            Direction.UNDO, "the destination was restarted, and the source still has the state"
        )
    if source.lost or progress.dropping:
        return Decision(
            Direction.FINISH, "the destination was restarted after the move; the state is lost"
        )
    return Decision(Direction.WAIT, "the destination was restarted, and the source does not answer")
