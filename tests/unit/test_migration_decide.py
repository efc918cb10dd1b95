"""What is decided on an interrupted migration, by journal and nodes together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.migration.decide import Direction, NodeTruth, Progress, decide

FINISH, UNDO, WAIT = Direction.FINISH, Direction.UNDO, Direction.WAIT

WELL = NodeTruth(reachable=True, lost=False, learns=True, enforces=True)
OFF = NodeTruth(reachable=True, lost=False, learns=True, enforces=False)
IDLE = NodeTruth(reachable=True, lost=False)
LOST = NodeTruth(reachable=True, lost=True, learns=True, enforces=True)
SILENT = NodeTruth(reachable=False, lost=False)
SILENT_LOST = NodeTruth(reachable=False, lost=True)

EARLY = Progress(committed=False, has_state=False, dropping=False)
COPIED = Progress(committed=False, has_state=True, dropping=False)
COMMITTED = Progress(committed=True, has_state=True, dropping=False)
RELEASING = Progress(committed=True, has_state=True, dropping=True)


@pytest.mark.parametrize(
    ("progress", "source", "destination", "direction", "told"),
    [
        (EARLY, WELL, IDLE, UNDO, "the source still enforces"),
        (COPIED, WELL, WELL, UNDO, "the source still enforces"),
        (COPIED, WELL, SILENT, UNDO, "the source still enforces"),
        (EARLY, LOST, IDLE, UNDO, "the source was restarted; its state is lost"),
        (EARLY, SILENT, IDLE, UNDO, "does not answer, and was not taken off"),
        (COPIED, LOST, OFF, FINISH, "the source lost its state, and the destination has all of it"),
        (COPIED, SILENT, WELL, FINISH, "the source does not answer, and the destination has all"),
        (COPIED, LOST, SILENT, WAIT, "only the destination has the state"),
        (COPIED, LOST, LOST, UNDO, "the source was restarted; its state is lost"),
        (COPIED, LOST, IDLE, UNDO, "the source was restarted; its state is lost"),
        (COMMITTED, WELL, WELL, FINISH, "the destination enforces"),
        (COMMITTED, SILENT, WELL, FINISH, "the destination enforces"),
        (COMMITTED, LOST, WELL, FINISH, "the destination enforces"),
        (COMMITTED, WELL, SILENT, WAIT, "the destination does not answer"),
        (COMMITTED, OFF, LOST, UNDO, "the source still has the state"),
        (COMMITTED, SILENT, LOST, WAIT, "the source does not answer"),
        (COMMITTED, LOST, LOST, FINISH, "the state is lost"),
        (COMMITTED, SILENT_LOST, LOST, FINISH, "the state is lost"),
        (RELEASING, IDLE, LOST, FINISH, "the state is lost"),
        (RELEASING, WELL, LOST, UNDO, "the source still has the state"),
    ],
)
def test_journal_and_nodes_decide(progress, source, destination, direction, told):
    decision = decide(progress, source, destination)
    assert decision.direction is direction
    assert told in decision.reason


TRUTHS = st.builds(NodeTruth, st.booleans(), st.booleans(), st.booleans(), st.booleans())


@given(st.builds(Progress, st.booleans(), st.booleans(), st.booleans()), TRUTHS, TRUTHS)
def test_the_one_that_is_to_go_on_is_never_known_to_have_lost_what_the_other_still_has(
    progress, source, destination
):
    direction = decide(progress, source, destination).direction
    if direction is FINISH and destination.lost:
        assert source.lost or (progress.dropping and not source.enforces) or not source.reachable
    if direction is UNDO and source.lost:
        assert not (progress.has_state and destination == WELL)
