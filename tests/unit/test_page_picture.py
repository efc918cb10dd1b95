"""What the page shows, made from the management entity's answers."""

import pytest

from controller.dashboard.picture import Timeline, picture
from controller.dashboard.place import Place
from controller.errors import ConfigError


def node(name, state="ready"):
    return {"name": name, "state": state, "reason": "", "program": "guarded"}


def answers(**changes):
    load = {"pps": 1200.0, "stale": False, "ports": {"1": {"rx_pps": 5.0, "tx_pps": 6.0}}}
    return {
        "status": {"version": "1"},
        "nodes": {"nodes": [node("s1"), node("s2", "down")]},
        "links": {"links": [{"a": "s1:2", "b": "s2:1"}]},
        "hosts": {"hosts": []},
        "placement": {
            "functions": {"firewall": {"slots": 16, "placement": {"s1": "0-15"}}},
            "conflicts": [],
        },
        "load": {"nodes": [{"name": "s1", "load": load, "high_pps": 8000.0}]},
        "migrations": {"migrations": [{"id": number} for number in range(50)]},
    } | changes


def test_a_node_has_its_slots_and_its_load():
    first, second = picture(answers())["nodes"]
    assert first["enforces"] == {"firewall": "0-15"}
    assert (first["pps"], first["high_pps"]) == (1200.0, 8000.0)
    assert first["ports"]["1"]["tx_pps"] == 6.0
    assert second["enforces"] == {}
    assert second["pps"] is None


def test_a_node_whose_load_was_never_measured_is_shown_without():
    shown = picture(answers(load={"nodes": [{"name": "s1", "load": None, "high_pps": None}]}))
    assert [n["pps"] for n in shown["nodes"]] == [None, None]


def test_the_latest_migrations_are_shown():
    assert [m["id"] for m in picture(answers())["migrations"]] == list(range(30, 50))


def test_the_timeline_keeps_the_latest_samples_of_all_nodes():
    timeline = Timeline(samples=2)
    for at in (1.0, 2.0, 3.0):
        timeline.add(at, {"nodes": [{"name": "s1", "pps": at}, {"name": "s2", "pps": None}]})
    timeline.add(4.0, {"nodes": [{"name": "s2", "pps": 9.0}]})
    assert timeline.to_dict() == {"at": [3.0, 4.0], "pps": {"s1": [3.0, None], "s2": [None, 9.0]}}


@pytest.mark.parametrize("text", ["8080", "host:", "host:70000", "a b:1"])
def test_a_place_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="must be HOST:PORT"):
        Place.parse(text)


def test_a_page_may_be_called_by_its_host_and_by_the_loopbacks_names():
    assert Place.parse("[::1]:80").names >= {"[::1]", "localhost"}
    assert "10.1.1.1" in Place.parse("10.1.1.1:80").names
