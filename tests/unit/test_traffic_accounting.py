"""Exact accounts of measured flows: lost, duplicated, reordered, latency, by window of time."""

import numpy as np
import pytest

from topo.errors import MeasurementInvalid
from topo.traffic.accounting import Window, count, summarize
from topo.traffic.records import FlowRecord

PERIOD_NS = 1_000
DELAY_NS = 100_000


def record(sequences, sent=10, received_ns=None):
    """Return the record of `sent` packets, 1 microsecond apart, received in this order."""
    sent_ns = np.arange(sent, dtype=np.uint64) * np.uint64(PERIOD_NS)
    order = np.array(sequences, dtype=np.uint64)
    if received_ns is None:
        received_ns = DELAY_NS + np.arange(order.size) * PERIOD_NS
    return FlowRecord(
        "F",
        sent_ns,
        np.zeros(sent, dtype=np.int64),
        order,
        np.array(received_ns, dtype=np.uint64),
    )


def counts(sequences, sent=10, window=None):
    result = count(record(sequences, sent), *([] if window is None else [window]))
    return result.sent, result.lost, result.duplicated, result.reordered


def test_a_flawless_flow_counts_nothing():
    assert counts(range(10)) == (10, 0, 0, 0)


def test_what_never_arrived_is_lost():
    assert counts([0, 1, 2, 4, 5, 8, 9]) == (10, 3, 0, 0)


def test_a_flow_of_which_nothing_arrived_is_all_lost():
    assert counts([]) == (10, 10, 0, 0)


def test_each_further_copy_is_a_duplicate():
    assert counts([0, 1, 1, 1, *range(2, 10), 9]) == (10, 0, 3, 0)


def test_a_packet_overtaken_by_a_later_one_is_reordered():
    assert counts([0, 2, 3, 1, *range(4, 10)]) == (10, 0, 0, 1)


def test_a_late_copy_of_a_packet_that_had_arrived_is_no_reordering():
    assert counts([0, 1, 2, 3, 1, *range(4, 10)]) == (10, 0, 1, 0)


def test_a_packet_is_counted_in_the_window_in_which_it_was_sent():
    order = [0, 1, 1, 4, 3, 5, 7, 8, 9]  # 2 and 6 lost, 1 twice, 3 overtaken
    assert counts(order, window=Window(0, 3 * PERIOD_NS)) == (3, 1, 1, 0)
    assert counts(order, window=Window(3 * PERIOD_NS, 6 * PERIOD_NS)) == (3, 0, 0, 1)
    assert counts(order, window=Window(6 * PERIOD_NS, 99 * PERIOD_NS)) == (4, 1, 0, 0)


def test_parts_add_up_to_the_whole():
    order = [0, 2, 1, 4, 4, 5, 9, 7]
    whole = np.array(counts(order))
    parts = [
        counts(order, window=Window(start * PERIOD_NS, (start + 5) * PERIOD_NS)) for start in (0, 5)
    ]
    assert (np.array(parts[0]) + np.array(parts[1]) == whole).all()


def test_latency_is_that_of_the_first_copy():
    flow = record([0, 0], sent=1, received_ns=[70_000, 900_000])
    summary = summarize(flow, Window(0, 10**9))
    assert (summary.packets, summary.p50, summary.max) == (1, 70.0, 70.0)


def test_percentiles_are_latencies_that_occurred():
    delays_ns = np.arange(1, 101) * 1_000
    flow = record(range(100), sent=100, received_ns=np.arange(100) * PERIOD_NS + delays_ns)
    summary = summarize(flow, Window(0, 10**9))
    assert (summary.p50, summary.p99, summary.max) == (50.0, 99.0, 100.0)


def test_a_packet_in_flight_when_a_window_opens_belongs_to_it():
    flow = record(range(10))  # sent at 0, 1, … microseconds, 100 on their way
    assert summarize(flow, Window(105_000, 106_000)).packets == 5
    assert summarize(flow, Window(0, 1)).packets == 1


def test_an_empty_window_has_no_latency():
    summary = summarize(record(range(10)), Window(10**9, 2 * 10**9))
    assert (summary.packets, summary.p50, summary.p99, summary.max) == (0, None, None, None)


def test_receiving_what_was_never_sent_makes_the_measurement_invalid():
    with pytest.raises(MeasurementInvalid, match="packet 10 was received, but only 10 were sent"):
        record([10])
