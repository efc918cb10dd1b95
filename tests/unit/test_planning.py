"""Scaling, draining and take-over: what plans say on networks that people can picture."""

from dataclasses import replace

import pytest
from planner_lab import ALL, BETWEEN, LIMITS, applied, chain, diamond, view_of

from controller.model.paths import slot_paths
from controller.model.placement import FunctionFacts
from controller.model.slots import format_slots
from controller.model.thresholds import Thresholds
from controller.planning.drain import drain
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach
from controller.planning.scale import scale_in, scale_out
from controller.planning.takeover import replace_dead

LINE = chain("s1", "s2", "s3")
EVEN = dict.fromkeys(ALL, 100.0)


def where(plan):
    """Return what goes where: (source, destination) to slots."""
    return {(m.source, m.destination): m.slots for m in plan.moves}


def test_a_node_below_its_threshold_keeps_everything():
    plan = scale_out(view_of(LINE, {"s1": ALL}, dict.fromkeys(ALL, 60.0)), "s1", 0)
    assert not plan
    assert plan.complete


def test_as_few_slots_leave_as_bring_the_node_under_its_threshold():
    plan = scale_out(view_of(LINE, {"s1": ALL}, {**EVEN, 3: 400.0, 7: 350.0}), "s1", 0)
    moved = {slot for move in plan.moves for slot in move.slots}
    assert plan.complete
    assert len(moved) == 7  # 2,150 in all: 400 + 350 + 5 of 100 leave 900
    assert {3, 7} <= moved
    assert plan.after_pps["s1"] == 900


def test_if_one_slot_is_enough_it_is_the_smallest_that_is():
    loads = dict.fromkeys(ALL, 10.0) | {1: 900.0, 2: 200.0, 3: 150.0}
    plan = scale_out(view_of(LINE, {"s1": ALL - {1}, "s2": frozenset()}, loads), "s1", 0)
    assert not plan
    limits = replace(LIMITS, high_pps=450.0, low_pps=None)
    policy = Policy(functions={"fw": BETWEEN}, defaults=limits)
    view = view_of(LINE, {"s1": ALL - {1}}, loads, policy)
    assert [m.slots for m in scale_out(view, "s1", 0).moves] == [{3}]


def test_slots_gather_where_the_function_is_enforced_already():
    enforced = {"s1": ALL - {15}, "s3": frozenset({15})}
    plan = scale_out(view_of(LINE, enforced, EVEN), "s1", 0)
    assert {move.destination for move in plan.moves} == {"s3"}


def test_a_node_whose_program_has_the_function_goes_before_one_that_is_reloaded():
    has = frozenset({"s1", "s3"})
    plan = scale_out(view_of(LINE, {"s1": ALL}, EVEN, has=has), "s1", 0)
    assert {(m.destination, m.method) for m in plan.moves} == {("s3", "pm")}
    assert "s3 has fw" in plan.moves[0].why


def test_a_reload_is_planned_where_no_program_has_the_function():
    view = view_of(LINE, {"s1": ALL}, EVEN, has=frozenset({"s1"}))
    plan = scale_out(view, "s1", 0)
    assert {m.method for m in plan.moves} == {"pr"}
    assert all(m.pause_ms > 0 for m in plan.moves)
    assert "is reloaded to get fw" in plan.moves[0].why


def test_a_node_that_would_be_reloaded_must_not_enforce_another_function():
    view = view_of(LINE, {"s1": ALL}, EVEN, has=frozenset({"s1"}))
    facts = dict(view.placement.facts)
    other = {"nat": FunctionFacts(16, ALL, ALL)}
    facts |= {n: replace(facts[n], functions=other) for n in ("s2", "s3")}
    placement = type(view.placement)(LINE, facts, {})
    plan = scale_out(replace(view, placement=placement), "s1", 0)
    assert not plan
    assert not plan.complete


def test_no_node_is_filled_beyond_its_own_threshold():
    loads = dict.fromkeys(ALL, 170.0)
    plan = scale_out(view_of(LINE, {"s1": ALL}, loads), "s1", 0)
    assert all(plan.after_pps[n] <= 900 for n in ("s2", "s3"))
    assert len(where(plan)) == 2


