"""Egress queues on the embedded switch and on BMv2, set by BMv2's own command line.

Both run a program (`queues.p4` of the conformance corpus) that sends a frame to the port and with
the priority that it asks for, and writes behind that how its queue was.

How fast a switch is decides nothing. What must have left is waited for; what must wait is known
to have been taken in before it might leave, or is sent once more; times are checked in the one
direction that no load can turn.
"""

import itertools
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from tests.conformance.corpus_files import BUILD
from tests.switch.bmv2 import SimpleSwitch, command_line
from tests.switch.wires import Wire, add_pair, own_namespace, slow_down

pytestmark = [pytest.mark.system, pytest.mark.bmv2]

JSON, P4INFO = BUILD / "queues.json", BUILD / "queues.p4info.txtpb"
OUR_THRIFT_PORT = 9791
ETHERNET = bytes.fromhex("020000000001 020000000002 88b5")
RATE_PPS = 4
INTERVAL_US = 1_000_000 // RATE_PPS
ATTEMPTS = 60
LIMIT_S = 100
BURST = 20
"""Frames that fit BMv2's receive ring at once."""
LAST = 0xFFFF
"""The number of a frame behind which there is none."""


class Told(NamedTuple):
    """A frame that left, and how it was in its queue."""

    number: int
    enq_qdepth: int
    deq_qdepth: int
    deq_timedelta: int
    """Microseconds."""
    received_us: float
    """On the test's clock."""


class Port:
    """Port 2 of a switch as it is seen from outside; frames go in at port 1."""

    def __init__(self, letter: str) -> None:
        self.interface = f"s1{letter}2"
        self.wires = {port: Wire(f"s1{letter}h{port}") for port in (1, 2)}

    def send(self, *priorities: int, first: int = 0) -> None:
        """Send frames with these priorities, numbered on; returns when the switch has them.

        Then one back to port 1, which has no queue to wait in, has overtaken them.
        """
        for number, priority in enumerate(priorities, first):
            self._send(2, priority, number)
        self._send(1, 0, LAST)
        self.wires[1].receive()

    def send_in_time(self, *priorities: int) -> tuple[Told, float]:
        """Send a frame and, when it has left, the others, before another one may leave.

        Returns the first and when it was sent. If the machine was too slow, all leave, and it
        begins again.
        """
        for _ in range(ATTEMPTS):
            sent_us = now_us()
            self.send(priorities[0])
            first = self.receive()
            self.send(*priorities[1:], first=1)
            if now_us() - sent_us < INTERVAL_US:
                return first, sent_us
            self.receive()  # so there is room for one
            self.send(0, first=LAST)
            while self.receive().number != LAST:
                pass
            time.sleep(INTERVAL_US / 1e6)  # so the next one need not wait for its turn
        pytest.fail(f"the machine takes longer than {INTERVAL_US / 1000:.0f} ms for some frames")

    def fill(self) -> list[Told]:
        """Send long frames until one has waited behind 63 others and some are lost.

        Returns all that leave until one leaves an empty queue behind.
        """
        told: list[Told] = []
        deadline = time.monotonic() + LIMIT_S
        for number in range(0, LAST, BURST):
            if any(each.enq_qdepth >= 63 for each in told) and told[-1].number >= len(told):
                break
            assert time.monotonic() < deadline, f"nothing is lost, {number} frames were sent"
            for each in range(BURST):
                self._send(2, 0, number + each, 1400)
            told += map(_told, self.wires[2].drain(0.001))
        while told[-1].deq_qdepth:
            told.append(self.receive())
        return told

    def receive(self) -> Told:
        """The next frame that leaves."""
        return _told(self.wires[2].receive())

    def receive_all(self) -> list[Told]:
        """All that leave before one of the lowest priority that is sent now."""
        self.send(0, first=LAST)
        return list(itertools.takewhile(lambda told: told.number != LAST, iter(self.receive, None)))

    def close(self) -> None:
        for wire in self.wires.values():
            wire.close()

    def _send(self, port: int, priority: int, number: int, size: int = 60) -> None:
        ask = struct.pack(">BBH", port, priority, number)
        self.wires[1].send(ETHERNET + ask + bytes(size - len(ETHERNET) - len(ask)))


def _told(frame: bytes) -> Told:
    number = int.from_bytes(frame[16:18], "big")
    waited_us = int.from_bytes(frame[22:26], "big")
    depths = int.from_bytes(frame[26:31], "big") >> 2
    return Told(number, depths >> 19, depths & 0x7FFFF, waited_us, now_us())


