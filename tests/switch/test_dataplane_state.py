"""The worker's tables, arrays and clock, written and read while it runs."""

import struct
import time

import pytest

from switch.dataplane.errors import RequestRefused
from switch.dataplane.messages import (
    Config,
    CounterCell,
    DefaultOp,
    EntryChanges,
    EntryName,
    OpKind,
)
from switch.p4json.objects import ActionCall
from tests.switch.planes import CPU_PORT, FRAME, insert, program_of_two_ports
from tests.switch.wires import wait_until

pytestmark = pytest.mark.system


def test_table_writes_stop_at_the_first_that_is_refused(plane):
    ops = [insert(n, ActionCall("to", (2,))) for n in range(40)]
    with pytest.raises(RequestRefused, match="already") as caught:
        later = [insert(n, ActionCall("nothing")) for n in range(99, 900)]
        plane.write_table(Config.RUNNING, [*ops, ops[3], *later])
    assert caught.value.index == 40
    names = [EntryName("t", (n,)) for n in range(40)]
    assert plane.read_direct_counters(Config.RUNNING, names) == [CounterCell()] * 40
    with pytest.raises(RequestRefused, match="no such entry"):
        plane.read_direct_counters(Config.RUNNING, [EntryName("t", (99,))])
    with pytest.raises(RequestRefused, match="no such entry"):
        plane.read_direct_counters(Config.RUNNING, [EntryName("t", (300,))])
    default = EntryName("t", None)
    plane.write_direct_counters(Config.RUNNING, [(default, CounterCell(3, 4))])
    assert plane.read_direct_counters(Config.RUNNING, [default]) == [CounterCell(3, 4)]
    plane.write_table(Config.RUNNING, later)
    names = [EntryName("t", (n,)) for n in range(99, 900)]
    assert plane.read_direct_counters(Config.RUNNING, names) == [CounterCell()] * 801


def test_entries_changed_alike_stop_at_the_first_that_is_refused(plane):
    def change(kind, numbers, port=2):
        action, args = (None, []) if kind is OpKind.DELETE else ("to", [[port] * len(numbers)])
        zeros = [0] * len(numbers)
        done = []
        changes = EntryChanges(
            kind, "t", [list(numbers)], zeros, action, args, lambda: done.append(1)
        )
        try:
            plane.change_entries(Config.RUNNING, changes)
        except RequestRefused as refusal:
            return refusal.index, str(refusal)
        assert done == [1]
        return None

    number = int.from_bytes(FRAME[:6])
    assert change(OpKind.INSERT, range(number + 300, number + 900)) is None
    assert change(OpKind.INSERT, range(number, number + 400)) == (
        300,
        "table t has that entry already",
    )
    assert change(OpKind.MODIFY, range(number, number + 900), 1) is None
    plane.wires[1].send(FRAME)
    assert plane.wires[1].receive() == FRAME
    all_but_one = [number + n for n in range(900) if n != 200]
    assert change(OpKind.DELETE, [*all_but_one, number + 900, number + 200]) == (
        899,
        "table t has no such entry",
    )
    assert change(OpKind.MODIFY, [number + 200, number]) == (1, "table t has no such entry")


@pytest.mark.parametrize(
    "action, complaint",
    [
        (ActionCall("fly"), "no action fly"),
        (ActionCall("to"), "takes 1 arguments, not 0"),
        (ActionCall("to", (512,)), "does not fit the 9 bits"),
    ],
)
def test_an_action_that_does_not_fit_is_refused(plane, action, complaint):
    with pytest.raises(RequestRefused, match=complaint):
        plane.write_table(Config.RUNNING, [insert(1, action)])


def test_what_is_written_is_read_back(plane):
    running = Config.RUNNING
    plane.write_registers(running, "r", 10, [1, 2, (1 << 40) + 3])
    plane.fill_registers(running, "r", 20, 4, 9)
    assert plane.read_registers(running, "r", 9, 5) == [0, 1, 2, 3, 0]
    plane.write_register_cells(running, "r", [40, 2, 40, 7], [1, 2, (1 << 40) + 3, 4])
    assert plane.read_registers(running, "r", 40, 1) == [3]
    assert plane.read_registers(running, "r", 2, 6) == [2, 0, 0, 0, 0, 4]
    plane.write_register_cells(running, "r", [2, 3, 7], [0, 0, 0])
    assert plane.read_registers(running, "r", 19, 6) == [0, 9, 9, 9, 9, 0]
    plane.write_counters(running, "c", 2, [CounterCell(5, 500)])
    plane.wires[1].send(FRAME)
    plane.wires[2].receive()
    counted = plane.read_counters(running, "c", 0, 4)
    assert counted == [
        CounterCell(),
        CounterCell(1, len(FRAME)),
        CounterCell(5, 500),
        CounterCell(),
    ]


def test_values_too_large_for_one_message_arrive_whole(plane):
    plane.save(program_of_two_ports(cells=1000, width=2048))
    plane.commit()
    values = [(1 << 2047) + index for index in range(1000)]
    plane.write_registers(Config.RUNNING, "r", 0, values)
    assert plane.read_registers(Config.RUNNING, "r", 0, 1000) == values


def test_packed_cells_are_64_bits_each_and_larger_values_the_largest(plane):
    plane.save(program_of_two_ports(cells=5000, width=64))
    plane.commit()
    largest = (1 << 63) - 1
    plane.write_registers(Config.RUNNING, "r", 1022, [5, largest, largest + 1, (1 << 64) - 1])
    packed = plane.read_packed_registers(Config.RUNNING, "r", 0, 5000)
    cells = [0] * 1022 + [5, largest, largest, largest] + [0] * 3974
    assert struct.unpack(">5000q", packed) == tuple(cells)
    with pytest.raises(RequestRefused, match="5000 cells"):
        plane.read_packed_registers(Config.RUNNING, "r", 1, 5000)


@pytest.mark.parametrize("first, count", [(60, 5), (-1, 2), (64, 1)])
def test_cells_that_do_not_exist_are_refused(plane, first, count):
    with pytest.raises(RequestRefused, match="64 cells"):
        plane.read_registers(Config.RUNNING, "r", first, count)


def test_a_default_action_is_set_and_taken_back(plane, heard):
    plane.write_table(Config.RUNNING, [DefaultOp("t", ActionCall("to", (CPU_PORT,)))])
    plane.wires[1].send(FRAME)
    wait_until(lambda: heard.packets_in, "a packet-in by the default action")
    plane.write_table(Config.RUNNING, [DefaultOp("t", None)])
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME


def test_the_clock_counts_microseconds_since_the_start(plane):
    started, before = time.monotonic(), plane.clock_us()
    time.sleep(0.05)
    passed = plane.clock_us() - before
    assert 50_000 <= passed <= (time.monotonic() - started) * 1e6 + 1