def test_where_nobody_has_room_the_plan_says_so_and_moves_what_it_can():
    loads = dict.fromkeys(ALL, 200.0)
    plan = scale_out(view_of(chain("s1", "s2"), {"s1": ALL}, loads), "s1", 0)
    assert not plan.complete
    assert len(plan.moves[0].slots) == 4
    assert "stays above 1000" in " ".join(plan.explanation)
    assert "no node on their paths has room: s2 (800 of 900 packets/s)" in " ".join(
        plan.explanation
    )


def test_capacity_bounds_what_a_node_gets():
    policy = Policy(
        functions={"fw": BETWEEN},
        defaults=LIMITS,
        nodes={"s2": replace(LIMITS, capacity_pps=1000.0, high_pps=None, low_pps=None)},
    )
    loads = dict.fromkeys(ALL, 130.0)
    plan = scale_out(view_of(chain("s1", "s2"), {"s1": ALL}, loads, policy), "s1", 0)
    assert plan.after_pps["s2"] <= 1000


@pytest.mark.parametrize(
    ("wants", "gets"),
    [
        (replace(BETWEEN, nodes=frozenset({"s1", "s3"})), {"s3"}),
        (replace(BETWEEN, pinned=dict.fromkeys(range(16), "s1")), set()),
        (replace(BETWEEN, pinned=dict.fromkeys(range(16), "s3")), {"s3"}),
    ],
)
def test_the_policy_says_where_slots_may_go(wants, gets):
    plan = scale_out(view_of(LINE, {"s1": ALL}, EVEN, functions={"fw": wants}), "s1", 0)
    assert {move.destination for move in plan.moves} == gets


def test_functions_that_are_to_be_apart_are_kept_apart():
    view = view_of(LINE, {"s1": ALL}, EVEN, functions={"nat": FunctionPolicy(apart_from={"fw"})})
    facts = dict(view.placement.facts)
    both = {**facts["s2"].functions, "nat": FunctionFacts(16, ALL, ALL)}
    facts["s2"] = replace(facts["s2"], functions=both)
    view = replace(view, placement=type(view.placement)(LINE, facts, {}))
    assert {m.destination for m in scale_out(view, "s1", 0).moves} == {"s3"}


def test_a_slot_that_was_just_moved_stays():
    view = view_of(LINE, {"s1": ALL}, EVEN, moved_at={("fw", s): 10.0 for s in ALL})
    assert not scale_out(view, "s1", 14.9)
    assert scale_out(view, "s1", 15.1)


def test_on_a_diamond_slots_go_where_their_own_packets_pass():
    view = view_of(diamond(), {"s1": ALL}, EVEN, functions={"fw": BETWEEN})
    wants = replace(BETWEEN, nodes=frozenset({"s2", "s3"}))
    view = replace(view, policy=Policy(functions={"fw": wants}, defaults=LIMITS))
    plan = scale_out(view, "s1", 0)
    paths = slot_paths(diamond())
    assert plan.complete
    for (_, destination), slots in where(plan).items():
        assert all(destination in paths.route(slot, "out", "in") for slot in slots)


def test_without_forwarding_a_branch_of_a_diamond_gets_nothing():
    plan = scale_out(view_of(diamond(), {"s1": ALL}, EVEN, forwarding=False), "s1", 0)
    assert {move.destination for move in plan.moves} == {"s4"}


def test_a_source_that_misses_packets_hands_nothing_over():
    slots = frozenset(s for s in ALL if "s2" in slot_paths(diamond()).route(s, "out", "in"))
    wrong = ALL - slots
    loads = dict.fromkeys(ALL, 1000.0)
    assert not scale_out(view_of(diamond(), {"s2": wrong}, loads), "s2", 0).moves


