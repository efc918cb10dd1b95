"""What people see of plans, scaling, thresholds and events."""

from __future__ import annotations

from typing import Any

import pytest

from controller.operator.tables import PLAIN, Page, render
from controller.operator.views import load, nodes, policy, scaling
from controller.operator.views.event_text import event_line

MOVE: dict[str, Any] = {
    "function": "firewall",
    "from": "s1",
    "to": "s2",
    "slots": "0-3",
    "method": "pm",
    "why": "s2 is on their paths",
    "pause_ms": 0.0,
    "time_ms": 1234.5,
}
PLAN: dict[str, Any] = {
    "kind": "scale_out",
    "node": "s1",
    "complete": True,
    "moves": [MOVE],
    "explanation": ["s1 handles 9,000 packets/s."],
    "before_pps": {"s1": 9000.0, "s2": 0.0},
    "after_pps": {"s1": 6000.0, "s2": 3000.0},
}


def test_a_plan_shows_why_what_and_what_is_expected() -> None:
    assert scaling.plan({"plan": PLAN, "begun": False}, PLAIN) == [
        "s1 handles 9,000 packets/s.",
        "FUNCTION  SLOTS  FROM  TO  METHOD  TAKES",
        "firewall  0-3    s1    s2  pm      1,234 ms",
        "",
        "NODE  PPS NOW  PPS THEN",
        "s1    9,000    6,000",
        "s2    0        3,000",
        "nothing was done",
    ]


def test_a_plan_without_moves_says_why() -> None:
    empty = PLAN | {"moves": [], "explanation": ["no node has room"]}
    assert scaling.plan({"plan": empty, "begun": False}, PLAIN) == [
        "no node has room",
        "nothing moves",
    ]


HELD = {
    "function": "firewall",
    "node": "s2",
    "slots": "0-3",
    "broken": True,
    "reason": "it would be missed",
}


def test_the_state_of_scaling_is_shown_with_the_latest_plans() -> None:
    told = {"at": 0.0, "plan": PLAN, "state": "failed", "reason": "s2 is gone", "migrations": []}
    data = {"mode": "act", "paused": True, "draining": ["s3"], "plan": PLAN}
    data |= {"plans": [told], "held": [HELD]}
    lines = scaling.status(data, PLAIN)
    assert lines[:3] == ["mode       paused", "drained    s3", "under way  scale out s1"]
    assert lines[5].split() == ["firewall", "0-3", "s2", "yes", "it", "would", "be", "missed"]
    assert lines[-1].split()[1:] == ["scale", "out", "s1", "failed", "1", "s2", "is", "gone"]


def test_a_policy_shows_what_is_wanted_of_each_function() -> None:
    wanted = {
        "between": ["outside", "inside"],
        "on_failure": "closed",
        "nodes": None,
        "pinned": {"s1": "0-3"},
        "apart_from": [],
    }
    data = {
        "policy_file": "p.yaml",
        "checkpoint_interval_s": 2.0,
        "functions": {"firewall": wanted},
    }
    assert policy.policy(data, PLAIN)[-1].split() == [
        *("firewall", "outside", "-", "inside", "closed", "any", "s1:0-3", "-"),
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"event": "node_down", "node": "s1", "reason": "gone"}, "node_down s1: gone"),
        ({"event": "plan", "state": "begun", "reason": "", "plan": PLAN},
         "plan scale out s1 begun: firewall 0-3 s1 to s2"),
        ({"event": "load_high", "node": "s1", "threshold_pps": 8000.0, "load": {"pps": 9000.0}},
         "load_high s1: 9,000 packets/s, threshold 8,000"),
        ({"event": "unheard_of", "what": 3, "of": {"a": 1}, "all": ["x", "y"], "none": None},
         "unheard_of what 3, of a 1, all x y"),
        ({"event": "nested", "deep": {"a": {}}, "list": [{}, {}]}, "nested deep (1), list (2)"),
    ],
)  # fmt: skip
def test_events_are_one_line_each_known_or_not(event: dict[str, Any], line: str) -> None:
    assert event_line(event, PLAIN).split() == ["-", *line.split()]


