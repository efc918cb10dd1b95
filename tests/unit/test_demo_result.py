"""What the demo makes of its records: moves, table, JSON, picture."""

import json
from itertools import pairwise

import numpy as np
import pytest

from topo.demo.management import Migration
from topo.demo.method import METHODS
from topo.demo.plot import draw, spread
from topo.demo.report import generator_note, table, verdict
from topo.demo.result import measure
from topo.demo.run import RunResult
from topo.traffic.records import FlowRecord, Recording

ORIGIN_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
RATE = 1_000
SECONDS = 10


def at(seconds):
    return ORIGIN_NS + int(seconds * SECOND_NS)


def migration(source, destination, start_s, method="pm"):
    """Return a migration of two steps of 100 ms each."""
    steps = [
        {"name": name, "node": node, "started_at": at(start_s + delay) / 1e9, "ms": 100.0}
        for name, node, delay in (("learn on", destination, 0.0), ("copy state", source, 0.1))
    ]
    return Migration.read(
        {
            "from": source,
            "to": destination,
            "method": method,
            "mode": "hitless",
            "cells_moved": 42,
            "slots": "0-15",
            "steps": steps,
        }
    )


def flow(name, missing=(), only=None, delay_us=100.0, slow=None):
    """Return a record: packets `missing` lost or `only` those received, some `slow`."""
    count = RATE * SECONDS
    sent_ns = ORIGIN_NS + np.arange(count, dtype=np.uint64) * np.uint64(SECOND_NS // RATE)
    received = (
        np.setdiff1d(np.arange(count), missing) if only is None else np.array(only, dtype=int)
    )
    delay = np.full(count, delay_us)
    for index, value in (slow or {}).items():
        delay[index] = value
    received_ns = sent_ns[received] + (delay[received] * 1e3).astype(np.uint64)
    return FlowRecord(
        name, sent_ns, np.zeros(count, np.int64), received.astype(np.uint64), received_ns
    )


def run_of(passed=None, blocked=None):
    """Return a run with a move at 3 s, asked for at 2.5 s, and one back at 7 s, at 6.5 s."""
    recording = Recording(
        {"F_A": passed or flow("F_A"), "F_B": blocked or flow("F_B", only=[])}, 0.05, 0.0
    )
    migrations = [migration("s1", "s2", 3), migration("s2", "s1", 7)]
    moves = measure(recording, ORIGIN_NS, [at(2.5), at(6.5)], migrations)
    return RunResult(METHODS["pm"], moves, recording, ORIGIN_NS)


def test_traffic_is_cut_between_the_moves_and_all_of_it_counted():
    there, back = run_of().moves
    # The cut lies between the end of the first move (3.2 s) and the second command (6.5 s).
    assert (there.passed.sent, back.passed.sent) == (4850, 5150)
    assert there.flawless
    assert back.flawless


def test_a_loss_belongs_to_the_move_in_whose_part_it_was_sent():
    there, back = run_of(passed=flow("F_A", missing=[3050, 3051])).moves
    assert (there.passed.lost, back.passed.lost) == (2, 0)
    assert not there.flawless
    assert back.flawless


def test_each_copy_of_a_blocked_packet_is_a_leak():
    blocked = flow("F_B", only=[7100, 7100, 7101])
    there, back = run_of(blocked=blocked).moves
    assert (there.leaked, back.leaked) == (0, 3)
    assert not back.flawless


@pytest.mark.parametrize(
    ("index", "phase"),
    [(2000, "before"), (3100, "during"), (4000, "after"), (6000, None), (6990, None)],
)
def test_a_late_packet_shows_in_its_phase_alone(index, phase):
    there = run_of(passed=flow("F_A", slow={index: 5_000.0})).moves[0]
    late = [name for name, latency in there.latency.items() if latency.max == 5_000.0]
    assert late == ([] if phase is None else [phase])


def test_the_start_of_the_operators_command_is_neither_before_nor_during():
    there = run_of(passed=flow("F_A", slow={2700: 5_000.0})).moves[0]
    assert {latency.max for latency in there.latency.values()} == {100.0}


def test_a_packet_held_up_by_the_move_is_the_moves_even_if_sent_before():
    there = run_of(passed=flow("F_A", slow={2995: 50_000.0})).moves[0]
    assert there.latency["during"].max == 50_000.0


def test_the_warm_up_is_not_part_of_before():
    there = run_of(passed=flow("F_A", slow={100: 9_000.0})).moves[0]
    assert there.latency["before"].max == 100.0


def test_the_json_has_what_the_documentation_says():
    document = json.loads(json.dumps(run_of().moves[0].to_dict()))
    assert document["duration_ms"] == pytest.approx(200, abs=0.01)
    assert document["F_A"] == {"sent": 4850, "lost": 0, "duplicated": 0, "reordered": 0}
    assert document["F_B"] == {"sent": 4850, "leaked": 0}
    assert document["latency_us"]["during"]["p99"] == 100.0
    assert [step["name"] for step in document["steps"]] == ["learn on", "copy state"]
    assert {key: document[key] for key in ("method", "mode", "from", "to", "cells_moved")} == {
        "method": "pm",
        "mode": "hitless",
        "from": "s1",
        "to": "s2",
        "cells_moved": 42,
    }


def test_the_table_has_a_column_for_each_move():
    text = table(run_of(passed=flow("F_A", missing=[3050])).moves)
    lines = {line[:20].strip(): line.split() for line in text.splitlines()}
    assert lines[""] == ["PM", "s1->s2", "PM", "s2->s1"]
    assert lines["lost"] == ["lost", "1", "0"]
    assert lines["state cells moved"][-2:] == ["42", "42"]
    assert lines["copy state"] == ["copy", "state", "100.0", "100.0"]


def test_the_verdict_names_the_moves_that_were_not_flawless():
    assert verdict(run_of().moves, colours=False).startswith("Nothing was lost")
    flawed = run_of(passed=flow("F_A", missing=[3050])).moves
    assert verdict(flawed, colours=False) == "NOT flawless: PM s1->s2"


def test_the_generators_share_of_a_core_is_told():
    assert "5% of a core" in generator_note(run_of())


def test_the_picture_is_drawn_even_with_losses_and_leaks(tmp_path):
    run = run_of(passed=flow("F_A", missing=[3050]), blocked=flow("F_B", only=[7100]))
    draw([run, run], "title", tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_names_of_steps_are_spread_without_leaving_the_axis():
    placed = spread([0.5, 0.5, 0.51, 0.99, 1.0], 0.1)
    assert all(b - a >= 0.0999 for a, b in pairwise(placed))
    assert max(placed) <= 1.0
    assert spread([0.1, 0.9], 0.1) == [0.1, 0.9]
