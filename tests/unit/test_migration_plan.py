"""From a request to a plan: what is planned, and every reason against it."""

import pytest
from networks import line, network
from p4info_samples import (
    P4InfoBuilder,
    add_gate,
    add_l2,
    add_words,
    annotation,
    gate_program,
    plain_program,
)

from controller.errors import ConfigError, ConflictError, RequestError
from controller.migration.catalog import Catalog
from controller.migration.plan import MigrationRequest, make_plan, refuse_conflicts
from controller.migration.program_choice import could_have
from controller.migration.record import MigrationRecord, Programs
from controller.migration.sequences import step_records, steps_for
from controller.model.parts import Entry
from controller.model.placement import FunctionFacts, NodeFacts, Placement

ALL = frozenset(range(4))


def add_nat(builder, *, state):
    """Add a second function, with state or without."""
    add_words(builder, "nat")
    if state:
        note = annotation(
            "hitless_state", function="nat", state="x", merge="max", first_slot=0, slots=4
        )
        builder.register("in.nat.cells", 4, 8, note)
    return builder


def both_program(name, *, state):
    return add_nat(add_gate(add_l2(P4InfoBuilder())), state=state).program(name)


PROGRAMS = {
    "gated": gate_program("gated"),
    "plain": plain_program("plain"),
    "both": both_program("both", state=True),
    "odd": gate_program("odd", cells=16),
}
CATALOG = Catalog(PROGRAMS)


def facts(name, program, gate=None, nat=None, **more):
    functions = {}
    for function, slots in (("gate", gate), ("nat", nat)):
        if slots is not None:
            functions[function] = FunctionFacts(4, frozenset(slots), frozenset(slots))
    return NodeFacts(name, True, program, functions, **more)


def view(*nodes, of=None):
    description = of or line({node.name: node.program or "plain" for node in nodes})
    return Placement(description, {node.name: node for node in nodes}, {"gate": ALL})


GATED = view(facts("s1", "gated", ALL), facts("s2", "gated", ()))
PLAIN = view(facts("s1", "gated", ALL), facts("s2", "plain"))
SPLIT = view(facts("s1", "gated", {0, 1}), facts("s2", "gated", {2, 3}))


def plan(here, source="s1", destination="s2", slots=None, method="auto", mode="hitless"):
    request = MigrationRequest("gate", source, destination, slots, method, mode)
    return make_plan(request, here, CATALOG)


def names(made):
    return [step["name"] for step in made.to_dict()["steps"]]


def test_a_destination_that_has_the_function_needs_no_reload():
    made = plan(GATED)
    assert (made.method, made.slots, made.cells) == ("pm", ALL, 32)
    assert made.programs == Programs("gated", "gated", "gated", "gated")
    assert "s2 has gate in its program already" in made.explanation


def test_a_destination_without_it_is_reloaded_and_so_is_the_source():
    made = plan(PLAIN)
    assert made.method == "pr"
    assert made.programs == Programs("gated", "plain", "plain", "gated")
    assert "s2 does not have gate and is reloaded with gated" in made.explanation
    assert "s1 is reloaded with plain at the end" in made.explanation


def test_a_source_that_keeps_slots_keeps_its_program():
    made = plan(PLAIN, slots=frozenset({1}))
    assert made.programs == Programs("gated", "gated", "plain", "gated")
    assert made.method == "pr"


def test_program_reload_can_be_asked_for_where_the_destination_has_the_function():
    made = plan(GATED, method="pr")
    assert (made.method, made.programs) == ("pr", Programs("gated", "plain", "gated", "gated"))


def test_without_slots_all_that_the_source_enforces_move():
    assert plan(SPLIT).slots == {0, 1}


def test_the_steps_are_in_the_order_that_keeps_the_promises():
    assert names(plan(GATED)) == [
        "prepare",
        "learn on",
        "copy",
        "enforce on",
        "overlap",
        "enforce off",
        "learn off",
        "verify",
        "release",
    ]