def test_colours_say_again_what_a_word_says_and_move_no_column() -> None:
    rows = [("s1", "down", "x"), ("s2", "ready", "y")]
    plain, coloured = (render(("a", "b", "c"), rows, Page(colour=c)) for c in (False, True))
    assert coloured[1] == "s1  \x1b[31mdown \x1b[0m  x"
    assert [line.replace("\x1b[0m", "") for line in coloured[1:]] != plain[1:]
    stripped = [_without_colour(line) for line in coloured]
    assert stripped == plain


def _without_colour(line: str) -> str:
    for code in ("1", "31", "32", "0"):
        line = line.replace(f"\x1b[{code}m", "")
    return line


def test_a_node_without_what_was_asked_for_says_so() -> None:
    data = {"node": "s1", "table": "acl", "entries": []}
    assert nodes.tables(data, PLAIN) == ["acl of s1", "no entries"]
    cells = {"node": "s1", "register": "r", "size": 4, "cells": []}
    assert nodes.registers(cells, PLAIN)[1] == "all of those read are 0"


def test_load_is_one_line_a_node_and_of_a_single_one_its_slots_and_ports() -> None:
    found = {
        "pps": 1500.0,
        "level": "high",
        "stale": False,
        "functions": {"firewall": {"3": 1000.0, "7": 500.0}},
        "ports": {"1": {"rx_pps": 1500.0, "tx_pps": 2.0}},
        "age_s": 0.21,
    }
    one = {"name": "s1", "load": found, "high_pps": 1000.0, "low_pps": None}
    other = {"name": "s2", "load": None, "high_pps": None, "low_pps": None}
    lines = load.load({"nodes": [one, other]}, PLAIN)
    assert [line.split() for line in lines[1:]] == [
        ["s1", "1,500", "high", "1,000", "-", "firewall:1,500", "0.2", "s"],
        ["s2", "-", "not", "measured", "-", "-", "-", "-"],
    ]
    full = [line.split() for line in load.load({"nodes": [one]}, PLAIN)]
    assert ["firewall", "3", "1,000"] in full
    assert ["1", "1,500", "2"] in full


def test_what_does_not_fit_the_terminal_goes_on_below_between_words() -> None:
    event = {"event": "node_down", "node": "leaf1", "reason": "it has not answered " * 5}
    lines = event_line(event, Page(60, colour=True)).split("\n")
    assert lines[0].startswith("-  \x1b[1mnode_down")
    assert all(line.startswith("    ") and len(line) <= 60 for line in lines[1:])
    assert " ".join(" ".join(lines).split()).endswith("it has not answered")


def test_a_plan_that_came_to_nothing_says_why() -> None:
    plan = {"kind": "scale_out", "node": "s1", "moves": [], "explanation": ["no node has room"]}
    said = {"at": 0.0, "plan": plan, "state": "impossible", "reason": ""}
    data = {"mode": "act", "paused": False, "draining": [], "plan": None}
    data |= {"plans": [said], "held": []}
    lines = scaling.status(data, PLAIN)
    assert "impossible" in lines[-1]
    assert lines[-1].endswith("no node has room")


def test_limits_that_were_set_at_run_time_are_marked_beside_what_the_file_says() -> None:
    one: dict[str, Any] = {
        "node": "s1",
        "own": True,
        "high_pps": 8000.0,
        "low_pps": 3000.0,
        "capacity_pps": None,
        "hold_s": 1.0,
        "cool_down_s": 5.0,
        "set": {"high_pps": 8000.0, "low_pps": 3000.0},
        "file": {"high_pps": 9000.0, "low_pps": None, "capacity_pps": None},
    }
    title, marked, plain = policy.thresholds({"thresholds": [one, one | {"set": {}}]}, PLAIN)
    assert title.endswith("SET FOR  * FILE SAYS")
    assert marked.split()[:6] == ["s1", "8,000", "*", "3,000", "*", "-"]
    assert marked.endswith("high 9,000, low none")
    assert "*" not in plain
