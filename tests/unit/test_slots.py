"""Sets of slots as text and as control words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.slots import format_slots, parse_slots, slots_of, word_of

SLOTS = st.frozensets(st.integers(0, 63))


@given(SLOTS)
def test_slots_written_are_read_back(slots):
    assert slots == (parse_slots(format_slots(slots)) if slots else frozenset())


@given(SLOTS)
def test_slots_of_a_word_are_those_it_was_made_of(slots):
    assert slots_of(word_of(slots)) == slots


def test_ranges_are_written_short():
    assert format_slots({0, 1, 2, 5, 7, 8}) == "0-2,5,7-8"
    assert format_slots(()) == "none"


def test_a_number_is_one_slot():
    assert parse_slots(3) == {3}


@pytest.mark.parametrize("text", ["", "a", "3-", "-3", "5-2", "1,,2", "0-99999999", "1 2"])
def test_what_is_no_set_of_slots_is_refused(text):
    with pytest.raises(ValueError, match=r"slot|range"):
        parse_slots(text)