def now_us() -> float:
    """The test's own clock."""
    return time.monotonic_ns() / 1000


@contextmanager
def _embedded(letter: str):
    ports = [word for port in (1, 2) for word in ("-i", f"{port}@s1{letter}{port}")]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "switch", "--grpc", "127.0.0.1:0", *ports),
            *("--thrift", f"127.0.0.1:{OUR_THRIFT_PORT}", "--priority-queues", "8"),
            *("--program", str(JSON), "--p4info", str(P4INFO), "--log-level", "error"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "is ready" in process.stdout.readline()
        yield lambda *commands: command_line(OUR_THRIFT_PORT, commands)
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextmanager
def _bmv2(letter: str):
    interfaces = {port: f"s1{letter}{port}" for port in (1, 2)}
    with SimpleSwitch(JSON, interfaces, "--priority-queues", "8") as switch:
        yield lambda *commands: switch.cli(commands)


@pytest.fixture(params=["embedded", "bmv2"], scope="module")
def switch(request):
    """A switch's command line, and its ports."""
    letter, start = {"embedded": ("o", _embedded), "bmv2": ("b", _bmv2)}[request.param]
    with own_namespace():
        for port in (1, 2):
            add_pair(f"s1{letter}{port}", f"s1{letter}h{port}")
        with start(letter) as cli:
            seen = Port(letter)
            seen.send(0)  # a queue's clock begins with its first packet
            assert seen.receive().number == 0
            yield cli, seen
            seen.close()


@pytest.fixture
def cli(switch):
    """The command line; in the end queues are as they were."""
    run, _ = switch
    yield run
    run("set_queue_rate 0", "set_queue_depth 64")


@pytest.fixture
def port(switch):
    return switch[1]


def test_what_does_not_fit_the_queue_is_lost_and_the_others_are_told_how_it_was(cli, port):
    cli(f"set_queue_rate {RATE_PPS} 2", "set_queue_depth 4 2")
    first, sent_us = port.send_in_time(*[0] * 12)
    taken_us = now_us()
    told = [first, *(port.receive() for _ in range(4)), *port.receive_all()]
    assert [each[:3] for each in told] == [(0, 0, 0), (1, 0, 3), (2, 1, 2), (3, 2, 1), (4, 3, 0)]
    for each in told:
        due_us = sent_us + each.number * INTERVAL_US
        assert due_us <= each.received_us
        assert due_us - taken_us - 1 < each.deq_timedelta < each.received_us - sent_us + 1


def test_a_higher_priority_goes_before_a_lower_one_that_waits(cli, port):
    cli(f"set_queue_rate {RATE_PPS} 2 0")
    first, _ = port.send_in_time(0, 0, 0, 7, 7, 3)
    assert [told.number for told in (first, *port.receive_all())] == [0, 3, 4, 5, 1, 2]


def test_a_rate_for_a_port_is_one_for_each_of_its_priorities(cli, port):
    cli(f"set_queue_rate {RATE_PPS} 2")
    sent_us = now_us()
    port.send(0, 1)
    told = [port.receive(), port.receive()]
    assert {each.number for each in told} == {0, 1}
    port.send(0, 1, first=2)
    told += [port.receive(), port.receive()]
    assert {each.number for each in told[2:]} == {2, 3}
    assert [each.enq_qdepth for each in told] == [0, 0, 0, 0]
    assert all(each.received_us >= sent_us + INTERVAL_US for each in told[2:])


def test_a_rate_of_0_lets_all_go_and_a_depth_of_0_none(cli, port):
    cli("set_queue_rate 1", "set_queue_rate 0")
    port.send(*[0] * 10)
    assert [told.number for told in port.receive_all()] == list(range(10))
    cli("set_queue_depth 0 2 3")
    port.send(3, 2, 3)
    assert [told.number for told in port.receive_all()] == [1]


def test_a_slow_link_fills_its_queue_to_the_brim(cli, port):
    """Behind what the kernel takes (and on BMv2 128 frames more); it empties by half a kernel's."""
    slow_down(port.interface, mbit_per_s=2)
    told = port.fill()
    numbers = [each.number for each in told]
    assert numbers == sorted(numbers)
    # BMv2 looks how many are there before it queues one: meanwhile the last one of 64 may leave.
    assert max(each.enq_qdepth for each in told) in (63, 64)
    left_behind = [each.deq_qdepth for each in told]
    assert left_behind[-1] == 0
    assert all(later >= before - 1 for before, later in itertools.pairwise(left_behind))
