"""Egress queues on the embedded switch and on BMv2, set by BMv2's own command line.

Both run a program (`queues.p4` of the conformance corpus) that sends a frame to the port and with
the priority that it asks for, and writes behind that how its queue was. Every frame that is sent
has left its queue, or waits there, before the next: so what comes of them does not depend on how
fast a switch is.
"""

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
GAP_S = 0.003
"""Enough for a packet that need not wait to leave, and much less than an interval below."""

RATE_PPS = 10
INTERVAL_US = 1_000_000 // RATE_PPS
LATE_US = 40_000
"""How much later than its time a packet may leave: the machine may be busy."""


class Told(NamedTuple):
    """A frame that left, and how it was in its queue."""

    number: int
    enq_qdepth: int
    deq_qdepth: int
    deq_timedelta: int
    """Microseconds."""


class Port:
    """Port 2 of a switch as it is seen from outside; frames go in at port 1."""

    def __init__(self, letter: str) -> None:
        self.interface = f"s1{letter}2"
        self.wires = {port: Wire(f"s1{letter}h{port}") for port in (1, 2)}

    def send(self, *priorities: int, size: int = 60, gap_s: float = GAP_S) -> None:
        """Send frames with these priorities, numbered from 0."""
        for number, priority in enumerate(priorities):
            ask = struct.pack(">BBH", 2, priority, number)
            self.wires[1].send(ETHERNET + ask + bytes(size - len(ETHERNET) - len(ask)))
            time.sleep(gap_s)

    def told(self, seconds: float = 0.3) -> list[Told]:
        """All frames that leave."""
        found = []
        for frame in self.wires[2].drain(seconds):
            number = int.from_bytes(frame[16:18], "big")
            waited_us = int.from_bytes(frame[22:26], "big")
            depths = int.from_bytes(frame[26:31], "big") >> 2
            found.append(Told(number, depths >> 19, depths & 0x7FFFF, waited_us))
        return found

    def close(self) -> None:
        for wire in self.wires.values():
            wire.close()


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
        process.communicate(timeout=10)


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
            assert [told.number for told in seen.told()] == [0]
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
    port.send(*[0] * 12)
    told = port.told()
    assert [each[:3] for each in told] == [(0, 0, 0), (1, 0, 3), (2, 1, 2), (3, 2, 1), (4, 3, 0)]
    for each in told:
        due_us = each.number * (INTERVAL_US - GAP_S * 1e6)
        assert -LATE_US < each.deq_timedelta - due_us < LATE_US


def test_a_higher_priority_goes_before_a_lower_one_that_waits(cli, port):
    cli(f"set_queue_rate {RATE_PPS} 2 0")
    port.send(0, 0, 0, 7, 7, 3)
    assert [told.number for told in port.told()] == [0, 3, 4, 5, 1, 2]


def test_a_rate_for_a_port_is_one_for_each_of_its_priorities(cli, port):
    cli(f"set_queue_rate {RATE_PPS} 2")
    port.send(0, 1, 0, 1)
    told = port.told()
    assert {each.number for each in told[:2]} == {0, 1}
    assert {each.number for each in told[2:]} == {2, 3}
    assert [each.enq_qdepth for each in told] == [0, 0, 0, 0]
    assert all(each.deq_timedelta > INTERVAL_US / 2 for each in told[2:])


def test_a_rate_of_0_lets_all_go_and_a_depth_of_0_none(cli, port):
    cli("set_queue_rate 1", "set_queue_rate 0")
    port.send(*[0] * 10)
    assert [told.number for told in port.told()] == list(range(10))
    cli("set_queue_depth 0 2 3")
    port.send(3, 2, 3)
    assert [told.number for told in port.told()] == [1]


def test_a_slow_link_fills_its_queue_to_the_brim(cli, port):
    """Behind what the kernel takes (and on BMv2 128 frames more); it empties by half a kernel's."""
    slow_down(port.interface, mbit_per_s=2)
    port.send(*[0] * 700, size=1400, gap_s=0.001)
    told = port.told()
    numbers = [each.number for each in told]
    assert numbers == sorted(numbers)
    assert len(numbers) < 650
    assert max(each.enq_qdepth for each in told) == 63
    assert [each.deq_qdepth for each in told[-10:]] == list(reversed(range(10)))
