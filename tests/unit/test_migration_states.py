"""Which states follow each other, and what records say of themselves."""

import pytest

from controller.errors import MigrationStuck, MigrationUndone
from controller.migration.record import MigrationRecord, Programs, StepRecord
from controller.migration.states import (
    MIGRATION_TRANSITIONS,
    MigrationState,
    StepState,
    check_migration,
    check_step,
)

M = MigrationState


def record(state=M.RUNNING, **changes):
    steps = (StepRecord("prepare", "s2"), StepRecord("enforce off", "s1"))
    programs = Programs("gated", "plain", "plain", "gated")
    return MigrationRecord(
        7,
        "gate",
        "s1",
        "s2",
        frozenset({0}),
        "pr",
        "hitless",
        programs,
        steps,
        1.0,
        state,
        **changes,
    )


def test_what_has_ended_stays_as_it_is():
    assert not any(before.ended for before, _ in MIGRATION_TRANSITIONS)


def test_every_state_can_be_reached_and_every_other_one_left():
    assert {after for _, after in MIGRATION_TRANSITIONS} == set(M) - {M.PENDING}
    assert {before for before, _ in MIGRATION_TRANSITIONS} == {s for s in M if not s.ended}


@pytest.mark.parametrize(
    ("before", "after"),
    [(M.RUNNING, M.FINISHED), (M.PENDING, M.FINISHING), (M.UNDONE, M.RUNNING)],
)
def test_a_change_that_cannot_be_is_refused(before, after):
    with pytest.raises(ValueError, match=f"cannot go from {before.value} to {after.value}"):
        check_migration(before, after)


def test_a_step_that_was_not_begun_cannot_be_undone():
    with pytest.raises(ValueError, match="a step cannot go from pending to undone"):
        check_step(StepState.PENDING, StepState.UNDONE)


def test_only_states_past_the_commit_point_are_committed():
    assert {s for s in M if s.committed} == {M.FINISHING, M.FINISH_BLOCKED, M.FINISHED}


def test_a_record_knows_which_nodes_it_reloads():
    assert record().reloads == {"s1", "s2"}


def test_a_record_tells_failure_and_decision_as_one_reason():
    assert record(failure="the step copy failed: x", decision="it is undone").reason == (
        "the step copy failed: x; it is undone"
    )
    assert record().reason == ""


def test_a_record_that_did_not_reach_its_end_raises_on_demand():
    record(M.FINISHED).check()
    record(M.RUNNING).check()
    with pytest.raises(MigrationUndone, match=r"migration 7 .gate, slots 0, s1 to s2.: undone: x"):
        record(M.UNDONE, failure="x").check()
    with pytest.raises(MigrationStuck, match="finish blocked"):
        record(M.FINISH_BLOCKED).check()


def test_a_record_becomes_plain_data():
    done = record(M.FINISHED, ended_at=3.5, cells_moved=4).with_step(
        0, StepRecord("prepare", "s2", StepState.DONE, 1.0, 2.0, {"cleared": 1})
    )
    assert done.to_dict() == {
        "id": 7,
        "function": "gate",
        "from": "s1",
        "to": "s2",
        "slots": "0",
        "method": "pr",
        "mode": "hitless",
        "state": "finished",
        "reason": "",
        "cells_moved": 4,
        "created_at": 1.0,
        "duration_ms": 2500.0,
        "steps": [
            {
                "name": "prepare",
                "node": "s2",
                "state": "done",
                "ms": 2.0,
                "started_at": 1.0,
                "detail": {"cleared": 1},
            },
            {
                "name": "enforce off",
                "node": "s1",
                "state": "pending",
                "ms": None,
                "started_at": None,
                "detail": {},
            },
        ],
    }
