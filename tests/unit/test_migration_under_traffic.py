"""Moves while packets interleave with every single thing that a driver does.

Whenever the controller touches a cell, packets of established flows, new flows and strangers start,
go a part of their way, or wait, as a seed says. Whatever it says, no stranger gets in and no packet
of an established flow is dropped. (Left out, each of these lets some seeds fail: the flush of the
step "overlap", the last copying round, the flush between rounds, the merging by buckets.)
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migration_lab import ALL, Lab

from controller.migration.states import MigrationState, StepState

SEEDS = st.integers(0, 2**32)
TRAFFIC = st.integers(1, 4)
SOME = st.sampled_from([ALL, frozenset({0}), frozenset({1})])
METHODS = st.sampled_from([("pm", ("gated", "gated")), ("pr", ("gated", "plain"))])
HAMMER = settings(max_examples=60)


def assert_promises_kept(lab):
    lab.world.probe()
    assert lab.world.leaked == []
    assert lab.world.lost == []
    assert lab.manager.placement().conflicts() == ()


@HAMMER
@given(seed=SEEDS, traffic=TRAFFIC, reverse=st.booleans(), slots=SOME, method=METHODS)
def test_a_move_leaks_nothing_and_loses_nothing(seed, traffic, reverse, slots, method):
    name, programs = method
    lab = Lab(random.Random(seed), programs, reverse=reverse, traffic=traffic)
    record = lab.move(slots=slots, method=name)
    assert record.state is MigrationState.FINISHED, record.reason
    assert all(step.state is StepState.DONE for step in record.steps)
    stays = {"s1": ALL - slots} if ALL - slots else {}
    assert lab.placement() == {"s2": slots} | stays
    assert_promises_kept(lab)


@HAMMER
@given(seed=SEEDS, traffic=TRAFFIC, reverse=st.booleans(), method=METHODS)
def test_there_and_back_again_leaks_nothing_and_loses_nothing(seed, traffic, reverse, method):
    name, programs = method
    lab = Lab(random.Random(seed), programs, reverse=reverse, traffic=traffic)
    there = lab.move(method=name)
    back = lab.move("s2", "s1", method=name)
    assert there.state is back.state is MigrationState.FINISHED
    assert lab.placement() == {"s1": ALL}
    assert_promises_kept(lab)


@HAMMER
@given(seed=SEEDS, traffic=TRAFFIC, reverse=st.booleans())
def test_slots_join_others_that_the_destination_has_already(seed, traffic, reverse):
    lab = Lab(random.Random(seed), reverse=reverse, traffic=traffic, slots=frozenset({0}))
    assert lab.placement() == {"s1": {0}, "s2": {1}}
    assert lab.move().state is MigrationState.FINISHED
    assert lab.placement() == {"s2": ALL}
    assert_promises_kept(lab)


@pytest.mark.parametrize("programs", [("gated", "gated"), ("gated", "plain")])
def test_the_papers_sequence_moves_what_there_was_before_it(programs):
    lab = Lab(random.Random(1), programs, traffic=0)
    record = lab.move(mode="paper")
    assert record.state is MigrationState.FINISHED
    assert record.cells_moved == 4
    assert lab.placement() == {"s2": ALL}
    assert_promises_kept(lab)


@pytest.mark.parametrize("programs", [("gated", "gated"), ("gated", "plain")])
def test_the_papers_sequence_loses_flows_that_open_in_the_middle(programs):
    lost = 0
    for seed in range(40):
        lab = Lab(random.Random(seed), programs, traffic=3)
        assert lab.move(mode="paper").state is MigrationState.FINISHED
        lab.world.probe()
        lost += len(lab.world.lost)
    assert lost > 0
