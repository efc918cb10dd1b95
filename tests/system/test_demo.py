"""The demo, short: its counts decide here, never its timings."""

import json
import sys

import pytest
from traces import start

pytestmark = [pytest.mark.system, pytest.mark.alone]

SECONDS = 3
HITLESS_STEPS = [
    *("prepare", "learn on", "copy", "enforce on", "overlap"),
    *("enforce off", "learn off", "verify", "release"),
]


@pytest.fixture
def demo(tmp_path):
    """Run the demo; return its trace and its JSON."""

    def run(*arguments):
        results, picture = tmp_path / "results.json", tmp_path / "picture.png"
        traced = start(
            tmp_path,
            *(sys.executable, "-m", "topo.demo", "--seconds", str(SECONDS)),
            *("--json", str(results), "--plot", str(picture), *arguments),
        )
        traced.process.wait(110)
        traced.assert_nothing_left()
        assert picture.exists(), traced.text()
        assert picture.read_bytes().startswith(b"\x89PNG")
        return traced, json.loads(results.read_text())

    return run


def test_the_firewall_moves_there_and_back_by_both_methods_and_nothing_is_lost(demo, node_kind):
    traced, document = demo("--node", node_kind)
    assert traced.process.returncode == 0, traced.text()
    assert "Nothing was lost, duplicated, reordered or leaked." in traced.text()
    assert document["node"] == node_kind
    ways = [(move["method"], move["from"], move["to"]) for move in document["moves"]]
    assert ways == [
        (method, *ends) for method in ("pm", "pr") for ends in (("s1", "s2"), ("s2", "s1"))
    ]
    for move in document["moves"]:
        assert move["mode"] == "hitless"
        assert [step["name"] for step in move["steps"]] == HITLESS_STEPS
        assert move["F_A"]["sent"] > 2_000
        assert move["F_A"] | {"sent": 0} == {"sent": 0, "lost": 0, "duplicated": 0, "reordered": 0}
        assert move["F_B"]["sent"] > 600
        assert move["F_B"]["leaked"] == 0
        assert move["cells_moved"] >= 1
        for phase in ("before", "during", "after"):
            latency = move["latency_us"][phase]
            assert latency["packets"] > 0
            assert 0 < latency["p50"] <= latency["p99"] <= latency["max"]


def test_the_papers_own_sequence_can_be_shown_too(demo):
    traced, document = demo("--mode", "paper", "--method", "pm")
    assert traced.process.returncode in (0, 1), traced.text()
    assert [move["mode"] for move in document["moves"]] == ["paper", "paper"]
    assert all("learn on" not in [s["name"] for s in m["steps"]] for m in document["moves"])


def test_told_to_end_in_the_middle_the_demo_leaves_nothing(tmp_path):
    traced = start(tmp_path, sys.executable, "-m", "topo.demo", "--plot", "/dev/null")
    traced.wait_until_it_says("sending F_A and F_B")
    assert traced.end() == 128 + 15
    assert "interrupted; everything it had started is removed" in traced.text()
    traced.assert_nothing_left()


def test_a_firewall_spreads_under_load_and_is_gathered_by_itself(demo, node_kind):
    traced, document = demo(
        *("--node", node_kind, "--scenario", "autoscale"),
        *("--topology", "diamond", "--seconds", "15"),
    )
    assert traced.process.returncode == 0, traced.text()
    (run,) = document["runs"]
    assert run["flaws"] == []
    assert run["F_A"]["flows"] == 63
    assert run["F_A"]["sent"] > 15_000
    assert [run["F_A"][what] for what in ("lost", "duplicated", "reordered")] == [0, 0, 0]
    assert run["F_B"]["sent"] > 2_000
    assert run["F_B"]["leaked"] == 0
    kinds = [plan["kind"] for plan in run["plans"]]
    assert kinds[0] == "scale_out"
    assert kinds[-1] == "scale_in"
    assert all(plan["state"] == "finished" and plan["explanation"] for plan in run["plans"])
    assert all(pps <= run["thresholds"]["high_pps"] for pps in run["peak_pps"].values())
    assert run["placement"][0]["slots"] == run["placement"][-1]["slots"] == {"s1": 16}
    assert run["reaction"]["ms"] is not None
