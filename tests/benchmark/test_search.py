"""The search finds the largest rate that passes, and is not misled by bad trials."""

import pytest

from tests.benchmark.search import LIMIT_PPS, loss_free, passes
from tests.benchmark.traffic import Traffic


def traffic(rate_pps, *, lost=0, p50_us=100.0, share_sent=1.0):
    sent = 100_000
    return Traffic(rate_pps, sent, rate_pps * share_sent, sent - lost, p50_us, 0.0, 0.0)


def switch(capacity_pps):
    return lambda rate_pps: traffic(rate_pps, lost=0 if rate_pps <= capacity_pps else 5000)


@pytest.mark.parametrize("capacity_pps", [3_000, 12_345, 27_000, 101_000])
def test_the_rate_is_found_within_a_few_percent(capacity_pps):
    found = loss_free(switch(capacity_pps)).offered_pps
    assert found <= capacity_pps
    assert found > 0.9 * capacity_pps


def test_a_switch_that_loses_everything_has_no_rate():
    assert loss_free(switch(0)) is None


def test_two_bad_trials_do_not_count():
    calls = []

    def moody(rate_pps):
        calls.append(rate_pps)
        return switch(50_000)(rate_pps) if len(calls) % 3 == 0 else traffic(rate_pps, lost=9000)

    assert loss_free(moody).offered_pps > 45_000


def test_the_search_ends_where_the_generator_does():
    limit_pps = 200_000

    def fast(rate_pps):
        return traffic(rate_pps, share_sent=min(1.0, limit_pps / rate_pps))

    assert 0.9 * limit_pps < loss_free(fast).sent_pps < 1.1 * limit_pps


def test_what_passes_while_the_generator_falls_short_counts_by_what_was_sent():
    def short(rate_pps):
        return traffic(rate_pps, share_sent=0.9 if rate_pps > 50_000 else 1.0)

    assert loss_free(short).sent_pps == 0.9 * 80_000


def test_the_search_ends_at_its_limit():
    assert loss_free(traffic).offered_pps <= 2 * LIMIT_PPS


def test_a_long_queue_is_no_capacity():
    assert not passes(traffic(1000, p50_us=5000.0))
    assert passes(traffic(1000, lost=10))
    assert not passes(traffic(1000, lost=11))
