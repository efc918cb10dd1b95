"""Asks the nodes of a migration what they hold, and decides on it with what the journal says.

The asking for ``controller.migration.decide``, which is pure.
"""

from __future__ import annotations

import logging

from controller.errors import NodeError
from controller.migration.decide import Decision, NodeTruth, Progress, decide
from controller.migration.move import Move
from controller.migration.sequences import dropping_state, has_all_state
from controller.migration.states import StepState
from controller.migration.steps import Step
from controller.southbound.driver import NodeDriver, NodeState
from controller.state.words import read_words

LOG = logging.getLogger(__name__)


def decide_on(move: Move, steps: tuple[Step, ...]) -> Decision:
    """Decide whether a migration is finished, undone or has to wait."""
    record = move.record
    progress = Progress(
        record.state.committed, has_all_state(steps, record), dropping_state(steps, record)
    )
    arrived = record.steps[0].state is StepState.DONE
    return decide(
        progress,
        node_truth(move, move.source, needs=not progress.dropping),
        node_truth(move, move.destination, needs=arrived),
    )


def node_truth(move: Move, node: NodeDriver, *, needs: bool) -> NodeTruth:
    """Ask a node of a migration what it holds.

    Args:
        move: The migration.
        node: Its source or destination.
        needs: Whether it has lost its state if its program does not have the function.
    """
    lost = node.name in move.record.lost
    if node.state is NodeState.DOWN:
        return NodeTruth(False, lost)
    try:
        with move.site.hold(node.name):
            if node.installed() is None:
                return NodeTruth(True, True)
            if not move.has_function(node):
                return NodeTruth(True, lost or needs)
            words = read_words(node, move.manifest(node))
    except NodeError as exc:
        LOG.warning("%s: cannot ask %s: %s", move.record, node.name, exc)
        return NodeTruth(False, lost)
    slots = move.slots
    return NodeTruth(True, lost, slots <= words.learn, slots <= words.enforce)
