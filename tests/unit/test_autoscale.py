"""The scenario of load that rises and falls: its traffic, and what is made of its records."""

import json

import numpy as np
import pytest

from topo.autoscale.news import describe
from topo.autoscale.plot import draw
from topo.autoscale.report import report, verdict
from topo.autoscale.result import crossed_ns, measure
from topo.autoscale.scenario import BEHAVIOUR, PARTS, TOPOLOGIES, Scenario
from topo.autoscale.timeline import first_placement, read_timeline
from topo.demo.cli import main
from topo.traffic.records import FlowRecord, Recording

ORIGIN_NS = 1_700_000_000_000_000_000
SCENARIO = Scenario("diamond", TOPOLOGIES["diamond"](), 40)


def at(seconds):
    return ORIGIN_NS / 1e9 + seconds


def load(seconds, **pps):
    nodes = {node: {"pps": value, "level": "normal", "stale": False} for node, value in pps.items()}
    return {"event": "load", "at": at(seconds), "nodes": nodes}


def crossing(seconds, node="s1", kind="load_high"):
    threshold = BEHAVIOUR.high_pps if kind == "load_high" else BEHAVIOUR.low_pps
    return {
        "event": kind,
        "at": at(seconds),
        "node": node,
        "threshold_pps": threshold,
        "load": {"pps": 1_300.0},
    }


def plan(seconds, state, kind="scale_out", source="s1", destination="s2", migrations=()):
    return {
        "event": "plan",
        "at": at(seconds),
        "state": state,
        "reason": "",
        "migrations": list(migrations),
        "plan": {
            "kind": kind,
            "node": source,
            "moves": [{"from": source, "to": destination, "slots": "0-3", "method": "pm"}],
            "explanation": [
                f"firewall, slots 0-3: {source} to {destination} by PM: {source} handles 1300 "
                "packets/s, and 1200 are its threshold"
            ],
        },
    }


def migration(seconds, number, source, destination, state="finished"):
    steps = [
        {"name": name, "node": destination, "started_at": at(seconds + delay), "ms": 50.0}
        for name, delay in (("learn on", 0.0), ("enforce on", 0.05), ("verify", 0.1))
    ]
    document = {
        "id": number,
        "from": source,
        "to": destination,
        "slots": "0-3",
        "method": "pm",
        "mode": "hitless",
        "state": state,
        "reason": "copy: s2 did not answer",
        "cells_moved": 8,
        "steps": steps,
    }
    return {"event": "migration_ended", "at": at(seconds + 0.2), "migration": document}


EVENTS = [
    load(8.0, s1=1_100.0),
    load(8.25, s1=1_300.0),
    crossing(8.25),
    plan(8.26, "begun"),
    migration(8.27, 1, "s1", "s2"),
    plan(8.5, "finished", migrations=[1]),
    load(20.0, s1=900.0, s2=400.0),
    crossing(34.0, "s2", "load_low"),
    plan(34.01, "begun", "scale_in", "s2", "s1"),
    migration(34.02, 2, "s2", "s1"),
    plan(34.3, "finished", "scale_in", "s2", "s1", migrations=[2]),
]
INITIAL = first_placement({"s1": "0-15"})


def flow(name, missing=(), only=None):
    """Return a record of 1,000 packets/s that become 1,400 at 8 s."""
    early = np.arange(0, 8, 1 / 1_000)
    late = np.arange(8, 40, 1 / 1_400)
    sent_ns = ORIGIN_NS + (np.concatenate([early, late]) * 1e9).astype(np.uint64)
    numbers = np.arange(sent_ns.size)
    received = np.setdiff1d(numbers, missing) if only is None else np.array(only, dtype=int)
    late_ns = np.zeros(sent_ns.size, np.int64)
    received_ns = sent_ns[received] + np.uint64(90_000)
    return FlowRecord(name, sent_ns, late_ns, received.astype(np.uint64), received_ns)


def played(events=EVENTS, **records):
    flows = {"F_A hB 0": flow("F_A hB 0"), "F_B hB 1": QUIET} | records
    return measure(SCENARIO, Recording(flows, 0.1, 0.0), ORIGIN_NS, read_timeline(events, INITIAL))


QUIET = FlowRecord(
    "F_B hB 1",
    ORIGIN_NS + np.arange(20, dtype=np.uint64) * np.uint64(2_000_000_000),
    np.zeros(20, np.int64),
    np.empty(0, np.uint64),
    np.empty(0, np.uint64),
)


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_the_load_passes_the_threshold_and_comes_back_to_what_one_node_carries(name):
    scenario = Scenario(name, TOPOLOGIES[name](), 40)
    low, peak = scenario.offered_pps(0), scenario.offered_pps(scenario.span("peak")[0])
    assert BEHAVIOUR.low_pps < low < (BEHAVIOUR.low_pps + BEHAVIOUR.high_pps) / 2
    assert 2 * BEHAVIOUR.high_pps < peak < 3 * 0.9 * BEHAVIOUR.high_pps
    assert scenario.offered_pps(40) == low
    assert sum(PARTS.values()) == pytest.approx(1)


