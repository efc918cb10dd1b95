"""Packets that are between ingress and egress when something happens to the switch around them.

The worker's `Node` without its process: requests are made as calls, and time passes when asked.
"""

from time import monotonic_ns

import pytest

from switch.codegen.manifest import compile_program
from switch.dataplane.channel import ControlEnd, WorkerEnd, make_pair
from switch.dataplane.node import MAX_AGAIN, Node
from switch.dataplane.requests import REQUESTS
from switch.dataplane.shipping import program_requests
from tests.switch.draft import Draft, assign, call, const, extract, field, forward, op

CPU_PORT = 510
ROUNDS = 10 * MAX_AGAIN


class Rig:
    """A node without interfaces: what leaves by the CPU port is seen."""

    def __init__(self) -> None:
        events, self._event_end = make_pair()
        self._control = ControlEnd(events, 1.0)
        self.node = Node(monotonic_ns(), CPU_PORT, WorkerEnd(self._event_end))

    def load(self, draft: Draft) -> None:
        program = draft.load()
        for name, *arguments in program_requests(program, compile_program(program)):
            REQUESTS[name](self.node, *arguments)
        self.node.commit()

    def settle(self) -> None:
        """Let packets come round, and free what is not used, until there is nothing to do."""
        for _ in range(ROUNDS):
            if not (self.node.process_again() | self.node.do_chore()):
                return
        raise AssertionError("it never ends")

    def release(self) -> None:
        """Let the packet go on whose turn comes next, as if its time had come."""
        config, frame, port, needs = self.node.traffic.next_packet(1 << 62)
        self.node._process_copy(config.egress, frame, port, 0, needs)

    def packet_in(self) -> bytes:
        kind, frame = self._control.receive()
        assert kind == "packet_in"
        return frame

    @property
    def held_programs(self) -> int:
        """Programs that were replaced and are kept."""
        return len(self.node.programs._retired)

    def close(self) -> None:
        self._control.close()
        self._event_end.close()


@pytest.fixture
def rig():
    rig = Rig()
    yield rig
    rig.close()


def _marking(mark: int, *more) -> Draft:
    """Sends all to the CPU port, with a mark set in egress, and does more there."""
    draft = _sending()
    draft.do(assign("h", "mark", const(mark)), *more, pipeline="egress")
    return draft


def _sending() -> Draft:
    draft = Draft()
    draft.add_header("h", [["mark", 8]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.add_register("large", 5000, 8)
    draft.add_list("field_lists", 1, "nothing")
    draft.do(forward(CPU_PORT))
    return draft


def test_a_program_is_kept_until_the_last_packet_that_waits_in_it_has_left(rig):
    rig.load(_marking(1))
    rig.node.traffic.set_rate(1, CPU_PORT, None)
    for _ in range(2):
        rig.node.inject(1, b"\0old")
    rig.load(_marking(2))
    rig.node.inject(1, b"\0new")
    rig.settle()
    assert rig.held_programs == 1
    rig.release()
    rig.settle()
    assert (rig.packet_in(), rig.held_programs) == (b"\1old", 1)
    rig.release()
    rig.settle()
    assert (rig.packet_in(), rig.held_programs) == (b"\1old", 0)
    rig.release()
    assert rig.packet_in() == b"\2new"


def test_a_later_program_is_freed_before_one_that_is_still_needed(rig):
    rig.load(_marking(1))
    rig.node.traffic.set_rate(1, CPU_PORT, None)
    rig.node.inject(1, b"\0old")
    for mark in (2, 3, 4):
        rig.load(_marking(mark))
    rig.settle()
    assert rig.held_programs == 1
    rig.release()
    assert rig.packet_in() == b"\1old"


def test_a_packet_that_waited_may_come_round_in_its_old_program(rig):
    again = [assign("h", "mark", const(1)), call("recirculate", const(1))]
    twice = _sending()
    first = op("==", field("h", "mark"), const(0))
    twice.branch(first, again, [assign("h", "mark", const(9))], "egress")
    rig.load(twice)
    rig.node.traffic.set_rate(1, CPU_PORT, None)
    rig.node.inject(1, b"\0old")
    rig.load(_marking(2))
    rig.release()
    rig.settle()
    assert rig.held_programs == 1
    rig.release()
    rig.settle()
    assert (rig.packet_in(), rig.held_programs) == (b"\x09old", 0)


def test_a_packet_that_comes_round_for_ever_does_not_keep_its_program_for_ever(rig):
    rig.load(_marking(1, call("recirculate", const(1))))
    rig.node.inject(1, b"\0old")
    for _ in range(50):
        assert rig.node.process_again()
    rig.load(_marking(2))
    rig.settle()
    assert rig.held_programs == 0
    assert rig.node.statistics()["dropped.again_full"] == 1
    rig.node.inject(1, b"\0new")
    assert rig.packet_in() == b"\2new"
