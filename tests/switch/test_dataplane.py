"""The worker with real sockets: frames through veth pairs, what it tells, and its end."""

import os
import signal
import socket
import struct
from pathlib import Path

import pytest

from switch.dataplane.client import DataPlane
from switch.dataplane.errors import DataPlaneError, WorkerGone
from switch.dataplane.messages import (
    Config,
    EntryName,
    Replica,
)
from switch.dataplane.node import Node
from switch.p4json.objects import ActionCall
from tests.switch.draft import call, const, field, op
from tests.switch.planes import CPU_PORT, FRAME, insert, program_of_two_ports
from tests.switch.wires import Wire, add_pair, own_namespace, run, wait_until

pytestmark = pytest.mark.system


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
    plane.write_table(Config.RUNNING, [insert(2, ActionCall("to", (CPU_PORT,)))])
    plane.wires[1].send(FRAME)
    wait_until(lambda: heard.packets_in, "a packet-in")
    assert heard.packets_in == [FRAME]
    plane.inject(1, b"\0" * 5 + b"\x03" + FRAME[6:])
    assert plane.wires[2].receive() == b"\0" * 5 + b"\x03" + FRAME[6:]


def test_a_digest_is_heard(plane, heard):
    plane.write_table(Config.RUNNING, [insert(2, ActionCall("learn"))])
    plane.wires[1].send(FRAME)
    wait_until(lambda: heard.digests, "a digest")
    assert (heard.digests[0].name, heard.digests[0].values) == ("news", (1,))


def test_a_multicast_group_reaches_all_its_ports_and_can_be_deleted(plane):
    plane.set_multicast_group(7, [Replica(1), Replica(2, 5)])
    plane.write_table(Config.RUNNING, [insert(2, ActionCall("spread", (7,)))])
    plane.wires[1].send(FRAME)
    assert plane.wires[1].receive() == FRAME == plane.wires[2].receive()
    plane.delete_multicast_group(7)
    plane.wires[1].send(FRAME)
    wait_until(lambda: plane.statistics()["dropped.no_group"] == 1, "the drop is counted")


def test_an_idle_entry_is_reported_once_until_it_is_hit_again(plane, heard):
    plane.write_table(Config.RUNNING, [insert(2, ActionCall("to", (2,)), idle_ms=200)])
    name = EntryName("t", (2,), 0)
    wait_until(lambda: heard.idle == [name], "the entry is reported")
    assert plane.read_idle_times_ms(Config.RUNNING, [name])[0] >= 200
    plane.wires[1].send(FRAME)
    wait_until(lambda: len(heard.idle) == 2, "the entry is reported again after a hit")


def test_without_a_program_packets_are_dropped_and_counted(heard):
    with own_namespace():
        add_pair("s1d1", "s1h1")
        wire = Wire("s1h1")
        with DataPlane(1, {1: "s1d1"}, None, heard.listeners()) as plane:
            wire.send(FRAME)
            wait_until(lambda: plane.statistics()["dropped.no_program"] == 1, "the drop counted")
        wire.close()


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
    plane.save(program_of_two_ports(failing))
    plane.commit()
    bad = FRAME[:6] + (0xBAD).to_bytes(6, "big") + FRAME[12:]
    for frame in (FRAME, bad, bad, FRAME):
        plane.wires[1].send(frame)
    assert plane.wires[2].receive() == FRAME == plane.wires[2].receive()
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


def test_a_request_that_fails_leaves_the_next_ones_their_answers(plane):
    worker = plane._worker
    with pytest.raises(DataPlaneError, match="KeyError: 'nonsense'"):
        worker.ask_all([("clock_us",), ("nonsense",), ("clock_us",), ("statistics",)])
    assert plane.clock_us() > 0


def test_an_answer_that_is_late_is_not_taken_for_another(plane):
    plane.statistics()
    worker = plane._worker
    worker._requests._connection.settimeout(0.2)
    os.kill(worker.process_id, signal.SIGSTOP)
    with pytest.raises(WorkerGone, match="does not answer"):
        worker.ask_all([("statistics",), ("statistics",)])
    os.kill(worker.process_id, signal.SIGCONT)
    worker._requests._connection.settimeout(10.0)
    assert isinstance(plane.clock_us(), int)
