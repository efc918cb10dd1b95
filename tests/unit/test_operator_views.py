"""What people see of the commands' data."""

from __future__ import annotations

import datetime
from typing import Any

from controller.operator.tables import PLAIN, Page
from controller.operator.views import entity, functions, migrations, text

RECORD: dict[str, Any] = {
    "id": 3,
    "function": "firewall",
    "from": "s1",
    "to": "s2",
    "slots": "0-7",
    "method": "pm",
    "mode": "hitless",
    "state": "undone",
    "reason": "the step copy failed: s2: no answer",
    "cells_moved": 0,
    "created_at": 0.0,
    "duration_ms": 1234.56,
    "steps": [
        {"name": "prepare", "node": "s2", "state": "undone", "ms": 2.0, "detail": {"cleared": 0}},
        {"name": "copy", "node": "s2", "state": "pending", "ms": None, "detail": {}},
    ],
}


def test_a_migration_is_shown_with_outcome_reason_and_steps() -> None:
    assert migrations.migrations({"migration": RECORD}, PLAIN) == [
        "migration 3: firewall, slots 0-7, s1 to s2, pm, hitless",
        "undone in 1,234.6 ms, 0 cells moved",
        "the step copy failed: s2: no answer",
        "STEP     NODE  STATE    TOOK    DETAIL",
        "prepare  s2    undone   2.0 ms  cleared 0",
        "copy     s2    pending  -",
    ]


def test_migrations_are_shown_one_a_line() -> None:
    lines = migrations.migrations({"migrations": [RECORD, RECORD | {"duration_ms": None}]}, PLAIN)
    assert len(lines) == 3
    shown = "firewall 0-7 s1 s2 pm undone 0 1,235 ms"
    assert " ".join(lines[1].split()[2:]) == shown
    assert lines[2].endswith("-")


def test_a_plan_gives_its_reasons_and_its_steps() -> None:
    plan = {
        "method": "pr",
        "mode": "paper",
        "explanation": ["s2 does not have firewall"],
        "steps": [{"name": "prepare", "node": "s2"}],
    }
    assert migrations.plan({"plan": plan}, PLAIN) == [
        "s2 does not have firewall.",
        "The steps by pr, paper (nothing was done):",
        "STEP     NODE",
        "prepare  s2",
    ]


def test_migrations_fit_a_terminal_of_eighty_columns() -> None:
    record = RECORD | {"id": 12, "slots": "0-1,3-4,6", "from": "spine1", "to": "leaf1"}
    lines = migrations.migrations({"migrations": [record]}, Page(80))
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith("1,235 ms")


def test_a_migration_that_was_begun_says_how_to_follow_it() -> None:
    (line,) = migrations.plan({"id": 9}, PLAIN)
    assert line == "migration 9 is under way: hitless migrations 9"


def test_a_placement_shows_who_enforces_what_and_what_is_wrong() -> None:
    found = {
        "firewall": {"slots": 16, "placement": {"s1": "0-7", "s2": "8-15"}},
        "meter": {"slots": 4, "placement": {}},
    }
    data = {"functions": found, "conflicts": ["meter, slots 0-3: enforced nowhere"]}
    assert functions.placement(data, PLAIN) == [
        "FUNCTION  SLOTS  NODE  ENFORCES",
        "firewall  16     s1    0-7",
        "firewall  16     s2    8-15",
        "meter     4      -     none",
        "! meter, slots 0-3: enforced nowhere",
    ]


def test_spans_of_time_are_told_by_their_two_largest_units() -> None:
    status = {
        "version": "1",
        "pid": 1,
        "hub": "native",
        "uptime_s": 93_784.5,
        "network_file": "n",
        "journal_file": "j",
        "nodes": {"ready": 1, "total": 2},
        "under_way": [4, 5],
    }
    text = "\n".join(entity.status(status, PLAIN))
    assert "up for 1 d 2 h" in text
    assert "1 of 2" in text
    assert "4, 5" in text
    assert "up for 0 s" in "\n".join(entity.status(status | {"uptime_s": 0.2}, PLAIN))


def test_a_moment_is_shown_in_few_columns_whatever_its_age() -> None:
    now = datetime.datetime.now().replace(month=7, day=2, hour=13, minute=5, second=9)
    year = now.year
    assert text.moment(datetime.datetime.now().timestamp()).count(":") == 2
    assert text.moment(now.replace(year=year - 1).timestamp()) == f"{year - 1}-07-02"
    other_day = now if now.date() != datetime.date.today() else now.replace(day=3)
    assert text.moment(other_day.timestamp()) == f"{other_day:%m-%d %H:%M}"
