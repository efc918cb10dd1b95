"""Which slots' paths may move: pictured on a diamond whose branches fail and come back."""

from dataclasses import replace

from planner_lab import ALL, BETWEEN, LIMITS, diamond

from controller.model.parts import Port
from controller.model.paths import slot_paths
from controller.model.placement import FunctionFacts, NodeFacts, Placement
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach
from controller.scaling.gate import judge
from controller.scaling.left_behind import left_behind

NET = diamond()
NOW = slot_paths(NET)
BY_S2 = frozenset(slot for slot in ALL if "s2" in NOW.route(slot, "out", "in"))
BY_S3 = ALL - BY_S2
CLOSED = Policy(functions={"fw": BETWEEN}, defaults=LIMITS)
OPEN = Policy(functions={"fw": replace(BETWEEN, on_failure="open")}, defaults=LIMITS)
SPLIT = {"fw": dict.fromkeys(BY_S2, "s2") | dict.fromkeys(BY_S3, "s3")}


def without(node):
    """Return the diamond when all links of a node are gone."""
    return replace(NET, links=tuple(n for n in NET.links if node not in (n.a.node, n.b.node)))


def verdict(now, net, intended, policy=CLOSED, busy=frozenset(), waiting=frozenset(), does=()):
    """Judge; ``does`` is who enforces what, as nodes say."""
    reach = Reach(net, slot_paths(net), policy, enforcing=dict(does))
    return judge(now, reach, policy, intended, busy, waiting)


def test_paths_on_which_the_enforcer_stays_may_move():
    found = verdict(NOW, without("s2"), {"fw": dict.fromkeys(ALL, "s1")})
    assert found.allowed == ALL
    assert not found.stranded


def test_slots_of_a_dead_branch_are_held_back_and_have_to_be_taken_over():
    found = verdict(NOW, without("s2"), SPLIT)
    assert found.allowed == BY_S3
    assert found.stranded == {"s2": {"fw": BY_S2}}


def test_slots_whose_policy_is_open_move_at_once_and_are_taken_over():
    found = verdict(NOW, without("s2"), SPLIT, OPEN)
    assert found.allowed == ALL
    assert found.stranded == {"s2": {"fw": BY_S2}}


def test_after_the_take_over_all_may_move():
    assert verdict(NOW, without("s2"), {"fw": dict.fromkeys(ALL, "s3")}).allowed == ALL


def test_when_the_branch_is_back_paths_that_work_stay_where_the_function_is():
    detour = slot_paths(without("s2"))
    found = verdict(detour, NET, {"fw": dict.fromkeys(ALL, "s3")})
    assert found.allowed == BY_S3
    assert not found.stranded


def test_at_the_beginning_functions_that_are_off_the_paths_are_taken_over():
    found = verdict(None, NET, {"fw": dict.fromkeys(ALL, "s3")})
    assert found.allowed == BY_S3
    assert found.stranded == {"s3": {"fw": BY_S2}}


def test_a_start_is_no_failure_paths_wait_for_the_take_over_while_somebody_enforces():
    intended = {"fw": dict.fromkeys(ALL, "s3")}
    alive = {("fw", slot): {"s3"} for slot in ALL}
    found = verdict(None, NET, intended, OPEN, does=alive)
    assert found.allowed == BY_S3
    assert found.stranded == {"s3": {"fw": BY_S2}}
    assert verdict(None, NET, intended, OPEN).allowed == ALL  # s3 is dead


def with_host_at(net, name, port):
    return replace(net, hosts={**net.hosts, name: replace(net.hosts[name], attached=port)})


def test_a_host_that_moves_past_who_enforces_has_the_slot_taken_over_first():
    moved = with_host_at(NET, "in", Port("s2", 3))  # its packets pass s1 and s2 only
    found = verdict(NOW, moved, SPLIT)
    assert found.allowed == BY_S2
    assert found.stranded == {"s3": {"fw": BY_S3}}
    assert all(held.broken for held in found.held)


