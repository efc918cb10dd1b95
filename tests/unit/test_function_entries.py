"""A function's own entries, written at run time: kept, and there before another node enforces."""

import random
import time

import pytest
from migration_lab import ALL, Lab, rule
from model_world import ProcessDied, at_action, kill_process, nothing

from controller.errors import MigrationError, RequestError
from controller.scaling.checkpoints import Checkpoints
from controller.state.checkpoint import on_wall_clock, read_checkpoints
from controller.state.checkpoint_store import CheckpointStore
from controller.state.entries import key_of
from controller.state.function_entries import FunctionEntries, read_function_entries
from controller.state.words import manifest_of

TABLES = ("in.gate.acl", "in.gate.timeout")


@pytest.fixture
def lab():
    made = Lab(random.Random(4), traffic=0)
    made.node("s1").write([rule(99)])
    return made


def rows(node):
    """Return the function's entries of a node in comparable form."""
    return {key_of(e): str(e.action) for e in node.table_entries(TABLES)}


def kept_of(lab, name="s1"):
    """Return what a checkpoint of a node has, on the lab's own clock: slots' states, entries."""
    node = lab.node(name)
    manifest = manifest_of(node, "gate")
    clock = on_wall_clock(node.clock(), lab.world.host_ns(), time.time_ns())
    found = read_checkpoints(node, manifest, ALL, clock, lab.manager.hold)
    return {c.slot: c for c in found}, read_function_entries(node, manifest)


def take_over(lab, kept, new="s2"):
    return lab.manager.takeover.take("gate", ALL, "s1", new, *kept)


def test_checkpoints_keep_them_for_the_next_process(lab, tmp_path):
    store = CheckpointStore(tmp_path / "checkpoints.sqlite")
    manager = lab.manager
    parts = (manager, lab.world.nodes, manager.hold, manager.placement, store, lambda: 1.0)
    Checkpoints(*parts).take("s1")
    store.close()
    again = CheckpointStore(tmp_path / "checkpoints.sqlite")
    found = again.entries("gate", "s1")
    assert {key_of(e): str(e.action) for e in found.entries} == rows(lab.node("s1"))
    assert len(found.entries) == 3
    assert again.entries("gate", "s2") is None
    again.close()


@pytest.mark.parametrize("data", [b"", b"nothing of the kind"])
def test_what_is_damaged_is_told(data):
    with pytest.raises(ValueError, match="while decompressing"):
        FunctionEntries.from_bytes("gate", "s1", data)


def test_a_dead_nodes_entries_are_there_before_its_slots_are_enforced(lab):
    kept, wanted = kept_of(lab), rows(lab.node("s1"))
    lab.node("s1").power_off()
    before_enforcing = []

    def note(node, asked):
        if asked == f"write {manifest_of(lab.node('s2'), 'gate').enforce}":
            before_enforcing.append(len(lab.node("s2").running.entries))

    lab.world.fault = note
    assert take_over(lab, kept)["entries"] == 1
    assert rows(lab.node("s2")) == wanted
    assert before_enforcing == [len(lab.node("s2").running.entries)]
    assert take_over(lab, kept)["entries"] == 0


def test_a_living_nodes_entries_are_those_that_it_has_now(lab):
    kept = kept_of(lab)
    lab.node("s1").write([rule(100)])
    take_over(lab, kept)
    assert rows(lab.node("s2")) == rows(lab.node("s1"))


def test_a_node_that_was_started_anew_has_lost_them_and_the_checkpoint_has_not(lab):
    kept, wanted = kept_of(lab), rows(lab.node("s1"))
    node = lab.node("s1")
    node.power_off()
    node.power_on()
    node.clock_offset_us -= 60_000_000
    lab.manager.node_back("s1")
    assert rows(node) != wanted
    take_over(lab, kept)
    assert rows(lab.node("s2")) == wanted


def test_a_node_that_goes_by_other_entries_for_other_slots_takes_nothing_over():
    lab = Lab(random.Random(4), traffic=0, slots=frozenset({0}))
    lab.node("s1").write([rule(99)])
    kept = kept_of(lab)
    lab.node("s1").power_off()
    with pytest.raises(MigrationError, match=r"s2 has gate, slots 1, with other entries than s1"):
        lab.manager.takeover.take("gate", frozenset({0}), "s1", "s2", *kept)
    assert lab.placement() == {"s2": {1}}


def test_a_node_without_the_function_is_reloaded_with_it_and_keeps_what_it_holds():
    lab = Lab(random.Random(4), ("gated", "plain"), traffic=0)
    lab.node("s1").write([rule(99)])
    before = {key_of(e): str(e.action) for e in lab.node("s2").table_entries()}
    kept, wanted = kept_of(lab), rows(lab.node("s1"))
    lab.node("s1").power_off()
    told = take_over(lab, kept)
    assert lab.program("s2").name == "gated"
    assert told["restored"] == sum(len(c.cells["flows"]) for c in kept[0].values())
    assert rows(lab.node("s2")) == wanted
    after = {key_of(e): str(e.action) for e in lab.node("s2").table_entries()}
    assert before.items() <= after.items()
    assert lab.placement() == {"s2": ALL}
    assert lab.manager.intended()["gate"] == dict.fromkeys(ALL, "s2")


def test_a_node_whose_content_could_not_be_carried_is_not_reloaded():
    lab = Lab(random.Random(4), ("gated", "metered"), traffic=0)
    with pytest.raises(RequestError, match="s2 cannot be reloaded with gated: the meter in"):
        take_over(lab, kept_of(lab))
    assert lab.program("s2").name == "metered"


def test_a_process_that_dies_at_any_point_of_a_take_over_takes_over_when_it_is_back():
    survived, number = False, 0
    while not survived:
        number += 1
        lab = Lab(random.Random(4), ("gated", "plain"), traffic=0)
        lab.node("s1").write([rule(99)])
        kept, wanted = kept_of(lab), rows(lab.node("s1"))
        lab.node("s1").power_off()
        lab.world.fault = at_action(number, kill_process)
        try:
            take_over(lab, kept)
            survived = True
        except ProcessDied:
            lab.world.fault = nothing
            lab.restart()
            take_over(lab, kept)
        lab.world.fault = nothing
        lab.node("s1").power_on()
        lab.manager.node_back("s1")
        assert lab.placement() == {"s2": ALL}, number
        assert rows(lab.node("s2")) == wanted, number
        lab.world.probe()
        assert not lab.world.lost, number
        assert not lab.world.leaked, number
    assert number > 40