@pytest.mark.parametrize("name", list(TOPOLOGIES))
def test_each_flow_has_ports_of_its_own_and_every_host_inside_gets_its_share(name):
    scenario = Scenario(name, TOPOLOGIES[name](), 40)
    experiments = scenario.experiments(seed=1)
    flows = [flow for experiment in experiments.values() for flow in experiment.flows]
    assert set(experiments) == {h.name for h in scenario.blueprint.hosts if h.zone == "inside"}
    assert len({flow.sender for flow in flows}) == len(flows) == 81
    assert len({flow.receiver for flow in flows}) == len(flows)
    assert sum(flow.opened_by_receiver for flow in flows) == 63


def test_slots_are_followed_from_node_to_node():
    placement = read_timeline(EVENTS, INITIAL).placement()
    assert [dict(slots) for _, slots in placement] == [
        {"s1": 16},
        {"s1": 12, "s2": 4},
        {"s1": 16},
    ]
    assert placement[1][0] == pytest.approx(ORIGIN_NS + 8.37e9, abs=1e4)


def test_the_crossing_is_found_in_what_was_sent():
    rates = ((0, 1, 100), (1, 2, 300), (2, 3, 100), (3, 4, 300))
    times_ns = (np.concatenate([np.arange(a, b, 1 / pps) for a, b, pps in rates]) * 1e9).astype(int)

    def crossed_s(before_s, threshold_pps=200, times_ns=times_ns):
        found = crossed_ns(times_ns, int(before_s * 1e9), threshold_pps, interval_s=0.25)
        return None if found is None else found / 1e9

    # 25 + 200 t packets in the quarter of a second up to t after the change: 50 are passed at t.
    assert crossed_s(1.9) == pytest.approx(1.13, abs=0.01)
    assert crossed_s(4) == pytest.approx(3.13, abs=0.01)
    assert crossed_s(1.1) is None
    assert crossed_s(4, threshold_pps=400) is None
    assert crossed_s(4, times_ns=np.empty(0, int)) is None


def test_the_reaction_is_from_the_crossing_to_the_first_step():
    reaction = played().reaction
    # Of 1,200 packets/s the quarter of a second from 8 s on makes more after half of it.
    assert reaction.ms == pytest.approx(270 - 125, abs=5)
    assert reaction.bound_ms == 300
    assert reaction.within_bound


def test_a_run_in_which_all_went_well_has_no_flaw():
    run = played()
    assert run.flaws() == []
    assert run.most_nodes == 2
    assert run.peak_pps == {"s1": 900.0, "s2": 400.0}
    assert run.latency["moving"].p50 == pytest.approx(90, abs=1)
    assert verdict([run], colours=False).startswith("Spread under load and gathered again")


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"F_A hB 0": flow("F_A hB 0", missing=[9_000])}, "F_A: packets lost: 1"),
        ({"F_B hB 1": flow("F_B hB 1", only=[9_000])}, "F_B: packets let through: 1"),
        ({"F_A hB 0": flow("F_A hB 0", only=[1, 3, 2])}, "F_A: packets reordered: 1"),
        ({"events": EVENTS[:7]}, "the slots were not gathered again: {'s1': 12, 's2': 4}"),
        ({"events": []}, "the slots were never spread over more than one node"),
        ({"events": [*EVENTS, load(20.1, s1=2_000.0)]}, "s1 was left with 1,450 packets/s"),
        (
            {"events": [*EVENTS, migration(35, 3, "s1", "s2", "undone")]},
            "migration 3 is undone: copy: s2 did not answer",
        ),
    ],
)
def test_what_went_wrong_is_said(change, flaw):
    flaws = played(**change).flaws()
    assert any(flaw in each for each in flaws), flaws


def test_the_report_tells_each_plan_and_why():
    text = report(played())
    assert "scale-out s1, finished:" in text
    assert "firewall, slots 0-3: s1 to s2 by PM" in text
    assert "s1 handles 1300 packets/s, and 1200 are its threshold" in text
    assert "16 -> 12+4 -> 16" in text


def test_the_json_has_what_the_documentation_says():
    document = json.loads(json.dumps(played().to_dict()))
    assert document["F_A"]["flows"] == 1
    assert document["F_B"] == {"flows": 1, "sent": 20, "leaked": 0}
    assert document["flaws"] == []
    assert [(m["from"], m["to"], m["slots"]) for m in document["moves"]] == [
        ("s1", "s2", [0, 1, 2, 3]),
        ("s2", "s1", [0, 1, 2, 3]),
    ]
    assert [p["kind"] for p in document["plans"]] == ["scale_out", "scale_in"]
    assert document["placement"][0] == {"from_s": 0.0, "slots": {"s1": 16}}


def test_events_are_told_in_words():
    told = [describe(event) for event in EVENTS if event["event"] != "load"]
    assert told[0] == "s1 handles 1,300 packets/s, above 1,200"
    assert "firewall, slots 0-3: s1 to s2 by PM" in told[1]
    assert told[2] == "migration 1 finished: slots 0-3 from s1 to s2"
    assert told[3] == "plan scale-out s1: finished"


def test_the_picture_is_drawn_whatever_went_wrong(tmp_path):
    bad = played(
        **{"events": [], "F_A hB 0": flow("F_A hB 0", only=[]), "F_B hB 1": flow("F_B hB 1")}
    )
    draw([played(), bad], "title", tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--topology", "diamond"), "--topology: the scenario paper does not take that"),
        (("--scenario", "autoscale", "--mode", "paper"), "--mode: the scenario autoscale does not"),
        (("--scenario", "autoscale", "--seconds", "3"), "the scenario autoscale takes 15 to 600"),
    ],
)
def test_options_of_another_scenario_are_refused(capsys, arguments, message):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