def test_idle_nodes_are_emptied_to_where_the_description_places_the_function():
    net = replace(LINE, functions={"fw": {"s2": ALL}})
    thirds = {"s1": frozenset(range(5)), "s2": frozenset(range(5, 10)), "s3": ALL - set(range(10))}
    plan = scale_in(view_of(net, thirds, dict.fromkeys(ALL, 10.0)), 0)
    assert {move.destination for move in plan.moves} == {"s2"}
    assert {move.source for move in plan.moves} == {"s1", "s3"}


def test_slots_stay_where_the_description_places_the_function_and_branches_are_emptied_later():
    net = replace(diamond(), functions={"fw": {"s1": ALL}})
    by_s2 = frozenset(s for s in ALL if "s2" in slot_paths(net).route(s, "out", "in"))
    by_s3, at_s1 = ALL - by_s2, frozenset({min(by_s2), min(ALL - by_s2)})
    enforced = {"s1": at_s1, "s2": by_s2 - at_s1, "s3": by_s3 - at_s1}
    falling = {**dict.fromkeys(ALL, 60.0), **dict.fromkeys(at_s1, 10.0)}
    assert not scale_in(view_of(net, enforced, falling), 0)  # s1 alone is idle
    plan = scale_in(view_of(net, enforced, dict.fromkeys(ALL, 10.0)), 0)
    assert where(plan) == {(n, "s1"): enforced[n] for n in ("s2", "s3")}


def test_slots_are_not_gathered_where_they_would_make_a_node_busy():
    halves = {"s1": frozenset(range(8)), "s2": ALL - set(range(8))}
    loads = {slot: 80.0 if slot < 8 else 10.0 for slot in ALL}
    assert not scale_in(view_of(LINE, halves, loads), 0)  # 640 + 80: above the middle, 650
    assert scale_in(view_of(LINE, halves, {**loads, 0: 0.0}), 0)


def test_a_single_idle_node_is_left_alone():
    assert not scale_in(view_of(LINE, {"s1": ALL}, {}), 0)


def test_pinned_slots_go_home():
    wants = replace(BETWEEN, pinned={3: "s2"})
    plan = scale_in(view_of(LINE, {"s1": ALL}, EVEN, functions={"fw": wants}), 0)
    assert where(plan) == {("s1", "s2"): {3}}


def test_slots_that_are_pinned_to_a_dead_node_stay_where_they_are():
    wants = {"fw": replace(BETWEEN, pinned={3: "s2"})}
    view = view_of(LINE, {"s1": ALL}, EVEN, functions=wants, dead=frozenset({"s2"}))
    assert not scale_in(view, 0)


def test_a_node_without_capacity_gets_nothing_not_even_slots_without_packets():
    none = Policy(
        functions={"fw": BETWEEN}, nodes={"s2": Thresholds(high_pps=0.0, capacity_pps=0.0)}
    )
    view = view_of(chain("s1", "s2"), {"s1": ALL}, {}, none)
    plan = drain(view, "s1")
    assert (plan.moves, plan.complete) == ((), False)
    assert "s2 has a capacity of 0" in plan.explanation[0]


def test_draining_empties_a_node():
    view = view_of(LINE, {"s1": ALL}, dict.fromkeys(ALL, 50.0))
    plan = drain(replace(view, avoid=frozenset({"s1"})), "s1")
    assert plan.complete
    after = applied(view, plan, 0)
    assert not after.placement.by_node("fw").get("s1")


def test_draining_goes_beyond_thresholds_but_not_beyond_capacity():
    view = view_of(chain("s1", "s2"), {"s1": ALL}, dict.fromkeys(ALL, 125.0))
    assert drain(view, "s1").complete  # 2,000 are s2's capacity
    view = view_of(chain("s1", "s2"), {"s1": ALL}, dict.fromkeys(ALL, 126.0))
    plan = drain(view, "s1")
    assert not plan.complete
    assert "has room" in plan.explanation[-1]


def test_a_draining_says_which_slots_have_nowhere_to_go():
    plan = drain(view_of(diamond(), {"s2": ALL}, EVEN), "s2")
    assert not plan.complete
    (move,), (*_, kept) = plan.moves, plan.explanation
    stay = format_slots(ALL - move.slots)
    assert kept == (
        f"fw, slots {stay} ({100 * len(ALL - move.slots)} packets/s): "
        "s2 does not see all of their packets: what it has cannot be handed over"
    )


