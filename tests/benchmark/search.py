"""The search for the largest rate at which a switch loses nothing. Pure: it only calls a trial."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmark.traffic import Traffic

LARGEST_LOSS = 0.0001
LARGEST_P50_US = 2000.0
"""Beyond this, packets only wait: a rate that is kept up by a long queue is no rate."""
LEAST_SHARE_SENT = 0.97
"""A generator that falls short of this share of the rate has reached its own limit."""
STEPS = 5
TRIES = 3
"""A rate passes if one of so many trials does: what else runs on the machine can spoil any."""
FIRST_PPS = 10_000
LIMIT_PPS = 640_000


def passes(traffic: Traffic) -> bool:
    """Whether a switch keeps up."""
    return traffic.loss <= LARGEST_LOSS and traffic.p50_us <= LARGEST_P50_US


def is_sent(traffic: Traffic) -> bool:
    """Whether the generator kept up."""
    return traffic.sent_pps >= LEAST_SHARE_SENT * traffic.offered_pps


def loss_free(trial: Callable[[int], Traffic], first_pps: int = FIRST_PPS) -> Traffic | None:
    """The trial that passes with the most frames sent per second; None if none does.

    From the first one the rate is doubled until one fails, then halved into. A rate that passes is
    tried once, one that fails TRIES times. What passed while the generator fell short counts by
    what it sent.
    """
    best: Traffic | None = None

    def is_good(rate_pps: int) -> bool:
        nonlocal best
        for _ in range(TRIES):
            traffic = trial(rate_pps)
            if not passes(traffic):
                continue
            if best is None or traffic.sent_pps > best.sent_pps:
                best = traffic
            if is_sent(traffic):
                return True
        return False

    low, high = 0, first_pps
    while high <= LIMIT_PPS and is_good(high):
        low, high = high, 2 * high
    for _ in range(STEPS):
        middle = (low + high) // 2
        if is_good(middle):
            low = middle
        else:
            high = middle
    return best