@pytest.mark.parametrize(
    ("here", "method", "steps"),
    [
        (GATED, "pm", ["prepare", "copy", "enforce on", "enforce off", "release"]),
        (PLAIN, "pr", ["prepare", "release"]),
    ],
)
def test_the_papers_sequence_is_shorter(here, method, steps):
    made = plan(here, method=method, mode="paper")
    assert names(made) == steps
    assert any("as in the paper" in sentence for sentence in made.explanation)


@pytest.mark.parametrize("mode", ["hitless", "paper"])
@pytest.mark.parametrize("gains", [False, True])
@pytest.mark.parametrize("loses", [False, True])
def test_every_sequence_brings_all_state_before_its_only_commit_point(mode, gains, loses):
    programs = Programs("a", "b" if loses else "a", "c", "d" if gains else "c")
    steps = steps_for(mode, programs)
    commits = [i for i, step in enumerate(steps) if step.commits]
    brings = [i for i, step in enumerate(steps) if step.brings_state]
    drops = [i for i, step in enumerate(steps) if step.drops_state]
    assert len(commits) == 1
    assert max(brings) < commits[0] <= min(drops)
    assert len({step.name for step in steps}) == len(steps)
    assert all(step.at_source for step in steps[commits[0] :] if step.name != "verify")


@pytest.mark.parametrize(
    ("node", "could"),
    [
        (facts("s1", "gated", ()), True),
        (facts("s1", "unnamed", ()), True),
        (facts("s1", "plain"), True),  # by a reload
        (facts("s1", None), False),
        (facts("s1", "nat", nat=()), True),  # by a reload with both
        (facts("s1", "nat", nat={0}), False),  # which would lose what it learns
        (NodeFacts("s1", reachable=False), False),
    ],
)
def test_a_node_could_have_a_function_if_its_program_has_it_or_a_reload_brings_it(node, could):
    programs = PROGRAMS | {"nat": add_nat(add_l2(P4InfoBuilder()), state=True).program("nat")}
    assert could_have("gate", node, Catalog(programs)) is could


def test_a_plan_becomes_plain_data():
    data = plan(SPLIT, slots=frozenset({1})).to_dict()
    assert (data["from"], data["to"], data["slots"], data["cells"]) == ("s1", "s2", "1", 8)
    assert data["steps"][5] == {"name": "enforce off", "node": "s1"}


