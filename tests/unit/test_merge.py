"""Merging two copies of state: each rule does what it says, and repeating it changes nothing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.state.merge import (
    MergeRule,
    TimeField,
    max_writes,
    newer_writes,
    or_writes,
    replace_writes,
    sum_writes,
)

TIME = TimeField(lsb=0, width=8, unit_us=1000)
SHIFTED = TimeField(lsb=4, width=8, unit_us=1000)

CELLS = st.lists(st.integers(0, 255), min_size=8, max_size=8)
"Plain cells."
ENTRY = st.builds(lambda key, at: key << 8 | at, st.integers(1, 6), st.integers(1, 9))
ENTRIES = st.lists(st.one_of(st.just(0), ENTRY), min_size=8, max_size=8)
"Cells with a key above a time; few keys, so that they meet."

JOINS = {"or": or_writes, "max": max_writes}


def merged(writes, destination):
    return [writes.get(i, cell) for i, cell in enumerate(destination)]


def joined(source, destination, bucket, tolerance=0):
    return merged(newer_writes(source, destination, TIME, bucket, tolerance), destination)


def newest(cells, bucket):
    """Return what a join of buckets keeps: per bucket, the newest time of each key, the newest."""
    kept = []
    for first in range(0, len(cells[0]), bucket):
        times = {}
        for copy in cells:
            for cell in filter(None, copy[first : first + bucket]):
                key = TIME.key(cell)
                times[key] = max(times.get(key, 0), TIME.of(cell))
        ordered = sorted(((at, key | at) for key, at in times.items()), reverse=True)
        kept.append(sorted(cell for _, cell in ordered[:bucket]))
    return kept


def entries(cells, bucket):
    """Return the entries of each bucket, without older duplicates."""
    return newest([cells], bucket)


@pytest.mark.parametrize("rule", JOINS)
@given(a=CELLS, b=CELLS, c=CELLS)
def test_joins_are_idempotent_commutative_and_associative(rule, a, b, c):
    def join(x, y):
        return merged(JOINS[rule](x, y), y)

    assert join(a, a) == a
    assert join(a, b) == join(b, a)
    assert join(join(a, b), c) == join(a, join(b, c))
    assert JOINS[rule](a, join(a, b)) == {}


@given(a=ENTRIES, b=ENTRIES)
def test_the_newer_of_two_cells_wins_at_both_nodes(a, b):
    ab = joined(a, b, 1)
    assert ab == joined(b, a, 1)
    assert ab == [max(pair, key=lambda c: (TIME.of(c), c)) for pair in zip(a, b, strict=True)]
    assert newer_writes(a, ab, TIME) == {}


@given(a=ENTRIES, b=ENTRIES)
def test_buckets_are_joined_as_sets_of_their_newest_entries(a, b):
    ab = joined(a, b, 4)
    assert entries(ab, 4) == newest([a, b], 4)
    assert entries(ab, 4) == entries(joined(b, a, 4), 4)
    assert newer_writes(a, ab, TIME, 4) == {}


@given(a=ENTRIES, b=ENTRIES, c=ENTRIES)
def test_the_order_in_which_buckets_are_joined_does_not_matter(a, b, c):
    assert entries(joined(joined(a, b, 4), c, 4), 4) == entries(joined(a, joined(b, c, 4), 4), 4)


@given(a=ENTRIES, b=ENTRIES, tolerance=st.integers(0, 3))
def test_within_a_tolerance_joining_still_settles(a, b, tolerance):
    ab = joined(a, b, 4, tolerance)
    assert newer_writes(a, ab, TIME, 4, tolerance) == {}


@given(a=ENTRIES, b=ENTRIES, tolerance=st.integers(0, 3))
def test_within_a_tolerance_the_same_entries_are_kept_as_without(a, b, tolerance):
    kept, best = joined(a, b, 4, tolerance), joined(a, b, 4)
    assert [TIME.key(cell) for cell in kept] == [TIME.key(cell) for cell in best]
    lags = [TIME.of(new) - TIME.of(old) for new, old in zip(best, kept, strict=True)]
    assert all(0 <= lag <= tolerance for lag in lags)


def test_an_entry_whose_copy_lags_behind_is_as_new_as_its_newest_copy():
    ours = [0, 1 << 8 | 2, 2 << 8 | 2, 3 << 8 | 1]
    theirs = [0, 3 << 8 | 2, 4 << 8 | 1, 5 << 8 | 1]
    assert newer_writes(theirs, ours, TIME, 4, tolerance=1) == {0: 5 << 8 | 1}


def test_entries_that_lie_in_other_cells_of_their_bucket_do_not_displace_each_other():
    old, new = 1 << 8 | 5, 2 << 8 | 7
    source, destination = [old, new, 0, 0], [new, 0, 0, 0]
    assert sorted(joined(source, destination, 4)) == [0, 0, old, new]


def test_an_entry_stays_where_it_lies():
    assert newer_writes([0, 0, 0, 1 << 8 | 9], [1 << 8 | 4, 0, 0, 0], TIME, 4) == {0: 1 << 8 | 9}


def test_an_older_duplicate_is_emptied_or_makes_room():
    duplicate = [1 << 8 | 5, 1 << 8 | 3, 2 << 8 | 6, 3 << 8 | 6]
    assert newer_writes([2 << 8 | 6, 0, 0, 0], duplicate, TIME, 4) == {1: 0}
    assert newer_writes([4 << 8 | 2, 0, 0, 0], duplicate, TIME, 4) == {1: 4 << 8 | 2}


def test_a_full_bucket_gives_up_its_oldest_entry():
    full = [1 << 8 | 5, 2 << 8 | 2, 3 << 8 | 6, 4 << 8 | 7]
    assert newer_writes([5 << 8 | 4, 0, 0, 0], full, TIME, 4) == {1: 5 << 8 | 4}
    assert newer_writes([5 << 8 | 1, 0, 0, 0], full, TIME, 4) == {}


def test_an_empty_source_cell_writes_nothing():
    assert newer_writes([0], [1 << 8 | 5], TIME) == {}
    assert newer_writes([0] * 4, [1 << 8 | 5] * 4, TIME, 4) == {}


def test_a_small_lag_of_the_same_entry_is_not_worth_a_write():
    assert newer_writes([1 << 8 | 6], [1 << 8 | 5], TIME, 1, tolerance=1) == {}
    assert newer_writes([1 << 8 | 7], [1 << 8 | 5], TIME, 1, tolerance=1) == {0: 1 << 8 | 7}
    assert newer_writes([2 << 8 | 6], [1 << 8 | 5], TIME, 1, tolerance=1) == {0: 2 << 8 | 6}


def test_the_time_may_lie_anywhere_in_a_cell():
    cell = 0xA << 12 | 7 << 4 | 0x3
    assert (SHIFTED.of(cell), SHIFTED.key(cell)) == (7, 0xA << 12 | 0x3)
    assert SHIFTED.replaced(cell, 9) == 0xA << 12 | 9 << 4 | 0x3


def test_copies_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="longer"):
        or_writes([1], [1, 2])
    with pytest.raises(ValueError, match="cells in buckets of 4"):
        newer_writes([1] * 4, [1] * 8, TIME, 4)


@given(source=CELLS, destination=CELLS)
def test_replacing_makes_the_destination_a_copy(source, destination):
    assert merged(replace_writes(source, destination), destination) == source


@given(source=CELLS, destination=CELLS)
def test_counts_of_the_same_packets_do_not_add_up_however_often_they_are_copied(
    source, destination
):
    for _ in range(3):
        both_saw = [min(s, d) for s, d in zip(source, destination, strict=True)]
        writes = sum_writes(source, destination, both_saw, 255)
        destination = merged(writes, destination)
    assert destination == [max(s, d) for s, d in zip(source, destination, strict=True)]


@given(source=CELLS, destination=CELLS)
def test_counts_of_different_packets_add_up_and_stop_at_the_largest_value(source, destination):
    total = merged(sum_writes(source, destination, [0] * 8, 255), destination)
    assert total == [min(255, s + d) for s, d in zip(source, destination, strict=True)]


@given(counts=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=20))
def test_a_count_is_exact_after_any_mix_of_packets_and_copies(counts):
    source, destination = [100], [0]
    for packets, copy in counts:
        source[0] += packets
        destination[0] += packets
        if copy:
            base = [min(source[0], destination[0])]
            destination = merged(sum_writes(source, destination, base, 10**6), destination)
    base = [min(source[0], destination[0])]
    assert merged(sum_writes(source, destination, base, 10**6), destination) == source


def test_only_rules_with_an_order_have_to_settle():
    assert {rule for rule in MergeRule if not rule.settles} == {MergeRule.SUM, MergeRule.REPLACE}


def test_merging_65536_cells_takes_far_less_than_a_round_of_copying():
    source = [i << 8 | 7 if i % 16 == 0 else 0 for i in range(65_536)]
    destination = [0] * 65_536
    best = min(_seconds(lambda: newer_writes(source, destination, TIME, 4)) for _ in range(3))
    assert best < 0.25


def _seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