def dead_node(node, enforced, **more):
    """Return a view in which a node has died, over the paths that are left."""
    net = diamond()
    left = replace(net, links=tuple(n for n in net.links if node not in (n.a.node, n.b.node)))
    view = view_of(net, enforced, EVEN, dead=frozenset({node}), **more)
    return replace(view, reach=Reach(left, slot_paths(left), view.policy))


def test_slots_of_a_dead_node_are_taken_over_on_the_paths_that_are_left():
    wants = replace(BETWEEN, nodes=frozenset({"s2", "s3"}))
    view = dead_node("s2", {"s2": ALL}, functions={"fw": wants})
    plan = replace_dead(view, "s2", {"fw": ALL}, {("fw", s): 1.5 for s in ALL})
    assert where(plan) == {("s2", "s3"): ALL}
    assert "checkpoints are 1.5 s old at most" in plan.moves[0].why


def test_taking_over_does_not_wait_for_room():
    view = dead_node("s2", {"s2": ALL})
    view = replace(view, load={"s2": {"fw": dict.fromkeys(ALL, 5000.0)}})
    plan = replace_dead(view, "s2", {"fw": ALL}, {})
    assert plan.complete
    assert set().union(*where(plan).values()) == ALL
    assert "no checkpoint" in plan.moves[0].why


def test_a_node_whose_load_is_not_known_is_not_idle_and_has_no_room():
    view = view_of(LINE, {"s1": ALL - {0}, "s2": {0}}, dict.fromkeys(ALL, 1.0))
    assert where(scale_in(view, 0)) == {("s2", "s1"): frozenset({0})}
    for unknown in ("s1", "s2"):
        known = {name: load for name, load in view.load.items() if name != unknown}
        plan = scale_in(replace(view, load=known), 0)
        assert unknown not in {name for ends in where(plan) for name in ends}
    loaded = view_of(LINE, {"s1": ALL}, EVEN)
    only = replace(loaded, load={"s1": loaded.load["s1"]})
    told = scale_out(only, "s1", 0)
    assert not told
    assert "s2 (its load is not known)" in " ".join(told.explanation)


def test_a_takeover_says_what_nobody_can_take():
    wants = replace(BETWEEN, nodes=frozenset({"s2"}))
    plan = replace_dead(
        dead_node("s2", {"s2": ALL}, functions={"fw": wants}), "s2", {"fw": ALL}, {}
    )
    assert not plan
    assert not plan.complete
    assert "none may run fw" in plan.explanation[0]


def test_a_node_is_reloaded_to_take_over_where_no_other_has_the_function():
    view = dead_node("s2", {"s2": ALL}, has=frozenset({"s2", "s4"}))
    assert where(replace_dead(view, "s2", {"fw": ALL}, {})) == {("s2", "s4"): ALL}
    view = dead_node("s2", {"s2": ALL}, has=frozenset({"s2"}))
    plan = replace_dead(view, "s2", {"fw": ALL}, {})
    assert plan.complete
    assert {move.method for move in plan.moves} == {"pr"}
    assert "is reloaded to get fw" in plan.moves[0].why


def test_without_forwarding_nobody_takes_over():
    view = view_of(LINE, {"s2": ALL}, EVEN, dead=frozenset({"s2"}), forwarding=False)
    assert "forwarding is off" in replace_dead(view, "s2", {"fw": ALL}, {}).explanation[0]


def test_a_plan_explains_itself_as_plain_data():
    plan = scale_out(view_of(LINE, {"s1": ALL}, EVEN), "s1", 0).to_dict()
    assert plan["kind"] == "scale_out"
    assert plan["before_pps"]["s1"] == 1600
    assert plan["after_pps"]["s1"] == 900
    assert "s1 handles 1600 packets/s, and 1000 are its threshold" in plan["explanation"][0]
