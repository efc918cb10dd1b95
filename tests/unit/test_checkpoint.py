"""Checkpoints: read from one node, kept on disk, restored at another, with the node dead."""

import random
import time
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migration_lab import ALL, Lab

from controller.errors import JournalError
from controller.scaling.checkpoints import Checkpoints
from controller.southbound.driver import ClockReading
from controller.state.checkpoint import SlotCheckpoint, on_wall_clock, read_checkpoints
from controller.state.checkpoint_store import CheckpointStore
from controller.state.words import manifest_of


def lab():
    return Lab(random.Random(3), traffic=0)


def taken(up, store=None):
    """Take checkpoints of all that s1 enforces; return them by slot."""
    store = store or CheckpointStore(":memory:")
    taking = Checkpoints(
        up.manager,
        up.world.nodes,
        up.manager.hold,
        up.manager.placement,
        store,
        lambda: 1.0,
    )
    count = taking.take("s1")
    return taking, store, count


def leave(up):
    """Let s1 die, and come back with nothing to enforce, as packets of this line need it."""
    up.node("s1").power_off()
    up.node("s1").power_on()
    up.manager.node_back("s1")


@given(
    st.dictionaries(st.integers(0, 4095), st.integers(1, 2**63 - 1)),
    st.integers(0, 2**48),
)
def test_what_is_written_is_read(cells, node_us):
    made = SlotCheckpoint("fw", 3, "s1", ClockReading(node_us, 5, 7), {"a": cells}, {"a": "x"})
    assert SlotCheckpoint.from_bytes("fw", 3, made.to_bytes()) == made


def test_the_wall_clock_takes_the_place_of_the_monotonic_one():
    reading = on_wall_clock(ClockReading(1000, 50, 1), now_ns=60, wall_ns=1_000_000)
    assert reading.host_ns == 999_990
    assert reading.at(999_990 + 3_000_000) == 4000


def test_connections_go_on_at_the_node_that_takes_over():
    up = lab()
    _, store, count = taken(up)
    assert count == len(ALL)
    kept = {slot: store.get("gate", slot) for slot in ALL}
    up.node("s1").power_off()
    told = up.manager.takeover.take("gate", ALL, "s1", "s2", kept)
    assert told["restored"] == sum(len(c.cells["flows"]) for c in kept.values())
    assert told["copied"] is None
    leave(up)
    assert up.placement() == {"s2": ALL}
    up.world.probe()
    assert not up.world.lost
    assert not up.world.leaked


def test_without_a_checkpoint_nothing_gets_in_and_nothing_goes_on():
    up = lab()
    up.node("s1").power_off()
    up.manager.takeover.take("gate", ALL, "s1", "s2", {})
    leave(up)
    up.world.probe()
    assert up.world.lost
    assert not up.world.leaked


def test_a_node_that_still_answers_gives_what_it_has():
    up = lab()
    told = up.manager.takeover.take("gate", ALL, "s1", "s2", {})
    assert told["copied"] > 0
    assert up.placement() == {"s1": ALL, "s2": ALL}
    assert up.manager.takeover.give_up("gate", ALL, "s1", "s2") == ALL
    assert up.placement() == {"s2": ALL}
    up.world.probe()
    assert not up.world.lost
    assert not up.world.leaked


def test_taking_over_twice_changes_nothing():
    up = lab()
    _, store, _ = taken(up)
    kept = {slot: store.get("gate", slot) for slot in ALL}
    for _ in range(2):
        told = up.manager.takeover.take("gate", ALL, "s1", "s2", kept)
    assert (told["cleared"], told["restored"], told["copied"]) == (0, 0, 0)


def test_a_slot_whose_packets_are_counted_and_do_not_come_is_not_read_again():
    up = lab()
    taking, store, _ = taken(up)
    first = store.get("gate", 0)
    time.sleep(0.001)
    assert taking.take("s1") == 0
    assert store.get("gate", 0).clock.host_ns > first.clock.host_ns
    assert store.get("gate", 0).cells == first.cells


def test_a_slot_is_read_again_from_a_node_that_was_started_anew():
    up = lab()
    s1 = up.node("s1")
    taking, store, _ = taken(up)
    assert store.get("gate", 0).cells["flows"]
    s1.power_off()
    s1.power_on()
    s1.clock_offset_us -= 9_000_000
    up.manager.node_back("s1")
    assert taking.take("s1") == len(ALL)
    assert not store.get("gate", 0).cells["flows"]


def test_cells_that_mean_something_else_are_refused():
    up = lab()
    node = up.node("s1")
    manifest = manifest_of(node, "gate")
    clock = on_wall_clock(node.clock(), 0, 0)
    (made,) = read_checkpoints(node, manifest, [0], clock, lambda _: nullcontext())
    other = SlotCheckpoint("gate", 0, "s1", clock, made.cells, {"flows": "other"})
    told = up.manager.takeover.take("gate", frozenset({0}), "s9", "s2", {0: other})
    assert told["restored"] == 0


def test_checkpoints_survive_the_process(tmp_path):
    up = lab()
    store = CheckpointStore(tmp_path / "checkpoints.sqlite")
    taken(up, store)
    store.close()
    again = CheckpointStore(tmp_path / "checkpoints.sqlite")
    assert again.get("gate", 0) == store.get("gate", 0)
    assert again.get("gate", 0).cells["flows"]
    again.close()


def test_a_file_that_is_no_store_is_refused(tmp_path):
    path = tmp_path / "checkpoints.sqlite"
    path.write_text("nothing of the kind, and long enough to be looked at by sqlite" * 20)
    with pytest.raises(JournalError, match="remove the file"):
        CheckpointStore(path)
