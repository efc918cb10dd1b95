"""When the worker lets frames gather: at high rates only, and not while it is behind."""

from __future__ import annotations

from switch.dataplane.moderation import DENSE_PPS, PAUSE_S, WINDOW_NS, Moderation

INTERVAL_NS = 50_000


def after(rate_pps: int, seconds: float, moderation: Moderation, start_ns: int = 0) -> int:
    """Let frames come evenly; returns the time when the last one has."""
    now_ns, owed = start_ns, 0.0
    while now_ns < start_ns + seconds * 1e9:
        now_ns += INTERVAL_NS
        owed += rate_pps * INTERVAL_NS / 1e9
        frames, owed = int(owed), owed % 1
        moderation.received(frames, left_some=False, now_ns=now_ns)
    return now_ns


def test_few_frames_are_not_kept_waiting() -> None:
    moderation = Moderation(0)
    after(DENSE_PPS // 2, 0.1, moderation)
    assert moderation.pause_s == 0


def test_of_many_frames_some_gather() -> None:
    moderation = Moderation(0)
    after(2 * DENSE_PPS, 0.01, moderation)
    assert moderation.pause_s == PAUSE_S


def test_a_short_burst_after_silence_is_served_at_once() -> None:
    moderation = Moderation(0)
    moderation.received(64, left_some=False, now_ns=10 * 1_000_000_000)
    assert moderation.pause_s == 0


def test_nothing_gathers_while_frames_are_left() -> None:
    moderation = Moderation(0)
    now_ns = after(2 * DENSE_PPS, 0.01, moderation)
    moderation.received(64, left_some=True, now_ns=now_ns)
    assert moderation.pause_s == 0


def test_it_ends_within_a_window_when_frames_become_few() -> None:
    moderation = Moderation(0)
    now_ns = after(2 * DENSE_PPS, 0.01, moderation)
    after(DENSE_PPS // 10, 2 * WINDOW_NS / 1e9, moderation, now_ns)
    assert moderation.pause_s == 0
