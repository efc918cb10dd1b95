"""What becomes of a move when a call fails, a node dies, or the management entity does.

After everything is mended, each move has ended (undone or finished), every slot is enforced by
exactly one node, as the nodes' own words say, and at no time did a stranger get in. Where no node
lost its state, no packet of an established flow was dropped either.
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migration_lab import ALL, Lab
from model_world import (
    ProcessDied,
    at_action,
    both,
    cut_off,
    kill_node,
    kill_process,
    no_answer,
    refuse,
)

from controller.errors import HitlessError, NodeTimeout
from controller.migration.plan import MigrationRequest
from controller.migration.states import MigrationState

SEEDS = st.integers(0, 2**32)
ACTIONS = st.integers(1, 130)
METHODS = {"pm": ("gated", "gated"), "pr": ("gated", "plain")}
STEPS = (
    "prepare",
    "learn on",
    "copy",
    "enforce on",
    "overlap",
    "enforce off",
    "learn off",
    "verify",
    "release",
)
BEFORE_COMMIT = STEPS[: STEPS.index("enforce off")]
HARMLESS = {
    "refusal": refuse,
    "time-out": no_answer,
    "death of the process": kill_process,
    "source cut off": cut_off("s1"),
    "destination cut off": cut_off("s2"),
    "process dead, source cut off": both(cut_off("s1"), kill_process),
    "process dead, destination cut off": both(cut_off("s2"), kill_process),
}
DEADLY = {
    "death of the source": kill_node("s1"),
    "death of the destination": kill_node("s2"),
    "death of process and source": both(kill_node("s1"), kill_process),
    "death of process and destination": both(kill_node("s2"), kill_process),
}


def try_to_move(lab, **request):
    """Move; begin anew as a restarted process does if this one dies."""
    try:
        lab.move(**request)
    except ProcessDied:
        lab.manager = lab.new_manager()
    except HitlessError:
        return


def assert_ended_well(lab, record, *, lossless):
    lab.world.settle()
    if lossless:
        assert lab.world.lost == []
    lab.world.lost.clear()
    lab.world.probe()
    assert lab.world.leaked == []
    assert record is None or record.state.ended, f"{record}: {record.reason}"
    assert lab.manager.placement().conflicts() == ()
    if lossless:
        assert lab.world.lost == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", HARMLESS)
@settings(max_examples=8)
@given(seed=SEEDS, action=ACTIONS, reverse=st.booleans())
def test_nothing_is_lost_or_leaked_when_a_call_fails(fault, method, seed, action, reverse):
    lab = Lab(random.Random(seed), METHODS[method], reverse=reverse)
    lab.world.fault = at_action(action, HARMLESS[fault])
    try_to_move(lab)
    assert_ended_well(lab, lab.mend(), lossless=True)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", DEADLY)
@settings(max_examples=8)
@given(seed=SEEDS, action=ACTIONS, reverse=st.booleans())
def test_nothing_is_leaked_when_a_node_dies(fault, method, seed, action, reverse):
    lab = Lab(random.Random(seed), METHODS[method], reverse=reverse)
    lab.world.fault = at_action(action, DEADLY[fault])
    try_to_move(lab)
    assert_ended_well(lab, lab.mend(), lossless=False)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20)
@given(seed=SEEDS, action=ACTIONS, reverse=st.booleans(), name=st.sampled_from(["s1", "s2"]))
def test_nothing_is_leaked_when_a_node_restarts_so_fast_that_no_call_fails(
    method, seed, action, reverse, name
):
    lab = Lab(random.Random(seed), METHODS[method], reverse=reverse)

    def restart(node, asked):
        lab.node(name).power_off()
        lab.node(name).power_on()
        lab.manager.node_back(name)

    lab.world.fault = at_action(action, restart)
    try_to_move(lab)
    assert_ended_well(lab, lab.mend(), lossless=False)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", ["refusal", "time-out", "death of the process"])
def test_a_failed_step_is_undone_before_the_commit_point_and_finished_after_it(fault, step, method):
    lab = Lab(random.Random(5), METHODS[method])
    lab.world.fault = lab.during_step(step, HARMLESS[fault])
    try_to_move(lab)
    record = lab.mend()
    undone = step in BEFORE_COMMIT
    assert record.state is (MigrationState.UNDONE if undone else MigrationState.FINISHED)
    assert lab.placement() == {"s1" if undone else "s2": ALL}
    assert_ended_well(lab, record, lossless=True)
    assert lab.program("s2").name == ("gated" if not undone or method == "pm" else "plain")
    if fault != "death of the process":
        told = "not today" if fault == "refusal" else "no answer"
        assert f"the step {step} failed" in record.reason
        assert told in record.reason


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", STEPS)
def test_a_destination_that_dies_gives_the_slots_back_unless_the_source_dropped_them(step, method):
    lab = Lab(random.Random(6), METHODS[method])
    lab.world.fault = lab.during_step(step, kill_node("s2"))
    try_to_move(lab)
    record = lab.mend()
    kept = step != "release"
    assert record.state is (MigrationState.UNDONE if kept else MigrationState.FINISHED)
    assert lab.placement() == {"s1" if kept else "s2": ALL}
    assert_ended_well(lab, record, lossless=False)
    assert lab.world.lost == [] or not kept
    assert "s2" in record.reason


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", STEPS)
def test_a_source_that_dies_loses_its_state_unless_it_was_copied(step, method):
    lab = Lab(random.Random(7), METHODS[method])
    lab.world.fault = lab.during_step(step, kill_node("s1"))
    try_to_move(lab)
    record = lab.mend()
    copied = step not in ("prepare", "learn on", "copy")
    assert record.state is (MigrationState.FINISHED if copied else MigrationState.UNDONE)
    assert lab.placement() == {"s2" if copied else "s1": ALL}
    assert_ended_well(lab, record, lossless=False)
    assert lab.world.lost == [] or not copied


def test_a_call_whose_answer_is_lost_is_not_mistaken_for_one_that_did_nothing():
    for name in ("save", "commit", "write in.gate.enforce", "write in.gate.learn"):
        lab = Lab(random.Random(8), METHODS["pr"])

        def lose(node, asked, name=name):
            if asked == name:
                raise NodeTimeout(node.name, asked, "the answer was lost")

        lab.world.after = lose
        try_to_move(lab)
        assert_ended_well(lab, lab.mend(), lossless=True)


def test_a_program_whose_content_does_not_fit_is_undone():
    lab = Lab(random.Random(9), METHODS["pr"])
    lab.node("s2").table_limit = 3
    record = lab.move()
    assert record.state is MigrationState.UNDONE
    assert "RESOURCE_EXHAUSTED" in record.reason
    assert lab.program("s2").name == "plain"
    assert not lab.node("s2").pending
    assert_ended_well(lab, record, lossless=True)


def storm(lab, seed, rate, *, deaths):
    """Make calls fail, answers get lost, nodes and processes come and go, at random."""
    rng = random.Random(seed)
    turns = [refuse, no_answer, kill_process, "cut", "heal"] + ["off", "on"] * deaths

    def before(node, asked):
        if rng.random() > rate:
            return
        turn, other = rng.choice(turns), lab.node(rng.choice(["s1", "s2"]))
        if turn in ("cut", "heal"):
            other.connected = turn == "heal"
        elif turn == "off":
            other.power_off()
        elif turn == "on":
            other.power_on()
        else:
            turn(node, asked)

    def after(node, asked):
        if rng.random() < 3 * rate:
            raise NodeTimeout(node.name, asked, "the answer was lost")

    lab.world.fault, lab.world.after = before, after
    for _ in range(6):
        names = rng.sample(["s1", "s2"], 2)
        deeds = [
            lambda names=names: lab.manager.submit(MigrationRequest("gate", *names)),
            lambda names=names: lab.manager.node_back(names[0]),
            lambda: lab.manager.recover(),
        ]
        try:
            rng.choices(deeds, [2, 1, 1])[0]()
        except ProcessDied:
            lab.manager = lab.new_manager()
        except HitlessError:
            continue


@pytest.mark.parametrize("deaths", [False, True])
@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20)
@given(seed=SEEDS, reverse=st.booleans())
def test_after_any_storm_every_move_has_ended_and_nothing_has_leaked(method, deaths, seed, reverse):
    lab = Lab(random.Random(seed), METHODS[method], reverse=reverse)
    storm(lab, seed, 0.01, deaths=deaths)
    lab.mend()
    assert_ended_well(lab, lab.mend(), lossless=not deaths)
