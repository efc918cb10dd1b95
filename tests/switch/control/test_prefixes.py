"""Ranges as prefixes match what they should, and are not many."""

from hypothesis import given
from hypothesis import strategies as st

from switch.p4runtime.prefixes import prefixes


def matched(low, high, width):
    """How often each value is matched."""
    blocks = list(prefixes(low, high, width))
    return [sum(value & mask == base for base, mask in blocks) for value in range(1 << width)]


@given(st.integers(1, 6), st.data())
def test_each_value_of_a_range_is_matched_once_and_no_other(width, data):
    low = data.draw(st.integers(0, (1 << width) - 1))
    high = data.draw(st.integers(low, (1 << width) - 1))
    expected = [low <= value <= high for value in range(1 << width)]
    assert matched(low, high, width) == expected


def test_the_worst_range_takes_two_prefixes_less_than_twice_the_width():
    for width in (8, 16, 48):
        assert len(list(prefixes(1, (1 << width) - 2, width))) == 2 * width - 2
    assert list(prefixes(0, (1 << 16) - 1, 16)) == [(0, 0)]
