"""The worker's programs: saved, swapped under traffic, refused and freed."""

import threading
import time
from pathlib import Path

import pytest

from switch.dataplane.errors import NoSavedProgram, RequestRefused
from switch.dataplane.messages import (
    Config,
    EntryName,
    Replica,
)
from switch.dataplane.programs import DISMANTLE_STEP
from switch.p4json.objects import ActionCall
from switch.p4json.source import ProgramError
from tests.switch.draft import call
from tests.switch.planes import FRAME, insert, program_of_two_ports

pytestmark = pytest.mark.system


def test_calls_about_the_saved_program_leave_the_running_one_alone(plane):
    plane.save(program_of_two_ports(mark=0x4444))
    plane.write_registers(Config.SAVED, "r", 0, [77])
    assert plane.read_registers(Config.RUNNING, "r", 0, 1) == [0]
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    plane.commit()
    assert plane.read_registers(Config.RUNNING, "r", 0, 1) == [77]
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive()[12:14] == b"\x44\x44"


def test_a_swap_drops_tables_and_arrays_but_keeps_groups(plane):
    plane.write_table(Config.RUNNING, [insert(2, ActionCall("nothing"))])
    plane.set_multicast_group(7, [Replica(2)])
    plane.save(program_of_two_ports())
    plane.commit()
    with pytest.raises(RequestRefused):
        plane.read_direct_counters(Config.RUNNING, [EntryName("t", (2,))])
    plane.write_table(Config.RUNNING, [insert(2, ActionCall("spread", (7,)))])
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME


def test_there_is_nothing_to_commit_twice(plane):
    with pytest.raises(NoSavedProgram):
        plane.commit()
    plane.save(program_of_two_ports())
    plane.discard_saved()
    with pytest.raises(NoSavedProgram):
        plane.commit()


def test_a_program_that_is_refused_changes_nothing_and_the_next_one_loads(plane):
    with pytest.raises(ProgramError, match="teleport"):
        plane.save(program_of_two_ports(call("teleport")))
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    plane.save(program_of_two_ports(mark=0x5555))
    plane.commit()
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive()[12:14] == b"\x55\x55"


def test_reloads_under_traffic_lose_double_and_reorder_nothing(plane):
    stop, sent, heard = threading.Event(), [], []

    def send() -> None:
        while not stop.is_set():
            frame = FRAME[:14] + len(sent).to_bytes(4, "big") + b"x" * 40
            sent.append(frame[14:])
            plane.wires[1].send(frame)
            time.sleep(0.0003)
            if len(sent) - len(heard) > 200:  # as many as any buffer takes
                heard.append(plane.wires[2].receive())

    sender = threading.Thread(target=send)
    sender.start()
    try:
        for round_number in range(1, 6):
            plane.save(program_of_two_ports(cells=20_000, mark=0x1000 + round_number))
            plane.commit()
    finally:
        stop.set()
        sender.join()
    sent.append(len(sent).to_bytes(4, "big"))
    plane.wires[1].send(FRAME[:14] + sent[-1])
    heard += [plane.wires[2].receive() for _ in sent[len(heard) :]]
    assert [frame[14:] for frame in heard] == sent
    kinds = [frame[12:14] for frame in heard]
    assert kinds == sorted(kinds, key=kinds.index), "an old program ran after a new one"
    assert kinds[-1] == b"\x10\x05"


def test_old_programs_leave_nothing_behind_in_the_worker(plane):
    def memory_kib() -> int:
        status = Path(f"/proc/{plane._worker.process_id}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    sizes, cells = [], 100_000
    for _ in range(12):
        plane.save(program_of_two_ports(cells=cells))
        plane.commit()
        for _ in range(cells // DISMANTLE_STEP + 10):  # it frees a piece behind each request
            plane.statistics()
        sizes.append(memory_kib())
    assert max(sizes[6:]) - max(sizes[:6]) < 2000


def test_registers_are_read_in_slices_while_packets_pass(plane):
    plane.save(program_of_two_ports(cells=65_536))
    plane.commit()
    plane.write_registers(Config.RUNNING, "r", 0, range(65_536))
    stop, values = threading.Event(), []

    def read() -> None:
        while not stop.is_set() or not values:
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