@pytest.mark.parametrize(
    ("here", "request_", "told"),
    [
        (GATED, {"source": "s9"}, "node 's9' is unknown; these would do: s1, s2"),
        (GATED, {"destination": "s9"}, "node 's9' is unknown; these would do: s1, s2"),
        (GATED, {"destination": "s1"}, "source and destination are both s1: move to s2"),
        (GATED, {"method": "ssh"}, "method 'ssh' is unknown; these would do: auto, pm, pr"),
        (GATED, {"mode": "fast"}, "mode 'fast' is unknown; these would do: hitless, paper"),
        (GATED, {"slots": frozenset({9})}, "gate has no slot 9; these would do: 0-3"),
        (GATED, {"slots": frozenset()}, "s1 is to give no slot of gate; enforced now: s1: 0-3"),
        (
            GATED,
            {"source": "s2", "destination": "s1"},
            "s2 enforces no slot of gate; enforced now: s1: 0-3",
        ),
        (
            SPLIT,
            {"slots": frozenset({1, 2})},
            "s1 does not enforce gate, slots 2; enforced now: s1: 0-1; s2: 2-3",
        ),
        (
            view(facts("s1", "gated", ALL), facts("s2", "gated", {3})),
            {},
            "s2 enforces gate, slots 3, already",
        ),
        (
            view(facts("s1", "gated", ALL), NodeFacts("s2", False, reason="it is off")),
            {},
            "node s2 does not answer: it is off",
        ),
        (PLAIN, {"method": "pm"}, "s2 runs plain, which does not have gate: pipeline manip"),
        (
            view(facts("s1", "gated", ALL), facts("s2", None)),
            {},
            "s2 runs a program that the network file does not name",
        ),
        (
            view(facts("s1", "gated", ALL), facts("s2", "odd", ())),
            {},
            "gate of gated and of odd do not fit together: the cells of flows, slot 0, differ",
        ),
        (
            view(facts("s1", "both", ALL, {0}), facts("s2", "plain")),
            {"method": "pr"},
            "s1 would need a program with exactly nat; gated has gate; plain has no function;",
        ),
        (
            view(
                facts("s1", "gated", ALL),
                facts("s2", "gated", ()),
                of=network({"s1": "gated", "s2": "gated"}, [], {"hA": "s1:1", "hB": "s2:1"}),
            ),
            {},
            "s1 to s2: no link leads from s1 to s2",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_would_do(here, request_, told):
    with pytest.raises(RequestError) as error:
        plan(here, **request_)
    assert told in str(error.value)


def test_an_unknown_function_is_refused_with_those_that_there_are():
    with pytest.raises(RequestError, match="function 'nap' is unknown; these would do: gate, nat"):
        make_plan(MigrationRequest("nap", "s1", "s2"), GATED, CATALOG)


@pytest.mark.parametrize("state", [True, False])
def test_a_reload_that_would_lose_what_another_function_learns_is_refused(state):
    programs = {
        "gated": gate_program("gated"),
        "plain": plain_program("plain"),
        "nat": add_nat(add_l2(P4InfoBuilder()), state=state).program("nat"),
        "both": both_program("both", state=state),
    }
    here = view(facts("s1", "gated", ALL), facts("s2", "nat", None, {0, 2}))
    request = MigrationRequest("gate", "s1", "s2")
    if not state:
        assert make_plan(request, here, Catalog(programs)).programs.destination_after == "both"
        return
    with pytest.raises(RequestError) as error:
        make_plan(request, here, Catalog(programs))
    assert "s2 would be reloaded while it has nat, slots 0,2" in str(error.value)


WITH_NAT = Catalog(PROGRAMS | {"nat": add_nat(add_l2(P4InfoBuilder()), state=True).program("nat")})


def refusal(here, method="auto", reach=None):
    with pytest.raises(RequestError) as error:
        make_plan(MigrationRequest("gate", "s1", "s2", method=method), here, WITH_NAT, reach)
    return str(error.value)


def test_who_meets_another_functions_slots_is_told_the_commands_that_would_do():
    here = view(
        facts("s1", "gated", ALL), facts("s2", "nat", None, {0, 2}), facts("s3", "nat", None, ())
    )
    assert refusal(here) == (
        "s2 would be reloaded while it has nat, slots 0,2: what packets record there during the "
        "swap would be lost; one after the other: "
        "`hitless migrate nat --from s2 --to s3 --slots 0,2`, "
        "`hitless migrate gate --from s1 --to s2 --slots 0-3`, "
        "`hitless migrate nat --from s3 --to s2 --slots 0,2`"
    )


def test_the_commands_that_are_told_are_accepted_one_after_the_other():
    first = view(facts("s1", "both", ALL, ()), facts("s2", "nat", None, {0, 2}))
    assert "`hitless migrate nat --from s2 --to s1 --slots 0,2`, " in refusal(first)
    after = view(facts("s1", "both", ALL, {0, 2}), facts("s2", "nat", None, ()))
    made = make_plan(MigrationRequest("gate", "s1", "s2"), after, WITH_NAT)
    assert made.programs == Programs("both", "both", "nat", "both")
    assert "s1 keeps its program: it has other slots there" in " ".join(made.explanation)


def test_a_node_that_has_the_function_already_is_told_as_well():
    here = view(facts("s1", "gated", ALL), facts("s2", "nat", None, {0}), facts("s3", "gated", ()))
    assert "be lost; move gate to s3, which has it in its program" in refusal(here)
    off_path = network(
        {"s1": "gated", "s2": "nat", "s3": "gated"},
        ["s1:2 s2:1", "s1:3 s3:1"],
        {"hA": "s1:1", "hB": "s2:2", "hC": "s3:2"},
    )
    nodes = (facts("s1", "gated", ALL), facts("s2", "nat", None, {0}), facts("s3", "gated", ()))
    told = refusal(view(*nodes, of=off_path))
    assert "no other node has gate, or has nat and sees all packets of those slots" in told


def test_a_source_with_another_functions_slots_is_reloaded_only_where_that_was_asked_for():
    here = view(facts("s1", "both", ALL, {0}), facts("s2", "plain"))
    assert plan(here).programs == Programs("both", "both", "plain", "gated")
    told = refusal(here, method="pr")
    assert "s1 would be reloaded while it has nat, slots 0" in told
    assert "use method auto, which leaves s1 its program" in told


def test_of_several_programs_the_sources_own_is_chosen():
    programs = PROGRAMS | {"aged": gate_program("aged"), "zoned": gate_program("zoned")}
    here = view(facts("s1", "zoned", ALL), facts("s2", "plain"))
    made = make_plan(MigrationRequest("gate", "s1", "s2"), here, Catalog(programs))
    assert made.programs.destination_after == "zoned"


def record(made):
    steps = step_records(steps_for(made.mode, made.programs), made.source, made.destination)
    return MigrationRecord(
        1, made.function, made.source, made.destination, made.slots, made.method, made.mode,
        made.programs, steps, 1.0,
    )  # fmt: skip


def test_a_second_move_of_the_same_slots_is_refused():
    other = record(plan(GATED, slots=frozenset({0, 1})))
    refuse_conflicts(plan(GATED, slots=frozenset({2, 3})), [other])
    with pytest.raises(ConflictError, match=r"gate, slots 1, are being moved: migration 1"):
        refuse_conflicts(plan(GATED, slots=frozenset({1, 2})), [other])


def test_a_reload_and_another_move_at_the_same_node_are_refused():
    reload = plan(PLAIN, slots=frozenset({0}))
    manipulation = plan(GATED, slots=frozenset({1}))
    for one, other in ((reload, manipulation), (manipulation, reload)):
        with pytest.raises(ConflictError, match="s2 cannot be reloaded and take part in another"):
            refuse_conflicts(one, [record(other)])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"functions": {"nap": {"s1": ALL}}}, "functions.nap: no program has this function"),
        (
            {"functions": {"gate": {"s1": frozenset({3, 4})}}},
            "functions.gate.s1: there is no slot 4; gate has slots 0-3",
        ),
        (
            {"entries": {"s1": (Entry("dmca", {}, "forward", {}, at="f: entries.s1[0]"),)}},
            "f: entries.s1[0]: no program has a table dmca; these would do: in.gate.acl,",
        ),
        (
            {"entries": {"s1": (Entry("dmac", {}, "forward", {"port": 1}, at="f: here"),)}},
            "f: here: the match lacks dst_addr",
        ),
        (
            {
                "entries": {
                    "s1": (Entry("timeout", {}, "set_timeout", {"units": 1}, at="f: one"),),
                    "s2": (Entry("timeout", {}, "set_timeout", {"units": 2}, at="f: two"),),
                }
            },
            "contradicts the same entry at f: ",
        ),
    ],
)
def test_what_the_description_says_wrongly_of_programs_is_told_at_once(more, told):
    with pytest.raises(ConfigError) as error:
        CATALOG.check(line({"s1": "gated", "s2": "gated"}, **more))
    assert told in str(error.value)


def test_entries_of_the_function_are_those_of_every_node_and_others_only_ones_own():
    acl = Entry("acl", {"src_addr": 7}, "deny", {}, priority=3, at="x")
    zone = Entry("zone", {"ingress_port": 1}, "set_inside", {}, at="x")
    description = line({"s1": "gated", "s2": "gated"}, entries={"s1": (acl, zone)})
    at_s2 = CATALOG.entries(description, "s2", "gated")
    assert [entry.table_id for entry in at_s2] == ["in.gate.acl"]
    assert CATALOG.entries(description, "s2", "plain") == []
