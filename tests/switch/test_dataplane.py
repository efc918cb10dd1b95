"""The worker with real sockets: frames through veth pairs, and all that happens to interfaces."""

import os
import signal
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from switch.dataplane.client import DataPlane
from switch.dataplane.errors import NoSavedProgram, PortError, RequestRefused, WorkerGone
from switch.dataplane.messages import (
    Config,
    CounterCell,
    DefaultOp,
    EntryChanges,
    EntryName,
    Listeners,
    OpKind,
    Replica,
    TableOp,
)
from switch.dataplane.node import Node
from switch.p4json.objects import ActionCall
from switch.p4json.source import ProgramError
from tests.switch.draft import Draft, assign, call, const, extract, field, forward, named, op, param
from tests.switch.wires import (
    Wire,
    add_pair,
    own_namespace,
    run,
    slow_down,
    wait_until,
)

pytestmark = pytest.mark.system

CPU_PORT = 510
FRAME = bytes.fromhex("000000000002 000000000001 1234") + b"payload of some length"


class Heard:
    """What the data plane told its listeners."""

    def __init__(self) -> None:
        self.packets_in: list[bytes] = []
        self.digests: list = []
        self.idle: list = []
        self.status: list[tuple[int, bool]] = []
        self.exits: list[str] = []

    def listeners(self) -> Listeners:
        return Listeners(
            self.packets_in.append,
            self.digests.append,
            self.idle.append,
            lambda *change: self.status.append(change),
            self.exits.append,
        )


def _program(*before, cells: int = 64, width: int = 32, mark: int = 0):
    """Sends port 1 to 2 and back, others by a table; counts; keeps registers of `cells` cells."""
    draft = Draft([["m", 32]])
    draft.add_header("ethernet", [["dst", 48], ["src", 48], ["type", 16]])
    draft.add_state("start", [extract("ethernet")])
    draft.deparse("ethernet")
    draft.add_register("r", cells, width)
    draft.add_counter("c", 4)
    draft.add_list("learn_lists", 1, "news", field("ethernet", "src"))
    port = field("standard_metadata", "ingress_port")
    draft.do(
        *before,
        call("count", named("counter_array", "c"), const(1)),
        forward(op("-", const(3), port)),
        *([assign("ethernet", "type", const(mark))] if mark else []),
    )
    draft.add_action("to", [forward(param(0))], [("port", 9)])
    nothing = draft.add_action("nothing", [])
    draft.add_action("learn", [call("generate_digest", const(0), const(1))])
    draft.add_action("spread", [assign("standard_metadata", "mcast_grp", param(0))], [("g", 16)])
    draft.add_table(
        "t",
        [("exact", field("ethernet", "dst"))],
        dict.fromkeys(["to", "nothing", "learn", "spread"]),
        with_counters=True,
        support_timeout=True,
        default_entry={
            "action_id": nothing,
            "action_const": False,
            "action_data": [],
            "action_entry_const": False,
        },
    )
    return draft.load()


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def plane(heard):
    """A data plane with a program and two ports, and the wires at their other ends."""
    with own_namespace():
        for port in (1, 2):
            add_pair(f"s1d{port}", f"s1h{port}")
        wires = {port: Wire(f"s1h{port}") for port in (1, 2)}
        with DataPlane(1, {1: "s1d1", 2: "s1d2"}, CPU_PORT, heard.listeners()) as started:
            started.save(_program())
            started.commit()
            started.wires = wires
            yield started
        for wire in wires.values():
            wire.close()


def _insert(destination: int, action: ActionCall, idle_ms: int = 0) -> TableOp:
    return TableOp(OpKind.INSERT, "t", (destination,), 0, action, idle_ms)


def test_frames_of_every_length_pass_in_both_directions(plane):
    for length in (*range(14, 70), 1000, 1514):
        frame = FRAME[:14] + os.urandom(length - 14)
        plane.wires[1].send(frame)
        assert plane.wires[2].receive() == frame
        plane.wires[2].send(frame)
        assert plane.wires[1].receive() == frame


