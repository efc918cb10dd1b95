"""Which cells a copy reads at the destination."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.state.manifest import StateArray
from controller.state.merge import MergeRule, TimeField
from controller.state.rebase import ClockOffset
from controller.state.transfer import SPANS_LIMIT, spans_to_merge, writes_for

TIME = TimeField(lsb=0, width=8, unit_us=1)


def array(rule: MergeRule, bucket: int = 1) -> StateArray:
    time = TIME if rule is MergeRule.NEWER else None
    return StateArray("cells", "state", rule, 16, 0, 1, 64, time, bucket)


def test_where_the_source_is_empty_nothing_is_read():
    assert spans_to_merge(array(MergeRule.OR), [0] * 64) == []


def test_a_bucket_is_read_whole_and_neighbours_are_read_together():
    cells = [0] * 64
    cells[5] = cells[9] = cells[30] = 1
    assert spans_to_merge(array(MergeRule.NEWER, bucket=4), cells) == [(4, 12), (28, 32)]


def test_replace_reads_all_since_empty_cells_count():
    assert spans_to_merge(array(MergeRule.REPLACE), [0] * 64) == [(0, 64)]


def test_many_spans_become_one_read():
    cells = [1, 0, 0, 0] * (SPANS_LIMIT + 1)
    assert spans_to_merge(array(MergeRule.OR), cells) == [(0, len(cells))]


@pytest.mark.parametrize("rule", list(MergeRule))
@given(data=st.data())
def test_leaving_cells_out_changes_no_write(rule, data):
    cells = st.lists(st.sampled_from([0, 0, 0, 0x101, 0x2FF]), min_size=64, max_size=64)
    source, destination = data.draw(cells), data.draw(cells)
    bucket = 4 if rule is MergeRule.NEWER else 1
    kept = array(rule, bucket)
    parts = {
        start + index: value
        for start, end in spans_to_merge(kept, source)
        for index, value in writes_for(
            kept, source[start:end], destination[start:end], ClockOffset(0, 0)
        ).items()
    }
    assert parts == writes_for(kept, source, destination, ClockOffset(0, 0))
