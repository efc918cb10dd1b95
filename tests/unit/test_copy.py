"""Copying ranges between nodes: which cells belong together, and when copying ends."""

import random

import pytest
from model_world import World
from p4info_samples import P4InfoBuilder, add_words, annotation

from controller.errors import MigrationError
from controller.state.manifest_reader import read_manifests
from controller.state.ranges import cell_ranges, clear, own_ranges
from controller.state.transfer import Transfer

ALL = frozenset(range(4))


def program(name, arrays, merge="max", **more):
    """Return a program with a function of 4 slots whose state, 4 cells a slot, lies in arrays.

    Args:
        name: Its name.
        arrays: First slot and number of slots of each array.
        merge: The merge rule.
        more: More of the annotation.
    """
    builder = add_words(P4InfoBuilder(), "nat")
    for first, slots in arrays:
        note = annotation(
            "hitless_state",
            function="nat",
            state="x",
            merge=merge,
            first_slot=first,
            slots=slots,
            **more,
        )
        builder.register(f"in.nat.x_{first}", 4 * slots, 16, note)
    return builder.program(name)


ONE = [(0, 4)]
EACH = [(slot, 1) for slot in range(4)]
HALVES = [(0, 2), (2, 2)]


def manifest(made):
    return read_manifests(made.schema, made.name)["nat"]


def nodes(source, destination):
    """Return two nodes that run these programs, and the copy of all slots between them."""
    world = World(["a", "b"], random.Random(1))
    world.busy = 0
    for node, made in zip(world.nodes.values(), (source, destination), strict=True):
        node.load(made)
    a, b = world.nodes.values()
    ranges = cell_ranges(manifest(source), manifest(destination), ALL)
    return a, b, Transfer(a, b, ranges, now_ns=world.host_ns)


def cells(node):
    """Return a node's cells in the order of slots."""
    registers = node.running.registers
    return [c for name in sorted(registers) if "x_" in name for c in registers[name]]


def fill(node, values):
    registers = node.running.registers
    left = list(values)
    for name in sorted(registers):
        if "x_" in name:
            registers[name][:] = [left.pop(0) for _ in registers[name]]


@pytest.mark.parametrize(
    ("source", "destination", "count"),
    [(ONE, ONE, 1), (EACH, EACH, 4), (ONE, EACH, 4), (EACH, ONE, 4), (ONE, HALVES, 2)],
)
def test_slots_that_lie_together_at_both_nodes_are_one_range(source, destination, count):
    ranges = cell_ranges(manifest(program("a", source)), manifest(program("b", destination)), ALL)
    assert len(ranges) == count
    assert sum(one.count for one in ranges) == 16


def test_only_the_asked_slots_are_in_the_ranges():
    ranges = cell_ranges(manifest(program("a", ONE)), manifest(program("b", HALVES)), {1, 2})
    assert [(r.source_first, r.destination_first, r.count) for r in ranges] == [
        (4, 4, 4),
        (8, 0, 4),
    ]


@pytest.mark.parametrize("source", [ONE, EACH, HALVES])
@pytest.mark.parametrize("destination", [ONE, EACH, HALVES])
def test_state_arrives_whatever_the_arrays_are(source, destination):
    a, b, transfer = nodes(program("a", source), program("b", destination))
    fill(a, range(100, 116))
    report = transfer.once()
    assert cells(b) == list(range(100, 116))
    assert (report.cells, report.written) == (16, 16)


@pytest.mark.parametrize(
    ("merge", "expected"),
    [("or", [7, 5, 2, 0]), ("max", [6, 5, 2, 0]), ("sum", [6, 5, 2, 0]), ("replace", [6, 5, 0, 0])],
)
def test_each_rule_merges_what_is_there_already(merge, expected):
    a, b, transfer = nodes(program("a", ONE, merge), program("b", ONE, merge))
    fill(a, [6, 5, 0, 0] * 4)
    fill(b, [3, 0, 2, 0] * 4)
    transfer.until_settled(lambda: None, 5, lambda: None)
    assert cells(b) == expected * 4


def test_a_range_is_looked_at_again_only_if_something_was_written():
    a, _, transfer = nodes(program("a", EACH), program("b", EACH))
    fill(a, [9] + [0] * 15)
    report = transfer.until_settled(lambda: None, 5, lambda: None)
    assert (report.rounds, report.read, report.written) == (2, 16 + 4, 1)


def growing(node):
    """Make a node's first cell grow at each look."""

    def grow(one, asked):
        if one is node and asked.startswith("read"):
            node.running.registers["in.nat.x_0"][0] += 1

    node.world.fault = grow


def test_state_that_changes_faster_than_it_can_be_copied_is_told():
    a, _, transfer = nodes(program("a", ONE), program("b", ONE))
    growing(a)
    with pytest.raises(MigrationError, match="1 cells still differ after 4 rounds"):
        transfer.until_settled(lambda: None, 4, lambda: None)


@pytest.mark.parametrize("merge", ["sum", "replace"])
def test_rules_that_never_settle_are_not_waited_for(merge):
    a, _, transfer = nodes(program("a", ONE, merge), program("b", ONE, merge))
    growing(a)
    assert transfer.until_settled(lambda: None, 9, lambda: None).rounds == 2


def test_every_round_begins_with_a_flush():
    a, _, transfer = nodes(program("a", ONE), program("b", ONE))
    order = []
    fill(a, [1] * 16)
    a.world.fault = lambda node, asked: order.append(asked.split()[0])
    transfer.until_settled(lambda: order.append("flush"), 5, lambda: order.append("check"))
    assert order[0] == "flush"
    assert order.count("flush") == order.count("check") == 2


def test_what_is_checked_between_rounds_ends_the_copy():
    _, _, transfer = nodes(program("a", ONE), program("b", ONE))

    def refuse():
        raise MigrationError("a node restarted")

    with pytest.raises(MigrationError, match="a node restarted"):
        transfer.until_settled(lambda: None, 5, refuse)


@pytest.mark.parametrize("count", [0, 1, 15, 16])
def test_clearing_leaves_nothing_and_touches_only_its_slots(count):
    made = program("a", HALVES)
    a, _, _ = nodes(made, made)
    fill(a, [7] * count + [0] * (16 - count))
    cleared = clear(a, own_ranges(manifest(made), {0, 1}))
    assert cleared == min(count, 8)
    assert cells(a) == [0] * 8 + ([7] * count + [0] * 16)[8:16]