def test_a_burst_keeps_its_order(plane):
    frames = [FRAME[:14] + index.to_bytes(4, "big") for index in range(500)]
    for frame in frames:
        plane.wires[1].send(frame)
    assert [plane.wires[2].receive() for _ in frames] == frames


def test_vlan_tags_stay(plane):
    tagged = FRAME[:12] + bytes.fromhex("8100 2064 88a8 0001 0800") + b"inner"
    plane.wires[1].send(tagged)
    assert plane.wires[2].receive_with_tag() == tagged


def test_the_checksum_that_a_host_left_to_its_interface_is_filled_in(plane):
    run("ip", "addr", "add", "10.9.0.1/24", "dev", "s1h1")
    run("ip", "neigh", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "s1h1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("10.9.0.1", 4000))
        sender.sendto(b"odd length", ("10.9.0.2", 5000))
    frame = _first_udp(plane.wires[2])
    ip, segment = frame[14:34], frame[34:]
    pseudo = ip[12:20] + struct.pack(">HH", 17, len(segment))
    words = pseudo + segment + b"\0" * (len(segment) % 2)
    total = sum(struct.unpack(f">{len(words) // 2}H", words))
    assert total % 0xFFFF == 0, "the one's complement sum is not all ones"
    assert frame.endswith(b"odd length")


def _first_udp(wire: Wire) -> bytes:
    while True:
        frame = wire.receive()
        if frame[12:14] == b"\x08\0" and frame[23] == 17:
            return frame


def test_packets_in_and_out_go_by_the_cpu_port(plane, heard):
    plane.write_table(Config.RUNNING, [_insert(2, ActionCall("to", (CPU_PORT,)))])
    plane.wires[1].send(FRAME)
    wait_until(lambda: heard.packets_in, "a packet-in")
    assert heard.packets_in == [FRAME]
    plane.inject(1, b"\0" * 5 + b"\x03" + FRAME[6:])
    assert plane.wires[2].receive() == b"\0" * 5 + b"\x03" + FRAME[6:]


def test_a_digest_is_heard(plane, heard):
    plane.write_table(Config.RUNNING, [_insert(2, ActionCall("learn"))])
    plane.wires[1].send(FRAME)
    wait_until(lambda: heard.digests, "a digest")
    assert (heard.digests[0].name, heard.digests[0].values) == ("news", (1,))


def test_a_multicast_group_reaches_all_its_ports_and_can_be_deleted(plane):
    plane.set_multicast_group(7, [Replica(1), Replica(2, 5)])
    plane.write_table(Config.RUNNING, [_insert(2, ActionCall("spread", (7,)))])
    plane.wires[1].send(FRAME)
    assert plane.wires[1].receive() == FRAME == plane.wires[2].receive()
    plane.delete_multicast_group(7)
    plane.wires[1].send(FRAME)
    wait_until(lambda: plane.statistics()["dropped.no_group"] == 1, "the drop is counted")


def test_an_idle_entry_is_reported_once_until_it_is_hit_again(plane, heard):
    plane.write_table(Config.RUNNING, [_insert(2, ActionCall("to", (2,)), idle_ms=200)])
    name = EntryName("t", (2,), 0)
    wait_until(lambda: heard.idle == [name], "the entry is reported")
    assert plane.read_idle_times_ms(Config.RUNNING, [name])[0] >= 200
    plane.wires[1].send(FRAME)
    wait_until(lambda: len(heard.idle) == 2, "the entry is reported again after a hit")


def test_table_writes_stop_at_the_first_that_is_refused(plane):
    ops = [_insert(n, ActionCall("to", (2,))) for n in range(40)]
    with pytest.raises(RequestRefused, match="already") as caught:
        later = [_insert(n, ActionCall("nothing")) for n in range(99, 900)]
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
        plane.write_table(Config.RUNNING, [_insert(1, action)])


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
    plane.save(_program(cells=1000, width=2048))
    plane.commit()
    values = [(1 << 2047) + index for index in range(1000)]
    plane.write_registers(Config.RUNNING, "r", 0, values)
    assert plane.read_registers(Config.RUNNING, "r", 0, 1000) == values


def test_packed_cells_are_64_bits_each_and_larger_values_the_largest(plane):
    plane.save(_program(cells=5000, width=64))
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


# -- programs -----------------------------------------------------------------------------------


def test_calls_about_the_saved_program_leave_the_running_one_alone(plane):
    plane.save(_program(mark=0x4444))
    plane.write_registers(Config.SAVED, "r", 0, [77])
    assert plane.read_registers(Config.RUNNING, "r", 0, 1) == [0]
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    plane.commit()
    assert plane.read_registers(Config.RUNNING, "r", 0, 1) == [77]
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive()[12:14] == b"\x44\x44"


def test_a_swap_drops_tables_and_arrays_but_keeps_groups(plane):
    plane.write_table(Config.RUNNING, [_insert(2, ActionCall("nothing"))])
    plane.set_multicast_group(7, [Replica(2)])
    plane.save(_program())
    plane.commit()
    with pytest.raises(RequestRefused):
        plane.read_direct_counters(Config.RUNNING, [EntryName("t", (2,))])
    plane.write_table(Config.RUNNING, [_insert(2, ActionCall("spread", (7,)))])
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME


def test_there_is_nothing_to_commit_twice(plane):
    with pytest.raises(NoSavedProgram):
        plane.commit()
    plane.save(_program())
    plane.discard_saved()
    with pytest.raises(NoSavedProgram):
        plane.commit()


def test_a_program_that_is_refused_changes_nothing_and_the_next_one_loads(plane):
    with pytest.raises(ProgramError, match="teleport"):
        plane.save(_program(call("teleport")))
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    plane.save(_program(mark=0x5555))
    plane.commit()
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive()[12:14] == b"\x55\x55"


def test_reloads_under_traffic_lose_double_and_reorder_nothing(plane):
    stop, sent = threading.Event(), []

    def send() -> None:
        while not stop.is_set():
            frame = FRAME[:14] + len(sent).to_bytes(4, "big") + b"x" * 40
            sent.append(frame[14:])
            plane.wires[1].send(frame)
            time.sleep(0.0003)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for round_number in range(1, 6):
            plane.save(_program(cells=20_000, mark=0x1000 + round_number))
            plane.commit()
    finally:
        stop.set()
        sender.join()
    sent.append(len(sent).to_bytes(4, "big"))
    plane.wires[1].send(FRAME[:14] + sent[-1])
    heard = [plane.wires[2].receive() for _ in sent]
    assert [frame[14:] for frame in heard] == sent
    kinds = [frame[12:14] for frame in heard]
    assert kinds == sorted(kinds, key=kinds.index), "an old program ran after a new one"
    assert kinds[-1] == b"\x10\x05"


def test_old_programs_leave_nothing_behind_in_the_worker(plane):
    def memory_kib() -> int:
        status = Path(f"/proc/{plane._worker.process_id}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    sizes = []
    for _ in range(12):
        plane.save(_program(cells=100_000))
        plane.commit()
        time.sleep(0.05)
        sizes.append(memory_kib())
    assert max(sizes[6:]) - max(sizes[:6]) < 2000


def test_registers_are_read_in_slices_while_packets_pass(plane):
    plane.save(_program(cells=65_536))
    plane.commit()
    plane.write_registers(Config.RUNNING, "r", 0, range(65_536))
    stop, values = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            values.append(plane.read_registers(Config.RUNNING, "r", 0, 65_536))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for index in range(1500):
            frame = FRAME[:14] + index.to_bytes(4, "big")
            plane.wires[1].send(frame)
            assert plane.wires[2].receive() == frame
    finally:
        stop.set()
        reader.join()
    assert values and all(found == list(range(65_536)) for found in values)


# -- things that go wrong -----------------------------------------------------------------------


def test_an_interface_that_does_not_exist_is_named(heard):
    with own_namespace():
        add_pair("s1d1", "s1h1")
        with pytest.raises(PortError, match="port 2: cannot open interface 's1nowhere'"):
            DataPlane(1, {1: "s1d1", 2: "s1nowhere"}, None, heard.listeners()).start()
    assert heard.exits == []


def test_without_a_program_packets_are_dropped_and_counted(heard):
    with own_namespace():
        add_pair("s1d1", "s1h1")
        wire = Wire("s1h1")
        with DataPlane(1, {1: "s1d1"}, None, heard.listeners()) as plane:
            wire.send(FRAME)
            wait_until(lambda: plane.statistics()["dropped.no_program"] == 1, "the drop counted")
        wire.close()


def test_an_interface_may_go_down_and_come_up_again(plane, heard):
    run("ip", "link", "set", "s1d2", "down")
    wait_until(lambda: heard.status[-1] == (2, False), "port 2 is reported down")
    assert plane.ports() == {1: True, 2: False}
    plane.wires[1].send(FRAME)
    wait_until(lambda: plane.statistics()["dropped.send_failed"] == 1, "the drop is counted")
    run("ip", "link", "set", "s1d2", "up")
    wait_until(lambda: heard.status[-1] == (2, True), "port 2 is reported up")
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    plane.wires[2].send(FRAME)
    assert plane.wires[1].receive() == FRAME


def test_an_interface_may_disappear_and_come_back(plane, heard):
    run("ip", "link", "del", "s1d2")
    wait_until(lambda: heard.status[-1] == (2, False), "port 2 is reported down")
    plane.wires[1].send(FRAME)
    wait_until(lambda: plane.statistics()["dropped.send_failed"] == 1, "the drop is counted")
    add_pair("s1d2", "s1h2")
    wait_until(lambda: heard.status[-1] == (2, True), "port 2 is reported up")
    wire = Wire("s1h2")
    plane.wires[1].send(FRAME)
    assert wire.receive() == FRAME
    wire.send(FRAME)
    assert plane.wires[1].receive() == FRAME
    wire.close()
    counts = plane.statistics()  # none is forgotten with the sockets of the former interface
    assert (counts["received"], counts["sent"], counts["dropped.send_failed"]) == (3, 2, 1)


def test_backup_ports_stand_in_while_a_port_is_down(plane, heard):
    plane.set_multicast_group(5, [Replica(2, 0, ((1, 7),))])
    spread = ActionCall("spread", (5,))
    plane.write_table(Config.RUNNING, [_insert(2, spread)])
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    run("ip", "link", "set", "s1d2", "down")
    wait_until(lambda: heard.status[-1] == (2, False), "port 2 is reported down")
    plane.wires[1].send(FRAME)
    assert plane.wires[1].receive() == FRAME
    run("ip", "link", "set", "s1d2", "up")
    wait_until(lambda: heard.status[-1] == (2, True), "port 2 is reported up")
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME


def test_digests_that_nobody_takes_are_counted_and_hold_up_no_packet():
    class Deaf:
        def try_send(self, message):
            return False

    node = Node(0, None, Deaf())
    node.surroundings().digest("news", (1,))
    node.surroundings().log("text", ())
    assert node.statistics()["dropped.notice_lost"] == 2


def test_a_packet_on_which_the_program_fails_is_dropped_and_the_next_ones_pass(plane, caplog):
    failing = call("assert", op("!=", field("ethernet", "src"), const(0xBAD)))
    plane.save(_program(failing))
    plane.commit()
    bad = FRAME[:6] + (0xBAD).to_bytes(6, "big") + FRAME[12:]
    for frame in (FRAME, bad, bad, FRAME):
        plane.wires[1].send(frame)
    assert plane.wires[2].receive() == FRAME == plane.wires[2].receive()
    assert plane.wires[2].is_silent()
    assert plane.statistics()["dropped.program_error"] == 2
    wait_until(lambda: "assert() in action" in caplog.text, "the log says where")


def test_the_death_of_the_worker_is_reported_and_calls_fail_at_once(plane, heard):
    os.kill(plane._worker.process_id, signal.SIGKILL)
    wait_until(lambda: heard.exits, "the exit is reported")
    assert "signal 9" in heard.exits[0]
    with pytest.raises(WorkerGone, match="not running any more"):
        plane.statistics()


def test_the_worker_does_not_outlive_the_control_process(plane):
    process = plane._worker.process_id
    plane.stop()
    assert not Path(f"/proc/{process}").exists()
    with pytest.raises(WorkerGone, match="not started, or was stopped"):
        plane.clock_us()
    plane.stop()


def test_packets_in_a_queue_finish_in_the_program_that_they_began_in(plane):
    plane.set_queue_rate(10, 2)
    for index in range(4):
        plane.wires[1].send(FRAME + bytes([index]))
    assert plane.wires[2].receive() == FRAME + b"\0"
    plane.save(_program(mark=0x5555))
    plane.commit()
    plane.wires[1].send(FRAME + b"\4")
    types = [(frame[12:14], frame[-1]) for frame in (plane.wires[2].receive() for _ in range(4))]
    assert types == [*[(FRAME[12:14], index) for index in (1, 2, 3)], (b"\x55\x55", 4)]


def test_a_burst_through_a_queue_whose_rate_allows_it_loses_nothing(plane):
    plane.set_queue_rate(1_000_000, 2)
    frames = [FRAME[:14] + index.to_bytes(4, "big") for index in range(500)]
    for frame in frames:
        plane.wires[1].send(frame)
    assert [plane.wires[2].receive() for _ in frames] == frames


def test_a_rate_at_one_port_leaves_the_others_alone(plane):
    plane.set_queue_rate(1, 2)
    for _ in range(2):
        plane.wires[1].send(FRAME)
    for _ in range(50):
        plane.wires[2].send(FRAME)
        plane.wires[1].receive()
    assert plane.statistics()["sent"] == 51, "the second frame waits for its second to be over"
    assert [plane.wires[2].receive() for _ in range(2)] == [FRAME] * 2


def test_a_link_slower_than_what_is_sent_fills_the_queue_of_its_port_and_no_other(plane):
    """The kernel's own buffer for the socket fills first."""
    slow_down("s1d2", mbit_per_s=2)
    frames = [FRAME[:14] + index.to_bytes(2, "big") + bytes(1400) for index in range(400)]
    for frame in frames:
        plane.wires[1].send(frame)
        time.sleep(0.0005)
    plane.wires[2].send(FRAME)
    assert plane.wires[1].receive() == FRAME
    received = plane.wires[2].drain(0.5)
    counts = plane.statistics()
    assert counts["dropped.queue_full"] > 100
    assert counts["dropped.send_failed"] == 0
    assert len(received) + counts["dropped.queue_full"] == len(frames)
    order = [int.from_bytes(frame[14:16], "big") for frame in received]
    assert order == sorted(order)


@pytest.mark.parametrize("vanishes", [False, True])
def test_frames_that_wait_for_a_slow_link_are_lost_with_it_and_others_pass_later(
    plane, heard, vanishes
):
    slow_down("s1d2", mbit_per_s=1)
    for _ in range(200):
        plane.wires[1].send(FRAME + bytes(1400))
        time.sleep(0.0002)
    wait_until(lambda: plane.statistics()["dropped.queue_full"] > 0, "the queue is full")
    if vanishes:
        run("ip", "link", "del", "s1d2")
        plane.wires.pop(2).close()
        add_pair("s1d2", "s1h2")
        plane.wires[2] = Wire("s1h2")
    else:
        run("ip", "link", "set", "s1d2", "down")
        run("tc", "qdisc", "del", "dev", "s1d2", "root")
        run("ip", "link", "set", "s1d2", "up")
        plane.wires[2].drain(0.1)
    wait_until(lambda: (2, False) in heard.status, "port 2 is reported down")
    wait_until(lambda: heard.status[-1] == (2, True), "port 2 is reported up")
    plane.wires[1].send(FRAME)
    while (frame := plane.wires[2].receive()) != FRAME:
        assert len(frame) > 1400
    counts = plane.statistics()
    lost = counts["dropped.queue_full"] + counts["dropped.send_failed"]
    assert counts["sent"] + lost == 201
