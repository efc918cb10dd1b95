"""Which nodes see all packets of a slot, and what is said of those that do not."""

from dataclasses import replace

from networks import network
from planner_lab import ALL, BETWEEN, diamond, zoned

from controller.model.parts import Port
from controller.model.paths import slot_paths
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach

POLICY = Policy(functions={"fw": BETWEEN})
PATHS = slot_paths(diamond())
LEFT = frozenset(slot for slot in ALL if "s2" in PATHS.route(slot, "out", "in"))


def reach(net, policy=POLICY, forwarding=True):
    return Reach(net, slot_paths(net) if forwarding else None, policy)


def test_the_slots_of_a_diamond_are_divided_between_its_branches():
    assert LEFT
    assert LEFT != ALL


def test_a_move_on_a_diamond_is_accepted_for_the_slots_that_pass_both_nodes():
    assert reach(diamond()).obstacle("fw", LEFT, "s1", "s2") is None
    assert reach(diamond()).obstacle("fw", ALL - LEFT, "s3", "s4") is None
    assert reach(diamond()).obstacle("fw", ALL, "s1", "s4") is None


def test_a_move_is_refused_for_slots_that_pass_one_node_only():
    told = reach(diamond()).obstacle("fw", ALL, "s1", "s2")
    assert "between in and out pass" in told
    assert "and not s2" in told
    assert "nodes on all ways of slot" in told
    assert reach(diamond()).obstacle("fw", LEFT, "s2", "s3") is not None


def test_without_forwarding_the_branches_are_refused():
    assert "can pass s1 without s2" in reach(diamond(), forwarding=False).obstacle(
        "fw", LEFT, "s1", "s2"
    )


def test_hosts_of_the_same_zone_do_not_count():
    links = ["s1:2 s2:1"]
    net = zoned(
        network({"s1": "p", "s2": "p"}, links, {"out": "s1:1", "in1": "s2:2", "in2": "s2:3"})
    )
    assert reach(net).obstacle("fw", ALL, "s1", "s2") is None
    everybody = Policy(functions={"fw": FunctionPolicy()})
    assert "s1" in reach(net, everybody).obstacle("fw", ALL, "s1", "s2")


def test_a_host_whose_zone_nobody_knows_may_be_in_any():
    net = diamond()
    attached = net.hosts["in"].attached._replace(node="s2")
    host = replace(net.hosts["in"], name="x", attached=attached)
    net = replace(net, hosts={**net.hosts, "x": replace(host, zone=None)})
    assert all(reach(net).common("fw", slot) == {"s2"} for slot in LEFT)
    assert not any(reach(net).common("fw", slot) for slot in ALL - LEFT)


def test_answers_are_kept_as_long_as_nothing_changes():
    net, paths = diamond(), PATHS
    one = Reach(net, paths, POLICY)
    assert one.follows(net, paths, POLICY.with_limits(None, {"high_pps": 5.0}))
    assert not one.follows(net, slot_paths(net), POLICY)


def test_a_host_that_came_after_a_slot_was_held_back_counts():
    net = diamond()
    late = replace(net.hosts["in"], name="late", attached=Port("s2", 4))
    now = replace(net, hosts={**net.hosts, "late": late})
    held = Reach(now, slot_paths(net), POLICY)  # the paths are those of the network before
    assert all(held.common("fw", slot) == {"s1", "s2"} for slot in LEFT)
    assert held.obstacle("fw", LEFT, "s1", "s4") is not None
