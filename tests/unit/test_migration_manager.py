"""Migrations as their users see them: planned, submitted, watched, refused, recovered."""

import random
import threading
from dataclasses import replace

import pytest
from migration_lab import ALL, Lab
from model_world import nothing, refuse

from controller.errors import ConflictError, JournalError, NodeError, RequestError
from controller.migration.plan import MigrationRequest
from controller.migration.runner import spawn_thread
from controller.migration.states import MigrationState, StepState

REQUEST = MigrationRequest("gate", "s1", "s2")


@pytest.fixture
def lab():
    return Lab(random.Random(1), traffic=0)


@pytest.fixture
def bare():
    """A lab whose destination does not have the function."""
    return Lab(random.Random(1), ("gated", "plain"), traffic=0)


def entries_of(node, table):
    return {e.action.name for e in node.running.entries.values() if e.table_id == table}


# What a move does


def test_a_plan_does_nothing(lab):
    plan = lab.manager.plan(REQUEST)
    assert (plan.method, plan.slots, plan.cells) == ("pm", ALL, 8)
    assert lab.manager.migrations() == []
    assert lab.placement() == {"s1": ALL}


def test_a_move_is_recorded_step_by_step(lab):
    record = lab.move()
    assert record == lab.manager.get(record.id) == lab.manager.migrations()[-1]
    assert record.cells_moved == 4
    assert record.duration_ms > 0
    assert all(step.ms >= 0 and step.started_at >= record.created_at for step in record.steps)
    assert record.steps[2].detail == {"rounds": 2, "cells": 8, "read": 12, "written": 4}
    assert [step.node for step in record.steps] == ["s2"] * 5 + ["s1", "s1", "s2", "s1"]


def test_the_history_is_as_long_as_it_may_be(lab):
    lab.options = replace(lab.options, history=2)
    lab.restart()
    for source, destination in (("s1", "s2"), ("s2", "s1")) * 2:
        lab.move(source, destination)
    assert [record.id for record in lab.manager.migrations()] == [3, 4]
    with pytest.raises(RequestError, match=r"history does not go back .* 2; the .*: 3, 4"):
        lab.manager.get(2)


def test_each_step_is_journalled_and_shown_before_it_runs(lab):
    order = []
    put, call = lab.journal.put, lab.node("s1")._call

    def note_put(record, intent=None):
        put(record, intent)
        running = [step.name for step in record.steps if step.state is StepState.RUNNING]
        order.extend(f"journal {name}" for name in running)

    def note_call(asked):
        order.append(asked)
        call(asked)

    lab.journal.put = note_put
    lab.node("s1")._call = note_call
    lab.move()
    off = order.index("write in.gate.enforce")
    assert "journal enforce off" in order[:off]
    shown = [step.name for r in lab.seen for step in r.steps if step.state is StepState.RUNNING]
    assert shown == [step.name for step in lab.manager.migrations()[-1].steps]


def test_the_journal_has_the_new_placement_from_the_commit_point_on(lab):
    before = {}
    lab.world.fault = lab.during_step(
        "overlap", lambda *_: before.update(lab.journal.intent().placement["gate"])
    )
    lab.move()
    assert before == {0: "s1", 1: "s1"}
    assert lab.journal.intent().placement["gate"] == {0: "s2", 1: "s2"}


def test_time_stamps_keep_their_age_at_the_other_nodes_clock(lab):
    s1, s2 = lab.node("s1"), lab.node("s2")
    lab.world.sleep(7.0)
    ages = {cell >> 16: s1.now() - (cell & 0xFFFF) for cell in cells(s1)}
    lab.move()
    moved = {cell >> 16: s2.now() - (cell & 0xFFFF) for cell in cells(s2)}
    assert moved.keys() == ages.keys()
    assert all(0 <= moved[key] - ages[key] <= 2 for key in ages)


def cells(node):
    registers = node.running.registers
    return [c for name in registers if "flows" in name for c in registers[name] if c]


def test_the_source_forgets_what_it_gave_away(lab):
    lab.move()
    assert cells(lab.node("s1")) == []


def test_state_left_from_before_does_not_come_back_to_life(lab):
    lab.node("s2").running.registers["in.gate.flows_0"][0] = 0x63 << 16 | 5
    lab.move()
    assert 0x63 not in {cell >> 16 for cell in cells(lab.node("s2"))}


def test_entries_of_the_function_move_and_those_of_the_node_stay(lab):
    s1, s2 = lab.node("s1"), lab.node("s2")
    default = next(e for e in s1.running.entries.values() if e.table_id == "in.gate.timeout")
    default.action.args["units"] = 5
    del s2.running.entries[next(k for k in s2.running.entries if k[0] == "in.gate.acl")]
    record = lab.move()
    assert record.steps[1].detail == {"entries": 2}
    assert entries_of(s2, "in.gate.acl") == {"in.gate.deny"}
    timeout = next(e for e in s2.running.entries.values() if e.table_id == "in.gate.timeout")
    assert timeout.action.args == {"units": 5}
    assert entries_of(s2, "in.gate.zone") == {"in.gate.set_inside", "in.gate.set_outside"}


