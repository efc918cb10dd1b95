"""The look-up structures against a plain list of entries, and what large tables cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.p4json.objects import KeyField, LpmMatch, MatchKind, RangeMatch, TernaryMatch
from switch.runtime.entries import Entry
from switch.runtime.keys import KeyLayout
from switch.runtime.ranked import RangeTable, TernaryTable
from switch.runtime.tables import LpmTable

WIDTH = 6
FULL = (1 << WIDTH) - 1


def _lpm() -> st.SearchStrategy:
    return st.tuples(st.integers(0, FULL), st.integers(0, WIDTH)).map(lambda pair: LpmMatch(*pair))


def _ternary() -> st.SearchStrategy:
    pairs = st.tuples(st.integers(0, FULL), st.sampled_from([0, 1, 0x30, 0x33, FULL]))
    return pairs.map(lambda pair: TernaryMatch(pair[0] & pair[1], pair[1]))


def _range() -> st.SearchStrategy:
    pairs = st.tuples(st.integers(0, FULL), st.integers(0, FULL))
    return pairs.map(lambda pair: RangeMatch(min(pair), max(pair)))


def _matches(match, value: int) -> bool:
    match match:
        case LpmMatch(prefix, length):
            return value >> (WIDTH - length) == prefix >> (WIDTH - length)
        case TernaryMatch(wanted, mask):
            return value & mask == wanted
        case RangeMatch(low, high):
            return low <= value <= high
    raise TypeError(match)


def _layout(kind: MatchKind) -> KeyLayout:
    return KeyLayout(kind, (KeyField("x", kind, WIDTH),))


OPERATIONS = st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(1, 3)), max_size=60)


@given(keys=st.lists(_lpm(), min_size=1, max_size=20), operations=OPERATIONS)
def test_lpm_finds_what_a_search_of_all_entries_finds(keys, operations):
    table, layout, there = LpmTable(), _layout(MatchKind.LPM), {}
    for inserting, index, _ in operations:
        key = layout.encode((keys[index % len(keys)],))
        if inserting and key not in there:
            there[key] = (keys[index % len(keys)], Entry(1, ()))
            table.insert(key, 0, there[key][1])
        elif not inserting and key in there:
            del there[key]
            table.remove(key, 0)
    assert table.count == len(there)
    for value in range(FULL + 1):
        found = [item for item in there.values() if _matches(item[0], value)]
        best = max(found, key=lambda item: item[0].prefix_length, default=(None, None))
        assert table.find(value) is best[1]


def _check_ranked(table, layout, keys, operations) -> None:
    there: dict = {}
    for inserting, index, priority in operations:
        match = keys[index % len(keys)]
        name = (layout.encode((match,)), priority)
        if inserting and name not in there:
            there[name] = (match, priority, Entry(1, ()))
            table.insert(*name, there[name][2])
        elif not inserting and name in there:
            del there[name]
            table.remove(*name)
        for value in range(0, FULL + 1, 7):
            found = [item for item in there.values() if _matches(item[0], value)]
            best = max((item[1] for item in found), default=None)
            oldest = next((item[2] for item in found if item[1] == best), None)
            assert table.find(value) is oldest
    assert table.count == len(there)


@given(keys=st.lists(_ternary(), min_size=1, max_size=12), operations=OPERATIONS)
def test_ternary_finds_the_best_of_all_entries(keys, operations):
    _check_ranked(TernaryTable(), _layout(MatchKind.TERNARY), keys, operations)


@given(keys=st.lists(_range(), min_size=1, max_size=12), operations=OPERATIONS)
def test_range_finds_the_best_of_all_entries(keys, operations):
    _check_ranked(RangeTable(), _layout(MatchKind.RANGE), keys, operations)


@pytest.mark.parametrize(
    "key, complaint",
    [((1, 2), "2 key fields given"), (((1, 2),), "one value"), ((), "0 key fields")],
)
def test_a_key_that_does_not_fit_is_refused(key, complaint):
    with pytest.raises(ValueError, match=complaint):
        _layout(MatchKind.EXACT).encode(key)


class Key(int):
    """A key that counts how often a table cuts it down to compare it."""

    cuts = 0

    def __and__(self, mask: int) -> int:
        Key.cuts += 1
        return int(self) & mask

    def __rshift__(self, shift: int) -> int:
        Key.cuts += 1
        return int(self) >> shift


def _cuts_per_lookup(table, keys: list[int]) -> float:
    Key.cuts = 0
    for key in keys:
        table.find(Key(key))
    return Key.cuts / len(keys)


def test_a_ternary_lookup_costs_its_masks_and_not_its_entries():
    table, layout = (
        TernaryTable(),
        KeyLayout(MatchKind.TERNARY, (KeyField("x", MatchKind.TERNARY, 128),)),
    )
    for index in range(1000):
        mask = 0xFFFF << index % 64
        match = TernaryMatch(index * 0x9E3779B97F4A7C15 & mask, mask)
        table.insert(layout.encode((match,)), 1 + index % 7, Entry(1, ()))
    keys = [index * 0xDEADBEEF1234567 for index in range(1, 400)]
    assert 1 <= _cuts_per_lookup(table, keys) <= 64


def test_an_lpm_lookup_costs_its_prefix_lengths_and_not_its_entries():
    table, layout = LpmTable(), KeyLayout(MatchKind.LPM, (KeyField("x", MatchKind.LPM, 32),))
    for length in range(8, 32):
        for index in range(40):
            match = LpmMatch((index * 0x9E3779B1) & 0xFFFFFFFF, length)
            key = layout.encode((match,))
            if table.get(key, 0) is None:
                table.insert(key, 0, Entry(1, ()))
    keys = [(index * 0x85EBCA6B) & 0xFFFFFFFF for index in range(400)]
    assert 1 <= _cuts_per_lookup(table, keys) <= 24


def test_a_dropped_table_is_freed_in_steps():
    layout = _layout(MatchKind.TERNARY)
    table = TernaryTable()
    for value in range(FULL + 1):
        table.insert(layout.encode((TernaryMatch(value, FULL),)), 1, Entry(1, ()))
    steps = 0
    while table.drop_some(10):
        steps += 1
    assert steps >= 6
    assert table.find(3) is None