def test_a_host_that_moves_to_where_the_enforcer_sees_it_moves_at_once():
    moved = with_host_at(NET, "in", Port("s2", 3))
    assert verdict(NOW, moved, {"fw": dict.fromkeys(ALL, "s1")}).allowed == ALL


def test_a_host_that_moves_during_a_migration_waits_for_its_end():
    moved = with_host_at(NET, "in", Port("s2", 3))
    busy = frozenset({("fw", slot) for slot in BY_S3})
    found = verdict(NOW, moved, SPLIT, busy=busy)
    assert found.allowed == BY_S2
    assert not found.stranded


def test_slots_that_are_being_moved_wait():
    busy = frozenset({("fw", slot) for slot in BY_S2})
    found = verdict(NOW, without("s2"), SPLIT, busy=busy)
    assert found.allowed == BY_S3
    assert not found.stranded
    held = verdict(NOW, without("s2"), {"fw": dict.fromkeys(ALL, "s1")}, busy=busy)
    assert held.allowed == BY_S3


def test_slots_whose_migration_waits_for_a_dead_node_move_if_their_enforcer_sees_them():
    waiting = frozenset({("fw", slot) for slot in BY_S2})
    found = verdict(NOW, without("s2"), {"fw": dict.fromkeys(ALL, "s1")}, waiting=waiting)
    assert found.allowed == ALL
    held = verdict(NOW, without("s2"), SPLIT, waiting=waiting)
    assert held.allowed == BY_S3
    assert not held.stranded


def test_slots_that_nobody_enforces_may_move():
    assert verdict(NOW, without("s2"), {}).allowed == ALL


def test_where_no_node_sees_everything_what_a_node_sees_stays_seen():
    ends = Policy(functions={"fw": FunctionPolicy()})
    far = replace(NET.hosts["in"], name="far", attached=Port("s2", 4))
    net = replace(NET, hosts={**NET.hosts, "far": far})
    held = verdict(slot_paths(net), net, {"fw": dict.fromkeys(BY_S3, "s3")}, ends)
    assert held.allowed == ALL  # nothing changes
    cut = replace(net, links=tuple(n for n in net.links if {n.a.node, n.b.node} != {"s3", "s4"}))
    found = verdict(slot_paths(net), cut, {"fw": dict.fromkeys(BY_S3, "s3")}, ends)
    assert found.allowed == BY_S2  # on the new paths nothing passes s3


def facts(**enforced):
    """Return what nodes say: node to slots that it enforces."""
    return Placement(
        NET,
        {n: NodeFacts(n, True, "p", {"fw": FunctionFacts(16, s, s)}) for n, s in enforced.items()},
        {"fw": ALL},
    )


def test_a_node_that_comes_back_with_slots_of_others_is_to_give_them_up():
    detour = without("s2")
    reach = Reach(detour, slot_paths(detour), CLOSED)
    intended = {"fw": dict.fromkeys(ALL, "s3")}
    (left,) = left_behind(facts(s2=BY_S2, s3=ALL), intended, frozenset(), reach)
    assert (left.old, left.new, left.slots) == ("s2", "s3", BY_S2)


def test_nobody_gives_up_what_the_other_does_not_enforce_or_does_not_see():
    intended = {"fw": dict.fromkeys(ALL, "s3")}
    detour = without("s2")
    reach = Reach(detour, slot_paths(detour), CLOSED)
    assert not left_behind(facts(s2=BY_S2, s3=BY_S3), intended, frozenset(), reach)
    there = Reach(NET, NOW, CLOSED)
    assert not left_behind(facts(s2=BY_S2, s3=ALL), intended, frozenset(), there)
    busy = frozenset(("fw", slot) for slot in ALL)
    assert not left_behind(facts(s2=BY_S2, s3=ALL), intended, busy, reach)