def test_a_destination_in_charge_of_other_slots_by_other_entries_is_refused():
    lab = Lab(random.Random(1), slots=frozenset({0}), traffic=0)
    s2 = lab.node("s2")
    del s2.running.entries[next(k for k in s2.running.entries if k[0] == "in.gate.acl")]
    with pytest.raises(RequestError) as error:
        lab.manager.plan(REQUEST)
    told = "s2 enforces gate, slots 1, with other entries than s1 has: 1 missing in in.gate.acl"
    assert told in str(error.value)


def test_entries_that_change_after_the_plan_undo_the_move():
    lab = Lab(random.Random(1), slots=frozenset({0}), traffic=0)
    s2 = lab.node("s2")

    def change(*_):
        s2.running.entries.pop(next(k for k in s2.running.entries if k[0] == "in.gate.acl"), None)

    lab.world.fault = lab.during_step("prepare", change)
    record = lab.move()
    assert record.state is MigrationState.UNDONE
    assert "s2 has gate, slots 1, with other entries than s1" in record.reason
    assert lab.placement() == {"s1": {0}, "s2": {1}}


def test_a_reload_keeps_all_that_the_nodes_held(bare):
    s2 = bare.node("s2")
    s2.running.registers["in.l2.seen"][2] = 77
    s2.running.counters["in.l2.ports"][1] = (5, 500)
    bare.move()
    running = s2.running
    assert running.program.name == "gated"
    assert running.registers["in.l2.seen"] == [0, 0, 77, 0]
    assert running.counters["in.l2.ports"][1] == (5, 500)
    assert entries_of(s2, "in.l2.dmac") == {"in.l2.forward"}
    assert entries_of(s2, "in.gate.zone") == {"in.gate.set_inside", "in.gate.set_outside"}
    assert entries_of(s2, "in.gate.acl") == {"in.gate.deny"}
    assert bare.program("s1").name == "plain"
    assert entries_of(bare.node("s1"), "in.l2.dmac") == {"in.l2.forward"}


def test_a_node_is_reloaded_once_per_move_and_never_while_it_enforces(bare):
    pushes = {name: node.pushes for name, node in bare.world.nodes.items()}
    bare.move()
    assert {n: node.pushes - pushes[n] for n, node in bare.world.nodes.items()} == {
        "s1": 1,
        "s2": 1,
    }


# What is refused


def test_what_cannot_be_done_is_refused_and_leaves_no_trace(lab):
    with pytest.raises(RequestError, match="these would do: s1, s2"):
        lab.manager.submit(replace(REQUEST, destination="s9"))
    assert lab.manager.migrations() == []


def test_a_node_that_does_not_answer_is_refused(lab):
    lab.node("s2").connected = False
    with pytest.raises(RequestError, match="node s2 does not answer"):
        lab.manager.submit(REQUEST)


def test_an_unknown_id_is_refused_with_those_that_there_are(lab):
    lab.move()
    with pytest.raises(RequestError, match="there is no migration 9; the latest are: 1"):
        lab.manager.get(9)


def test_a_second_move_of_the_same_slots_waits_for_the_first_to_end(lab):
    refused = []

    def submit(*_):
        try:
            lab.manager.submit(replace(REQUEST, slots=frozenset({1})))
        except ConflictError as exc:
            refused.append(str(exc))

    lab.world.fault = lab.during_step("copy", submit)
    assert lab.move().state is MigrationState.FINISHED
    assert "gate, slots 1, are being moved: migration 1" in refused[0]


def test_other_slots_move_at_the_same_time(lab):
    inner = []
    other = replace(REQUEST, slots=frozenset({1}))
    lab.world.fault = lab.during_step("copy", lambda *_: inner.append(lab.manager.submit(other)))
    record = lab.move(slots=frozenset({0}))
    assert record.state is MigrationState.FINISHED
    assert lab.manager.get(inner[0]).state is MigrationState.FINISHED
    assert lab.placement() == {"s2": ALL}


# Nodes and restarts


def test_a_node_that_has_nothing_to_do_with_a_move_is_not_asked_for_it():
    lab = Lab(random.Random(1), ("gated", "gated", "plain"), traffic=0)
    asked = set()
    lab.world.fault = lambda node, what: asked.add(node.name)
    assert lab.move().state is MigrationState.FINISHED
    assert asked == {"s1", "s2"}


def test_a_refusal_knows_what_all_nodes_do():
    lab = Lab(random.Random(1), ("gated", "gated", "gated"), traffic=0)
    lab.move("s1", "s3")
    with pytest.raises(RequestError, match="s1 enforces no slot of gate; enforced now: s3: 0-1"):
        lab.manager.plan(REQUEST)


