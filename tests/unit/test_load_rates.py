"""From counts to rates: whatever happens to the counters, no rate is nonsense."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from p4info_samples import P4InfoBuilder, annotation, gate_program

from controller.load.meter import Metered, forget, measure
from controller.load.rates import advance
from controller.load.reading import Reading, counted_by
from controller.load.snapshot import Level, PortRates
from controller.model.thresholds import Thresholds

GATE = gate_program()
HANDLED = "in.gate.handled"
COUNTED = counted_by(GATE.schema, "s1")
ANYTHING = Thresholds(high_pps=100.0, hold_s=0.0)


def reading(at, *counts, took_s=0.001, counted=COUNTED):
    return Reading(counted, at, took_s, {(HANDLED, slot): n for slot, n in enumerate(counts)})


def rates_of(*readings, smoothing_s=0.0):
    rates = None
    for one in readings:
        rates = advance(rates, one, smoothing_s)
    return rates


def pps(rates, slot=0):
    return rates.pps.get((HANDLED, slot))


def test_a_rate_is_what_was_counted_by_the_time_that_passed():
    rates = rates_of(reading(10.0, 100, 7), reading(12.0, 300, 7))
    assert (pps(rates, 0), pps(rates, 1), rates.at) == (100.0, 0.0, 12.0)


def test_one_reading_tells_no_rate():
    assert rates_of(reading(10.0, 10**9)).at is None


def test_counts_that_go_backwards_leave_rates_as_they_were():
    rates = rates_of(reading(0.0, 0, 0), reading(1.0, 100, 50), reading(2.0, 3, 60))
    assert (pps(rates, 0), pps(rates, 1), rates.at) == (100.0, 50.0, 1.0)
    assert pps(advance(rates, reading(3.0, 203, 60), 0.0)) == 200.0


def test_counts_of_another_program_begin_anew_even_if_they_are_higher():
    reloaded = counted_by(gate_program().schema, "s1")
    rates = rates_of(reading(0.0, 0), reading(1.0, 100), reading(2.0, 10**9, counted=reloaded))
    assert (pps(rates), rates.at) == (100.0, 1.0)


def test_what_a_new_program_does_not_count_is_gone_at_once():
    rates = rates_of(reading(0.0, 0, 0), reading(1.0, 100, 50), reading(2.0, 100))
    assert pps(rates, 1) is None


def test_an_interval_that_is_short_against_the_reading_is_merged_with_the_next():
    slow = rates_of(reading(0.0, 0, took_s=0.4), reading(1.0, 1000, took_s=0.4))
    assert slow.at is None
    assert pps(advance(slow, reading(2.0, 1600, took_s=0.4), 0.0)) == 800.0


def test_smoothing_shows_63_percent_of_a_jump_after_its_time_constant():
    steady = rates_of(reading(0.0, 0), reading(1.0, 100), smoothing_s=2.0)
    jumped = advance(steady, reading(3.0, 100 + 2 * 1100), 2.0)
    assert pps(jumped) == pytest.approx(100 + 1000 * (1 - math.exp(-1)))


def test_smoothing_does_not_depend_on_how_often_is_measured():
    def after(steps):
        rates = rates_of(reading(0.0, 0), reading(1.0, 0), smoothing_s=1.0)
        for i in range(1, steps + 1):
            rates = advance(rates, reading(1.0 + 2.0 * i / steps, 2000 * i // steps), 1.0)
        return pps(rates)

    assert after(1) == pytest.approx(after(10))


def test_what_smoothing_leaves_of_nothing_is_nothing():
    rates = rates_of(reading(0.0, 0), reading(1.0, 100), smoothing_s=0.5)
    assert pps(advance(rates, reading(9.0, 100), 0.5)) == 0.0


counts = st.lists(st.tuples(st.floats(0.01, 5.0), st.integers(0, 2**64 - 1)), min_size=2)


@given(counts, st.floats(0.0, 5.0))
def test_no_rate_is_negative_or_above_what_was_counted(steps, smoothing_s):
    now, last, most, rates = 0.0, None, 0.0, None
    for gap_s, count in steps:
        now += gap_s
        if last is not None and count >= last:
            most = max(most, (count - last) / gap_s)
        last = count
        rates = advance(rates, reading(now, count, took_s=0.0), smoothing_s)
        assert all(0.0 <= rate <= most * 1.000001 for rate in rates.pps.values())


def test_a_load_is_arranged_by_function_slot_and_port():
    both = (
        P4InfoBuilder()
        .counter("rx", 512, annotation("hitless_ports", direction="rx"))
        .counter("tx", 512, annotation("hitless_ports", direction="tx"))
    )
    counted = counted_by(both.program("l2").schema, "s1")
    assert counted.wanted((1, 2, 600)) == {"rx": [1, 2], "tx": [1, 2]}
    cells = {("rx", 1): 0, ("rx", 2): 0, ("tx", 1): 0, ("tx", 2): 0}
    later = cells | {("rx", 1): 50, ("tx", 2): 40}
    metered, _ = measure(Metered(), Reading(counted, 0.0, 0.0, cells), Thresholds(), 0.0)
    metered, _ = measure(metered, Reading(counted, 1.0, 0.0, later), Thresholds(), 0.0)
    assert metered.load.ports == {1: PortRates(50.0, 0.0), 2: PortRates(0.0, 40.0)}
    assert metered.load.pps == 0.0, "what merely passes is no load of a function"


def test_a_node_is_loaded_by_all_slots_together():
    metered, crossing = measure(Metered(), reading(0.0, 0, 0), ANYTHING, 0.0)
    assert (metered.load, crossing) == (None, None)
    metered, crossing = measure(metered, reading(1.0, 60, 70), ANYTHING, 0.0)
    assert crossing.level is Level.HIGH
    assert (metered.load.pps, metered.load.level) == (130.0, Level.HIGH)
    assert metered.load.function_pps == {"gate": {0: 60.0, 1: 70.0}}


def test_a_node_that_is_gone_is_shown_as_it_was_and_stale():
    metered, _ = measure(Metered(), reading(0.0, 0), ANYTHING, 0.0)
    metered, _ = measure(metered, reading(1.0, 130), ANYTHING, 0.0)
    gone = forget(metered)
    assert (gone.load.pps, gone.load.stale, gone.load.level) == (130.0, True, Level.UNKNOWN)
    back, crossing = measure(gone, reading(50.0, 10**6), ANYTHING, 0.0)
    assert crossing is None
    assert back.load.stale
