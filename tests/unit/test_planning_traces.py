"""Planning over load traces: it never oscillates, and never plans what breaks flows."""

from collections import defaultdict
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from planner_lab import ALL, BETWEEN, applied, chain, diamond, view_of

from controller.model.thresholds import Thresholds
from controller.planning.drain import drain
from controller.planning.policy import Policy
from controller.planning.scale import scale_in, scale_out

POLL_S = 0.5
NETWORKS = (chain("s1", "s2", "s3", "s4"), diamond())

limits = st.builds(
    lambda high, low, room, hold, cool: Thresholds(high, high * low, high + room, hold, cool),
    st.floats(200, 5000),
    st.floats(0.05, 0.95),
    st.floats(0, 3000),
    st.sampled_from((0.0, 1.0)),
    st.floats(1, 10),
)
slot_loads = st.lists(st.floats(0, 900), min_size=16, max_size=16)


@st.composite
def situations(draw):
    """Draw a network, a policy, and who enforces what with which load."""
    functions = draw(st.sampled_from(({}, {"fw": {"s1": ALL}})))
    net = replace(draw(st.sampled_from(NETWORKS)), functions=functions)
    nodes = {name: draw(limits) for name in net.nodes}
    names = st.sampled_from(sorted(net.nodes))
    allowed = draw(st.none() | st.frozensets(names, min_size=1))
    pinned = draw(st.dictionaries(st.sampled_from(sorted(ALL)), names, max_size=4))
    policy = Policy({"fw": replace(BETWEEN, nodes=allowed, pinned=pinned)}, nodes)
    view = view_of(net, {}, policy=policy)
    enforced = defaultdict(set)
    for slot in ALL:
        enforced[draw(st.sampled_from(sorted(view.reach.common("fw", slot))))].add(slot)
    placed = {name: frozenset(slots) for name, slots in enforced.items()}
    return view_of(net, placed, dict(enumerate(draw(slot_loads))), policy)


def safe(view, plan):
    """Check that a plan breaks no flow, and does what the policy says.

    Every node that is to enforce sees all packets, and may; only draining takes slots from where
    they are pinned.
    """
    wants = view.wants("fw")
    for move in plan.moves:
        assert wants.nodes is None or move.destination in wants.nodes
        pinned = {slot for slot in move.slots if wants.pinned.get(slot) == move.source}
        assert not pinned or plan.kind == "drain"
        assert move.slots <= view.placement.facts[move.source].functions["fw"].enforce
        told = view.reach.obstacle("fw", move.slots, move.source, move.destination)
        assert told is None, told


def plans(view, now):
    return [scale_in(view, now), *(scale_out(view, node, now) for node in view.placement.facts)]


@given(situations())
def test_no_plan_leads_to_a_plan_that_takes_it_back(view):
    later = 1e6  # every cool-down is over
    for plan in plans(view, 0.0):
        safe(view, plan)
        after = applied(view, plan, 0.0)
        gained = {m.destination for m in plan.moves}
        left = {(m.source, slot) for m in plan.moves for slot in m.slots}
        for following in plans(after, later):
            if following.kind == "scale_out" and following.node in gained:
                assert following.node == plan.node or not following.moves
            back = {(m.destination, slot) for m in following.moves for slot in m.slots}
            assert not back & left, (plan, following)


@given(slot_loads, st.floats(200, 5000))
def test_a_scale_out_moves_as_few_slots_as_any_could(loads, high):
    policy = Policy(functions={"fw": BETWEEN}, nodes={"s1": Thresholds(high_pps=high)})
    view = view_of(chain("s1", "s2"), {"s1": ALL}, dict(enumerate(loads)), policy)
    plan = scale_out(view, "s1", 0.0)
    count = sum(len(move.slots) for move in plan.moves)
    assert plan.complete
    if view.pps("s1") <= high:
        assert count == 0
    else:
        largest = sorted(loads, reverse=True)
        assert plan.after_pps["s1"] <= 0.9 * high
        assert sum(largest[count - 1 :]) > 0.9 * high


@given(situations())
def test_no_node_is_made_loaded_by_a_scale_out(view):
    for node in view.placement.facts:
        plan = scale_out(view, node, 0.0)
        for name in {m.destination for m in plan.moves}:
            assert plan.after_pps[name] <= view.thresholds(name).high_pps


@given(situations())
def test_a_drain_is_safe_and_within_capacity(view):
    for node in view.placement.by_node("fw"):
        plan = drain(replace(view, avoid=frozenset({node})), node)
        safe(view, plan)
        for move in plan.moves:
            assert plan.after_pps[move.destination] <= max(
                view.thresholds(move.destination).capacity_pps, view.pps(move.destination)
            )


@settings(max_examples=60)
@given(situations(), st.lists(st.tuples(slot_loads, st.integers(1, 8)), min_size=1, max_size=6))
def test_no_slot_goes_back_and_forth_within_the_cool_down(view, trace):
    """Plan at every poll, as hastily as any machine of thresholds could ask for it."""
    now, last = 0.0, {}
    for loads, polls in trace:
        by_slot = dict(enumerate(loads))
        for _ in range(polls):
            now += POLL_S
            for node in view.placement.facts:
                load = {
                    n: {"fw": {s: by_slot[s] for s in slots}}
                    for n, slots in view.placement.by_node("fw").items()
                }
                view = replace(view, load=load)
                for out in (True, False):  # each by what the one before has left
                    plan = scale_out(view, node, now) if out else scale_in(view, now)
                    safe(view, plan)
                    for move in plan.moves:
                        for slot in move.slots:
                            cool_s = view.thresholds(move.source).cool_down_s
                            assert now - last.get(slot, -1e9) >= cool_s
                            last[slot] = now
                    view = applied(view, plan, now)
                    assert sum(len(s) for s in view.placement.by_node("fw").values()) == len(ALL)