def test_a_lost_node_is_told_with_the_moves_that_it_is_a_part_of(lab):
    told = []
    lab.world.fault = lab.during_step("copy", lambda *_: told.extend(lab.manager.node_lost("s1")))
    lab.move()
    assert [record.id for record in told] == [1]
    assert lab.manager.node_lost("s1") == []


def test_a_restarted_manager_disturbs_nothing(lab):
    lab.move()
    pushes = {name: node.pushes for name, node in lab.world.nodes.items()}
    writes = []
    lab.world.fault = lambda node, asked: writes.append(asked) if "write" in asked else None
    assert lab.restart() == []
    assert {name: node.pushes for name, node in lab.world.nodes.items()} == pushes
    assert writes == []
    assert lab.placement() == {"s2": ALL}


def test_a_stopped_manager_stops_before_the_next_step_and_another_one_undoes(lab):
    lab.world.fault = lab.during_step("copy", lambda *_: lab.manager.close(timeout_s=0))
    record = lab.move()
    assert record.state is MigrationState.RUNNING
    assert record.step_done("copy")
    (undone,) = lab.restart()
    assert undone.state is MigrationState.UNDONE
    assert "the source still enforces" in undone.reason
    assert lab.placement() == {"s1": ALL}


def test_a_move_that_was_never_begun_is_undone_by_the_next_manager(lab):
    spawned = []
    lab.manager._runner._spawn = lambda work, name: spawned.append(name)
    migration_id = lab.manager.submit(REQUEST)
    assert spawned == ["migration-1"]
    assert lab.manager.get(migration_id).state is MigrationState.PENDING
    (record,) = lab.restart()
    assert record.state is MigrationState.UNDONE
    assert record.reason == "the ME went down before anything was done"


def test_a_program_that_is_no_longer_described_blocks_with_the_reason(bare):
    bare.world.fault = bare.during_step("release", refuse)
    assert bare.move().state is MigrationState.FINISH_BLOCKED
    bare.world.fault = nothing
    bare.programs = {name: p for name, p in bare.programs.items() if name != "plain"}
    bare.network = replace(bare.network, nodes={
        name: replace(node, program="gated") for name, node in bare.network.nodes.items()
    })  # fmt: skip
    bare.restart()
    record = bare.manager.get(1)
    assert record.state is MigrationState.FINISH_BLOCKED
    assert "the program plain is not described any more" in record.reason


# The journal fails


def test_nothing_is_begun_that_is_not_on_disk(lab):
    put = lab.journal.put

    def fail(record, intent=None):
        if record.step_begun("enforce on"):
            raise JournalError("disk full")
        put(record, intent)

    lab.journal.put = fail
    migration_id = lab.manager.submit(REQUEST)
    with pytest.raises(JournalError, match="disk full"):
        lab.manager.wait(migration_id, 1)
    assert lab.placement() == {"s1": ALL}
    lab.journal.put = put
    (record,) = lab.manager.recover()
    assert record.state is MigrationState.UNDONE
    assert lab.manager.wait(migration_id, 1) == record


# Threads


def test_moves_run_on_threads_and_can_be_waited_for(lab):
    manager = threaded(lab)
    ids = [manager.submit(replace(REQUEST, slots=frozenset({slot}))) for slot in ALL]
    assert [manager.wait(i, 10).state for i in ids] == [MigrationState.FINISHED] * 2
    assert lab.placement() == {"s2": ALL}


def test_waiting_has_a_limit(lab):
    held = threading.Event()
    lab.world.fault = lab.during_step("copy", lambda *_: held.wait(10))
    manager = threaded(lab)
    migration_id = manager.submit(REQUEST)
    assert not manager.wait(migration_id, 0.05).state.ended
    held.set()
    assert manager.wait(migration_id, 10).state is MigrationState.FINISHED


def threaded(lab):
    """Return a manager that runs migrations on threads of their own."""
    lab.manager._runner._spawn = spawn_thread
    return lab.manager


def test_a_defect_in_a_step_undoes_it_and_is_told(lab):
    def fail(*_):
        raise ZeroDivisionError("a defect")

    lab.world.fault = lab.during_step("enforce on", fail)
    record = lab.move()
    assert record.state is MigrationState.UNDONE
    assert "internal error: ZeroDivisionError('a defect')" in record.reason
    assert lab.placement() == {"s1": ALL}


def test_a_defect_of_a_listener_does_not_stop_a_move(lab, caplog):
    def fail(_record):
        raise ZeroDivisionError("a defect")

    lab.on_migration = fail
    assert lab.move().state is MigrationState.FINISHED
    assert "met a defect" in caplog.text


def test_a_node_that_refuses_its_set_up_says_so(lab):
    lab.node("s1").power_off()
    lab.node("s1").power_on()
    lab.world.fault = refuse
    with pytest.raises(NodeError, match="not today"):
        lab.manager.node_back("s1")
    lab.world.fault = nothing
    assert str(lab.manager.node_back("s1")) == (
        "s1: program gated loaded; 6 entries written; groups 1 written; gate: slots 0-1 on"
    )
