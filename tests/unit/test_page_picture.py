"""What the page shows, made from the management entity's answers and events."""

import pytest

from controller.dashboard.picture import LATEST_MIGRATIONS, LATEST_NEWS, Picture, Timeline
from controller.dashboard.place import Place
from controller.errors import ConfigError

LOAD = {"s1": {"pps": 1200.0, "level": "normal", "stale": False, "ports": {"1": [5.0, 6.0]}}}


def overview(**changes):
    return {"version": "1", "nodes": [{"name": "s1"}], "links": [], "load": LOAD} | changes


def step(number, state="running"):
    record = {"id": number, "steps": [{"name": "copy", "node": "s2", "state": state, "ms": None}]}
    return {"event": "migration_step", "at": 2.0, "migration": record}


def load(pps):
    return {"event": "load", "at": 3.0, "nodes": {"s1": LOAD["s1"] | {"pps": pps}}}


def shown():
    """Return a picture of which all was told."""
    picture = Picture()
    picture.overview(overview())
    picture.changes()
    return picture


def test_only_parts_that_changed_are_told():
    picture = shown()
    picture.overview(overview(links=[{"a": "s1:2", "b": "s2:1"}]))
    assert picture.changes() == {"links": [{"a": "s1:2", "b": "s2:1"}]}
    assert picture.changes() == {}


def test_load_comes_by_events_and_an_older_answer_does_not_undo_it():
    picture = shown()
    picture.event(load(7.0))
    picture.overview(overview())
    assert picture.changes() == {"load": load(7.0)["nodes"], "load_at": 3.0}


def test_of_many_steps_at_once_only_the_latest_record_is_told_and_every_event():
    picture = shown()
    for state in ("running", "done"):
        picture.event(step(1, state))
    told = picture.changes()
    assert told["migrations"] == [step(1, "done")["migration"]]
    assert [news["text"] for news in told["news"]] == [
        "1: copy at s2 running",
        "1: copy at s2 done",
    ]


def test_what_is_still_to_be_told_is_told_once_to_a_page_that_opens_meanwhile():
    picture = shown()
    picture.event(step(1))
    whole = picture.whole()
    assert (whole["migrations"], whole["news"]) == ([step(1)["migration"]], [])
    assert len(picture.changes()["news"]) == len(picture.whole()["news"]) == 1


def test_the_latest_migrations_and_events_are_kept():
    picture = shown()
    for number in range(200):
        picture.event(step(number))
    whole = picture.whole()
    assert [m["id"] for m in whole["migrations"]] == list(range(200 - LATEST_MIGRATIONS, 200))
    assert len(picture.changes()["news"]) == LATEST_NEWS


def test_a_management_entity_that_is_gone_is_told_of_and_so_is_its_return():
    picture = shown()
    picture.gone("nobody serves there")
    assert picture.changes() == {"gone": "nobody serves there"}
    assert picture.whole()["nodes"] == [{"name": "s1"}]
    picture.overview(overview())
    assert picture.changes() == {"gone": None}


def test_the_timeline_keeps_the_latest_samples_of_all_nodes():
    timeline = Timeline(samples=2)
    stale = {"pps": 5.0, "stale": True}
    for at in (1.0, 2.0, 3.0):
        timeline.add(at, {"s1": {"pps": at, "stale": False}, "s2": stale})
    timeline.add(4.0, {"s2": {"pps": 9.2, "stale": False}})
    assert timeline.to_dict() == {"at": [3.0, 4.0], "pps": {"s1": [3, None], "s2": [None, 9]}}


@pytest.mark.parametrize("text", ["8080", "host:", "host:70000", "a b:1"])
def test_a_place_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="must be HOST:PORT"):
        Place.parse(text)


def test_a_page_may_be_called_by_its_host_and_by_the_loopbacks_names():
    assert Place.parse("[::1]:80").names >= {"[::1]", "localhost"}
    assert "10.1.1.1" in Place.parse("10.1.1.1:80").names
