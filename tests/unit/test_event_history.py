"""The latest events, for those who come later."""

from __future__ import annotations

import time

from controller.events import (
    EventLoad,
    EventLoadHigh,
    EventLoadLow,
    EventNodeDown,
    EventNodeReady,
)
from controller.load.snapshot import LoadSnapshot, NodeLoad
from controller.news.history import EventHistory


def test_the_latest_events_are_kept_in_order_with_their_times() -> None:
    history = EventHistory(limit=3)
    for i in range(5):
        history.add(EventNodeReady(f"s{i}"))
    kept = history.latest(10)
    assert [event["node"] for event in kept] == ["s2", "s3", "s4"]
    assert all(abs(event["at"] - time.time()) < 60 for event in kept)
    assert [event["node"] for event in history.latest(1)] == ["s4"]


def test_events_are_chosen_by_their_kinds() -> None:
    history = EventHistory()
    history.add(EventNodeDown("s1", "gone"))
    history.add(EventNodeReady("s1"))
    history.add(EventNodeDown("s2", "gone"))
    assert [event["node"] for event in history.latest(5, ["node_down"])] == ["s1", "s2"]
    assert history.latest(5, []) == []


def test_what_comes_all_the_time_is_told_and_not_kept() -> None:
    history = EventHistory()
    assert history.add(EventLoad(LoadSnapshot()))["event"] == "load"
    assert history.latest(5) == []


def test_a_level_of_load_that_lasts_is_kept_once_and_told_each_time() -> None:
    history = EventHistory()
    load = LoadSnapshot({node: NodeLoad(5.0, {}, {}, at=1.0) for node in ("s1", "s2")}, at=1.0)
    for _ in range(3):
        assert history.add(EventLoadLow("s1", 10.0, load))["event"] == "load_low"
        history.add(EventLoadLow("s2", 10.0, load))
    history.add(EventLoadHigh("s1", 2.0, load))
    history.add(EventLoadLow("s1", 10.0, load))
    kept = [(event["event"], event["node"]) for event in history.latest(10)]
    assert kept == [("load_low", "s1"), ("load_low", "s2"), ("load_high", "s1"), ("load_low", "s1")]
