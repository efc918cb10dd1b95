"""Load snapshots: what they say of nodes, slots and the network as a whole."""

import json

from controller.events import EventLoad, EventLoadHigh
from controller.load.snapshot import Level, LoadSnapshot, NodeLoad, PortRates

S1 = NodeLoad(120.04, {"firewall": {3: 100.04, 1: 20.0}}, {1: PortRates(130, 10)}, at=9.0)
S2 = NodeLoad(80.0, {"firewall": {3: 80.0}}, {}, at=5.0, stale=True, level=Level.HIGH)
BOTH = LoadSnapshot({"s1": S1, "s2": S2}, at=10.0)


def test_a_slot_that_two_nodes_handle_is_demanded_once():
    assert BOTH.demand("firewall") == {3: 100.04, 1: 20.0}
    assert BOTH.demand("nat") == {}


def test_planners_get_node_function_slot():
    assert BOTH.slot_loads()["s2"]["firewall"][3] == 80.0


def test_plain_data_tells_rates_level_and_age():
    data = json.loads(json.dumps(BOTH.to_dict()))
    assert data["s1"]["functions"] == {"firewall": {"1": 20.0, "3": 100.0}}
    assert data["s1"]["ports"] == {"1": {"rx_pps": 130, "tx_pps": 10}}
    assert data["s2"]["level"] == "high"
    assert data["s2"]["stale"]
    assert data["s2"]["age_s"] == 5.0


def test_events_tell_what_is_loaded_and_by_how_much():
    told = json.loads(json.dumps(EventLoadHigh("s1", 100.0, BOTH).to_dict()))
    assert (told["event"], told["node"], told["threshold_pps"]) == ("load_high", "s1", 100.0)
    assert told["load"]["pps"] == 120.0
    assert json.loads(json.dumps(EventLoad(BOTH).to_dict()))["nodes"]["s1"]["ports"]["1"] == [
        130,
        10,
    ]
