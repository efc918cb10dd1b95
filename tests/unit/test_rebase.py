"""Moving time stamps between two nodes' clocks."""

from hypothesis import given
from hypothesis import strategies as st

from controller.southbound.driver import ClockReading
from controller.state.merge import TimeField
from controller.state.rebase import ClockOffset, rebased

FIELD = TimeField(lsb=0, width=32, unit_us=65_536)
UNIT = 65_536


def cell(key, units):
    return key << 32 | units


def test_the_offset_is_the_distance_of_the_clocks_at_one_moment():
    source = ClockReading(node_us=1_000_000, host_ns=5_000_000_000, error_us=40)
    destination = ClockReading(node_us=3_000_000, host_ns=5_500_000_000, error_us=30)
    offset = ClockOffset.between(source, destination)
    assert (offset.offset_us, offset.error_us) == (1_500_000, 70)


def test_a_time_keeps_its_age():
    offset = ClockOffset(10 * UNIT, 0)
    assert rebased([cell(7, 100)], FIELD, offset, 200 * UNIT) == [cell(7, 110)]


def test_an_empty_cell_stays_empty():
    assert rebased([0, 0], FIELD, ClockOffset(99 * UNIT, 0), 10**9) == [0, 0]


def test_no_time_lies_in_the_future():
    assert rebased([cell(7, 100)], FIELD, ClockOffset(0, 0), 90 * UNIT) == [cell(7, 90)]


def test_a_time_from_before_the_destination_started_becomes_its_first():
    assert rebased([cell(7, 100)], FIELD, ClockOffset(-200 * UNIT, 0), 90 * UNIT) == [cell(7, 1)]


def test_the_tolerance_is_a_unit_and_the_error_of_the_clocks():
    assert ClockOffset(0, 0).tolerance(FIELD) == 1
    assert ClockOffset(0, 1).tolerance(FIELD) == 2
    assert ClockOffset(0, UNIT + 1).tolerance(FIELD) == 3


@given(
    keys=st.lists(st.integers(0, 2**31 - 1), max_size=20),
    units=st.integers(1, 2**32 - 1),
    offset_us=st.integers(-(2**50), 2**50),
    now_us=st.integers(0, 2**48 - 1),
)
def test_whatever_the_clocks_a_cell_keeps_its_key_and_never_becomes_empty(
    keys, units, offset_us, now_us
):
    cells = [cell(key, units) for key in keys]
    moved = rebased(cells, FIELD, ClockOffset(offset_us, 0), now_us)
    assert [FIELD.key(c) for c in moved] == [FIELD.key(c) for c in cells]
    assert all(1 <= FIELD.of(c) <= max(1, now_us // UNIT) for c in moved)


@given(units=st.integers(1000, 2000), offset_us=st.integers(0, 10**9))
def test_there_and_back_again_is_off_by_less_than_the_tolerance(units, offset_us):
    there = rebased([cell(1, units)], FIELD, ClockOffset(offset_us, 0), 2**47)
    (back,) = rebased(there, FIELD, ClockOffset(-offset_us, 0), 2**47)
    assert 0 <= units - FIELD.of(back) <= ClockOffset(0, 0).tolerance(FIELD)
