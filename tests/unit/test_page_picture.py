"""What the page shows, made from the management entity's answers and events."""

import pytest

from controller.dashboard.picture import (
    FEW_LINKS,
    LATEST_MIGRATIONS,
    LATEST_NEWS,
    Picture,
    Timeline,
    latencies,
    loads,
)
from controller.dashboard.place import Place
from controller.errors import ConfigError

LOAD = {"s1": {"pps": 1200.0, "level": "normal", "stale": False, "ports": {"1": [5.0, 6.0]}}}


def overview(**changes):
    whole = {"version": "1", "nodes": [{"name": "s1"}], "links": [], "load": LOAD, "at": 1.0}
    return whole | {"latency": {"lldp_ms": {}, "echo_ms": {}}} | changes


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
    assert picture.changes() == {
        "load": load(7.0)["nodes"],
        "loads": {"at": 3.0, "values": {"s1": 7}},
    }


def test_a_level_of_load_that_lasts_is_no_news():
    picture = shown()
    for _ in range(3):
        picture.event(
            {
                "event": "load_low",
                "at": 4.0,
                "node": "s1",
                "threshold_pps": 5.0,
                "load": {"pps": 0.0},
            }
        )
    assert len(picture.changes()["news"]) == 1


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


def trips(**links):
    return {"latency": {"lldp_ms": links, "echo_ms": {}}}


def test_of_a_few_links_each_has_its_latency_once_it_is_measured_both_ways():
    assert latencies(trips(one=[1.0, 2.0], two=[None, 2.0])) == {"one": 1.5}
    assert latencies(trips()) == {}


def test_of_many_links_the_median_and_the_worst_are_shown():
    many = {f"link{number}": [number, number] for number in range(FEW_LINKS + 1)}
    assert latencies(trips(**many)) == {"median": FEW_LINKS / 2, "worst": FEW_LINKS}


def test_load_that_is_old_is_not_in_the_timeline():
    old = load(5.0)["nodes"]["s1"] | {"stale": True}
    assert loads({"nodes": load(7.4)["nodes"] | {"s2": old}}) == {"s1": 7}


def test_the_timeline_keeps_the_latest_samples_of_all():
    timeline = Timeline(samples=2)
    for at in (1.0, 2.0, 3.0):
        timeline.add(at, {"s1": at})
    timeline.add(4.0, {"s2": 9})
    assert timeline.to_dict() == {"at": [3.0, 4.0], "values": {"s1": [3.0, None], "s2": [None, 9]}}


@pytest.mark.parametrize("text", ["8080", "host:", "host:70000", "a b:1"])
def test_a_place_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="must be HOST:PORT"):
        Place.parse(text)


def test_a_page_may_be_called_by_its_host_and_by_the_loopbacks_names():
    assert Place.parse("[::1]:80").names >= {"[::1]", "localhost"}
    assert "10.1.1.1" in Place.parse("10.1.1.1:80").names
