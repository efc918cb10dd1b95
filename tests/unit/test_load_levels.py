"""The machine of thresholds: hold, cool-down, hysteresis, for any history of load."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from controller.load.levels import LevelState, lost, step
from controller.load.snapshot import Level
from controller.model.thresholds import Thresholds

LIMITS = Thresholds(high_pps=1000.0, low_pps=400.0, hold_s=1.0, cool_down_s=5.0)

gaps_s = st.floats(0.01, 3.0)
any_load = st.floats(0.0, 2000.0)


def run(samples, thresholds=LIMITS, state=None):
    """Step through (time, load) pairs; return the states and (time, level told)."""
    state = state or LevelState()
    states, told = [], []
    for now, pps in samples:
        state, crossing = step(state, pps, thresholds, now)
        states.append(state)
        if crossing:
            told.append((now, crossing.level))
    return states, told


def timed(steps):
    """Make (time, load) pairs of (gap, load) pairs."""
    now, samples = 0.0, []
    for gap_s, pps in steps:
        now += gap_s
        samples.append((now, pps))
    return samples


histories = st.lists(st.tuples(gaps_s, any_load), max_size=60).map(timed)
within = st.lists(st.tuples(gaps_s, st.floats(400.0, 1000.0)), max_size=60).map(timed)


@given(within)
def test_between_the_thresholds_nothing_is_ever_told(samples):
    states, told = run(samples)
    assert told == []
    assert {state.level for state in states} <= {Level.NORMAL}


@given(histories)
def test_a_crossing_is_told_only_when_the_load_was_beyond_for_the_whole_hold_time(samples):
    _, told = run(samples)
    for at, level in told:
        held = [pps for now, pps in samples if at - LIMITS.hold_s <= now <= at]
        assert all(pps > 1000.0 if level is Level.HIGH else pps < 400.0 for pps in held)
        before = [now for now, _ in samples if now <= at - LIMITS.hold_s]
        assert before, "the load has not been watched for as long as it is to be held"


@given(histories)
def test_no_two_crossings_are_told_within_the_cool_down(samples):
    _, told = run(samples)
    for (earlier, _), (later, _) in pairwise(told):
        assert later - earlier >= LIMITS.cool_down_s


@given(histories, st.floats(901.0, 1000.0))
def test_a_loaded_node_stays_so_while_its_load_is_about_the_threshold(samples, pps):
    states, _ = run([*samples, (300.0, 1500.0), (301.0, 1500.0)])
    after, _ = run([(302.0 + i, pps) for i in range(5)], state=states[-1])
    assert {state.level for state in after} == {Level.HIGH}


@given(histories, st.floats(400.0, 439.0))
def test_an_idle_node_stays_so_while_its_load_is_about_the_threshold(samples, pps):
    states, _ = run([*samples, (300.0, 100.0), (301.0, 100.0)])
    after, _ = run([(302.0 + i, pps) for i in range(5)], state=states[-1])
    assert {state.level for state in after} == {Level.LOW}


def test_load_that_stays_is_told_again_after_each_cool_down():
    _, told = run([(i / 2, 1500.0) for i in range(25)])
    assert told == [(1.0, Level.HIGH), (6.0, Level.HIGH), (11.0, Level.HIGH)]


def test_a_mean_counts_for_the_time_that_it_was_measured_over():
    state, crossing = step(LevelState(), 1500.0, LIMITS, 10.0, 0.6)
    assert crossing is None
    _, crossing = step(state, 1500.0, LIMITS, 10.5, 0.5)
    assert crossing.level is Level.HIGH


def test_the_opposite_crossing_waits_for_the_cool_down_too():
    load = [(0.0, 1500.0), (1.0, 1500.0), (2.0, 100.0), (4.0, 100.0), (6.0, 100.0)]
    assert run(load)[1] == [(1.0, Level.HIGH), (6.0, Level.LOW)]


def test_a_node_whose_load_is_clearly_in_between_again_is_normal():
    states, _ = run([(0.0, 1500.0), (1.0, 1500.0), (2.0, 950.0), (3.0, 890.0)])
    assert [s.level for s in states] == [Level.NORMAL, Level.HIGH, Level.HIGH, Level.NORMAL]


def test_thresholds_that_change_count_at_once():
    state, _ = step(LevelState(), 500.0, LIMITS, 0.0)
    lower = Thresholds(high_pps=300.0, low_pps=100.0, hold_s=0.0)
    state, crossing = step(state, 500.0, lower, 0.5)
    assert (crossing.level, crossing.threshold_pps) == (Level.HIGH, 300.0)
    state, crossing = step(state, 500.0, Thresholds(), 1.0)
    assert (state.level, crossing) == (Level.NORMAL, None)


@given(histories)
def test_without_thresholds_nothing_is_told(samples):
    states, told = run(samples, Thresholds())
    assert told == []
    assert {state.level for state in states} <= {Level.NORMAL}


def test_a_node_that_was_lost_is_held_anew_but_cools_down_still():
    states, _ = run([(0.0, 1500.0), (1.0, 1500.0)])
    gone = lost(states[-1])
    assert gone.level is Level.UNKNOWN
    _, told = run([(2.0, 1500.0), (3.0, 1500.0), (6.0, 1500.0)], state=gone)
    assert told == [(6.0, Level.HIGH)]
