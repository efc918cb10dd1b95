"""The event log: a line of JSON for each event, rotated; a file that cannot be written is told."""

import json
import logging
from datetime import UTC, datetime

import pytest

from controller import log
from controller.errors import ConfigError
from controller.news.event_log import EventLog, line_of

STEPS = [
    {"name": "learn on", "node": "s2", "state": "done", "ms": 2.0},
    {"name": "copy", "node": "s2", "state": "running", "ms": None},
    {"name": "enforce on", "node": "s2", "state": "pending", "ms": None},
]
MIGRATION = {"id": 7, "function": "firewall", "from": "s1", "state": "running", "steps": STEPS}
AT = datetime(2030, 1, 2, 3, 4, 5, 678000, UTC).timestamp()


@pytest.fixture
def path(tmp_path):
    yield tmp_path / "events.jsonl"
    log.close_event_log()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_event_is_a_line_with_its_time_and_its_migration(path):
    events = EventLog(path, 0, 0)
    events.write({"event": "node_ready", "node": "s1", "reason": ""}, AT)
    events.write({"event": "migration_step", "migration": MIGRATION}, AT)
    ready, step = lines(path)
    assert ready == {
        "at": "2030-01-02T03:04:05.678+00:00",
        "event": "node_ready",
        "node": "s1",
        "reason": "",
    }
    assert (step["migration"], step["step"]["name"]) == (7, "copy")
    assert "steps" not in step


def test_the_end_of_a_migration_has_all_its_steps():
    line = line_of({"event": "migration_ended", "migration": MIGRATION})
    assert line["steps"] == STEPS
    assert line["migration"] == 7


def test_what_is_told_at_each_interval_is_left_out(path):
    EventLog(path, 0, 0).write({"event": "load", "nodes": {}}, AT)
    assert path.read_text() == ""


def test_of_a_placement_it_says_who_enforces_what_and_conflicts():
    placement = {
        "nodes": ["much"],
        "functions": {"firewall": {"slots": 16, "placement": {"s1": "0-15"}}},
        "conflicts": [],
    }
    line = line_of({"event": "placement_changed", "placement": placement})
    assert line == {
        "event": "placement_changed",
        "functions": {"firewall": {"s1": "0-15"}},
        "conflicts": [],
    }


def test_it_is_rotated_and_so_many_older_ones_are_kept(path):
    events = EventLog(path, 500, 2)
    for number in range(60):
        events.write({"event": "node_ready", "node": f"s{number}", "reason": ""}, AT)
    files = sorted(file.name for file in path.parent.iterdir())
    assert files == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert all((path.parent / name).stat().st_size <= 500 for name in files)
    assert lines(path)[-1]["node"] == "s59"


def test_it_is_appended_to(path):
    for node in ("s1", "s2"):
        events = EventLog(path, 0, 0)
        events.write({"event": "node_ready", "node": node, "reason": ""}, AT)
        events.close()
    assert [line["node"] for line in lines(path)] == ["s1", "s2"]


def test_a_file_that_cannot_be_opened_is_told_by_name(tmp_path):
    with pytest.raises(ConfigError, match=r"event_log: cannot write .*nowhere"):
        EventLog(tmp_path / "nowhere" / "events.jsonl", 0, 0)


def test_a_full_disk_is_told_once_and_its_end_too(path, caplog):
    events = EventLog(path, 0, 0)
    (handler,) = [h for h in log.EVENTS.handlers if isinstance(h, log._EventFile)]
    with caplog.at_level(logging.WARNING, logger="controller.log"):
        good, handler.stream = handler.stream, open("/dev/full", "w")  # noqa: SIM115 - it would fail
        for _ in range(3):
            events.write({"event": "node_ready", "node": "s1", "reason": ""}, AT)
        handler.stream = good
        events.write({"event": "node_ready", "node": "s2", "reason": ""}, AT)
    assert [r.getMessage().rpartition(": ")[2] for r in caplog.records] == [
        "events are not written",
        "events are written again",
    ]
    assert lines(path)[-1]["node"] == "s2"


def test_events_are_in_no_other_log(path, tmp_path):
    other = logging.FileHandler(tmp_path / "me.log")
    logging.getLogger().addHandler(other)
    try:
        EventLog(path, 0, 0).write({"event": "node_ready", "node": "s1", "reason": ""}, AT)
    finally:
        logging.getLogger().removeHandler(other)
        other.close()
    assert (tmp_path / "me.log").read_text() == ""
    assert len(lines(path)) == 1
