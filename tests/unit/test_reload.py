"""Reloading a node: what is kept, what is refused before anything is touched."""

import itertools
import random

import pytest
from finsy.p4entity import P4CounterData
from migration_lab import Lab
from model_node import ModelNode
from model_world import ProcessDied, World, at_action, kill_process, nothing
from p4info_samples import P4InfoBuilder, add_gate, add_l2, gate_program, plain_program

from controller.errors import MigrationError, NodeWedged, PipelineRejected, WriteFailed
from controller.migration.journal import SqliteJournal
from controller.migration.record import MigrationRecord, Programs
from controller.migration.reload import Reload
from controller.southbound.driver import CounterCell
from controller.state.content import Content, cannot_carry, read_content

PLAIN, GATED = plain_program(), gate_program()


@pytest.fixture
def node():
    """A node that runs "plain" with entries, counts and a register that hold something."""
    lab = Lab(random.Random(1), ("gated", "plain"), traffic=0)
    node = lab.node("s2")
    for entry in node.running.entries.values():
        entry.counter_data = P4CounterData(byte_count=640, packet_count=10)
    node.running.registers["in.l2.seen"][3] = 9
    node.running.counters["in.l2.ports"][2] = CounterCell(7, 700)
    return node


@pytest.fixture
def journal():
    journal = SqliteJournal(":memory:")
    programs = Programs("a", "b", "c", "d")
    journal.create(
        MigrationRecord(0, "gate", "s1", "s2", frozenset(), "pr", "hitless", programs, (), 1.0)
    )
    yield journal
    journal.close()


def reload(node, journal, before=PLAIN, after=GATED, *, undoable=True):
    return Reload(node, journal, 1, before, after, key="there", undoable=undoable)


def state_of(node):
    """Return what a node holds of the plain program, in comparable form."""
    running = node.running
    return (
        {k: (e.action, e.counter_data) for k, e in running.entries.items() if "l2" in k[0]},
        running.registers["in.l2.seen"],
        running.counters["in.l2.ports"],
    )


def test_a_reload_keeps_entries_with_their_counts_registers_and_counters(node, journal):
    before = state_of(node)
    reload(node, journal).run()
    assert node.running.program is GATED
    assert state_of(node) == before


def test_there_and_back_is_as_it_was(node, journal):
    before = state_of(node)
    reload(node, journal).run()
    Reload(node, journal, 1, GATED, PLAIN, key="back", undoable=False).run()
    assert node.running.program is PLAIN
    assert state_of(node) == before


def test_a_node_that_has_the_program_already_is_not_touched(node, journal):
    pushes = node.pushes
    assert reload(node, journal, GATED, PLAIN).run() == 0
    assert node.pushes == pushes


def test_a_second_run_does_nothing(node, journal):
    reload(node, journal).run()
    pushes = node.pushes
    assert reload(node, journal).run() == 0
    assert node.pushes == pushes


def test_counts_are_read_right_before_the_save(node, journal):
    asked = []
    node.world.fault = lambda node, what: asked.append(what)
    reload(node, journal).run()
    saved = asked.index("save gated")
    assert asked[saved - 1] == "read in.l2.ports"


def test_a_reload_that_dies_anywhere_is_completed_by_the_next_run(journal):
    for action in itertools.count(1):
        node = Lab(random.Random(1), ("gated", "plain"), traffic=0).node("s2")
        node.running.registers["in.l2.seen"][3] = 9
        before = state_of(node)
        node.world.fault = at_action(action, kill_process)
        try:
            reload(node, journal).run()
        except ProcessDied:
            assert node.running.program == PLAIN
        else:
            break
        node.world.fault = nothing
        reload(node, journal).run()
        assert node.running.program is GATED
        assert not node.pending
        assert state_of(node) == before
        journal.drop_contents(1)
    assert action > 20


def test_a_saved_program_that_cannot_be_filled_gives_way_to_the_old_one(node, journal):
    before = state_of(node)
    node.table_limit = 1
    with pytest.raises(WriteFailed):
        reload(node, journal).run()
    assert reload(node, journal).is_pending()
    node.table_limit = 64
    reload(node, journal).abandon()
    assert node.running.program is PLAIN
    assert not node.pending
    assert state_of(node) == before


def test_a_rejected_program_leaves_nothing_to_undo(node, journal):
    def reject(node, asked):
        if asked == "save gated":
            raise PipelineRejected(node.name, asked, "garbage")

    node.world.fault = reject
    with pytest.raises(PipelineRejected):
        reload(node, journal).run()
    node.world.fault = nothing
    assert not reload(node, journal).is_pending()


def test_a_node_that_takes_no_second_save_says_so(node, journal):
    node.table_limit = 1
    with pytest.raises(WriteFailed):
        reload(node, journal).run()

    def wedge(node, asked):
        if asked.startswith("save"):
            raise NodeWedged(node.name, asked, "restart it")

    node.world.fault = wedge
    with pytest.raises(NodeWedged):
        reload(node, journal).abandon()
    assert node.running.program == PLAIN


def other(build):
    return build(P4InfoBuilder()).program("other")


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (lambda b: add_l2(b), None),
        (lambda b: b, None),
        (lambda b: b.register("in.l2.seen", 2, 8), "in.l2.seen has 4 cells, and then 2"),
        (lambda b: b.register("in.l2.seen", 4, 16), "in.l2.seen has cells of another type then"),
        (lambda b: b.counter("in.l2.ports", 3), "in.l2.ports has fewer cells then"),
        (
            lambda b: b.table("in.l2.dmac", {"dst_addr": (32, "exact")}, {}),
            "the table in.l2.dmac is not the same in both programs",
        ),
        (
            lambda b: b.table(
                "in.l2.dmac",
                {"dst_addr": (48, "exact")},
                {"in.l2.forward": {"port": 9}, "in.l2.flood": {"group": 16}},
                size=1,
            ),
            "the table in.l2.dmac has 2 entries, and then 1",
        ),
    ],
)
def test_what_does_not_fit_is_found_before_anything_is_touched(node, journal, new, told):
    program = other(new)
    entries = node.table_entries()
    problem = cannot_carry(PLAIN.schema, program.schema, entries)
    assert (problem is None) if told is None else (told in problem)
    if told:
        pushes = node.pushes
        with pytest.raises(MigrationError, match="s2 cannot be reloaded with other"):
            reload(node, journal, after=program).run()
        assert node.pushes == pushes


def test_kinds_of_state_that_are_not_carried_are_refused():
    metered = add_gate(add_l2(P4InfoBuilder())).meter("in.police", 4).program("metered")
    told = cannot_carry(metered.schema, PLAIN.schema, ())
    assert told == "the meter in.police would be lost: its content is not carried over"


def test_content_passes_through_the_journals_form_unchanged(node):
    content = read_content(node, PLAIN.schema)
    assert Content.from_bytes(content.to_bytes(PLAIN.schema), PLAIN.schema) == content


def test_only_what_the_other_program_has_is_read():
    world = World(["s1"], random.Random(1))
    node: ModelNode = world.nodes["s1"]
    world.busy = 0
    node.load(GATED)
    content = read_content(node, PLAIN.schema)
    assert list(content.registers) == ["in.l2.seen"]
    assert list(content.counters) == ["in.l2.ports"]
