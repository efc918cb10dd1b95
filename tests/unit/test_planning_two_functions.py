"""Plans where nodes have two functions: which may be together, and which reloads would lose."""

from dataclasses import replace

import pytest
from planner_lab import ALL, BETWEEN, applied, chain, view_of

from controller.model.placement import FunctionFacts, NodeFacts, Placement
from controller.planning.drain import drain
from controller.planning.scale import scale_in, scale_out
from controller.planning.takeover import replace_dead

LINE = chain("s1", "s2", "s3")
BOTH = dict.fromkeys(("fw", "nat"), BETWEEN)
APART = {"fw": BETWEEN, "nat": replace(BETWEEN, apart_from=frozenset({"fw"}))}
AT_S1_OR_S2 = dict.fromkeys(BOTH, replace(BETWEEN, nodes=frozenset({"s1", "s2"})))
SLOT = frozenset({3})


def look(enforced, has=None, pps=40.0, wants=BOTH):
    """Return a view of a line of three nodes.

    Args:
        enforced: Node to function to the slots that it enforces.
        has: Node to functions that its program has besides; None: all have both.
        pps: Load of each slot, packets/s.
        wants: The policy of functions.
    """
    facts = {}
    for name in LINE.nodes:
        known = dict.fromkeys(BOTH if has is None else has.get(name, ()), frozenset())
        known |= enforced.get(name, {})
        functions = {f: FunctionFacts(16, slots, slots) for f, slots in known.items()}
        facts[name] = NodeFacts(name, True, "p", functions)
    load = {
        name: {f: dict.fromkeys(slots, pps) for f, slots in enforced.get(name, {}).items()}
        for name in LINE.nodes
    }
    view = view_of(LINE, {}, functions=wants)
    can_run = dict.fromkeys(BOTH, frozenset(LINE.nodes))
    return replace(view, placement=Placement(LINE, facts, {}), can_run=can_run, load=load)


def where(plan):
    """Return function to the nodes that its slots go to."""
    return {f: {m.destination for m in plan.moves if m.function == f} for f in BOTH}


def test_two_functions_of_one_node_are_moved_by_one_plan():
    view = look({"s1": {"fw": ALL, "nat": ALL}}, pps=20.0)
    plan = drain(view, "s1")
    assert plan.complete
    assert applied(view, plan, 0).enforced("s1") == {}
    assert {slot for move in plan.moves for slot in move.slots} == ALL


def test_load_of_all_functions_of_a_node_counts_together_and_the_fewest_slots_leave():
    view = look({"s1": {"fw": ALL, "nat": ALL}})  # 1,280 packets/s, and 1,000 are the threshold
    plan = scale_out(view, "s1", 0)
    assert plan.complete
    assert sum(len(move.slots) for move in plan.moves) == 10  # 900 is aimed at
    assert plan.after_pps["s1"] == 880


def test_a_node_that_would_be_reloaded_under_another_function_is_passed_over():
    enforced = {"s1": {"fw": ALL}, "s2": {"nat": SLOT}}
    assert where(drain(look(enforced, {}), "s1"))["fw"] == {"s3"}
    assert where(scale_out(look(enforced, {}, pps=100.0), "s1", 0))["fw"] == {"s3"}
    assert where(drain(look(enforced, {"s2": {"fw"}}), "s1"))["fw"] == {"s2"}, "it has it"


@pytest.mark.parametrize("planner", [drain, lambda view, node: scale_out(view, node, 0)])
def test_where_nobody_else_is_left_the_plan_says_what_has_slots_there(planner):
    enforced = {"s1": {"fw": ALL}, "s2": {"nat": SLOT}, "s3": {"nat": ALL - SLOT}}
    plan = planner(look(enforced, {}, pps=100.0), "s1")
    assert not plan
    assert not plan.complete
    assert plan.explanation[-1].endswith(
        "no other node on all paths of their packets may run fw: s2 would be reloaded to get fw, "
        "and has nat, slots 3: move those first; s3 would be reloaded to get fw, and has nat, "
        "slots 0-2,4-15: move those first"
    )


def test_a_takeover_says_so_too_and_prefers_a_node_that_needs_no_reload():
    enforced = {"s1": {"fw": ALL}, "s2": {"nat": ALL}}
    view = replace(look(enforced, {}), dead=frozenset({"s1"}))
    assert where(replace_dead(view, "s1", {"fw": ALL}, {}))["fw"] == {"s3"}
    both = look({**enforced, "s3": {"nat": SLOT}}, {})
    plan = replace_dead(replace(both, dead=view.dead), "s1", {"fw": ALL}, {})
    assert not plan
    assert "s2 would be reloaded to get fw, and has nat, slots 0-15" in plan.explanation[0]


def test_a_node_that_gets_one_function_by_a_reload_gets_it_before_slots_of_another():
    view = look({"s1": {"fw": ALL, "nat": ALL}}, {"s2": {"fw"}}, wants=AT_S1_OR_S2)
    load = {"fw": dict.fromkeys(ALL, 1.0), "nat": dict.fromkeys(ALL, 2.0)}  # so nat is first
    plan = drain(replace(view, load={**view.load, "s1": load}), "s1")
    assert plan.complete
    assert [(m.function, m.method) for m in plan.moves] == [("nat", "pr"), ("fw", "pm")]


@pytest.mark.parametrize("planner", [drain, lambda view, node: scale_out(view, node, 0)])
def test_functions_that_are_to_be_apart_do_not_meet_within_one_plan(planner):
    view = look({"s1": {"fw": ALL, "nat": ALL}}, pps=100.0, wants=APART)
    after = applied(view, planner(view, "s1"), 0)
    for name in ("s2", "s3"):
        assert len({function for function, _ in after.enforced(name)}) <= 1


def test_functions_that_are_to_be_apart_are_not_gathered_at_one_node():
    view = look({"s1": {"fw": ALL}, "s2": {"nat": ALL}}, pps=1.0, wants=APART)
    assert not scale_in(view, 0)
    assert scale_in(look({"s1": {"fw": ALL}, "s2": {"fw": SLOT, "nat": ALL}}, pps=1.0), 0)
