"""Packets that wait between ingress and egress: what comes of them, and what they are told."""

import itertools
import random
from time import monotonic_ns

import pytest

from switch.dataplane import traffic
from switch.p4json.load import load_program
from switch.runtime.drops import Drop
from tests.conformance import corpus_files
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import Packet
from tests.switch import inprocess
from tests.switch.draft import Draft, assign, const, extract, field, forward
from tests.switch.inprocess import InProcessSwitch

SECOND = 1_000_000_000
AT_ONCE_PPS = SECOND
"""A rate that makes packets wait, but not long."""

CASES = [case for case in corpus_files.cases() if case.name != "diagnostics"]
RANDOM_FRAMES = 40
CLOCKS = {"standard_metadata", "queues"}
"""Programs that put times into frames."""

ENDLESS = {"recirculate", "resubmit"}
"""Programs in which some frames go round for ever; those of their tests do not."""


def _switch(*rate, priority_queues: int = 1) -> InProcessSwitch:
    """A program that sends to port 2 with the frame's first byte as its priority.

    It puts the depths that it is told behind the frame's first byte.
    """
    draft = Draft([["m", 8]])
    draft.add_header("h", [["priority", 8], ["enq", 8], ["deq", 8]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.do(forward(2), assign("standard_metadata", "priority", field("h", "priority")))
    draft.do(
        assign("h", "enq", field("standard_metadata", "enq_qdepth")),
        assign("h", "deq", field("standard_metadata", "deq_qdepth")),
        pipeline="egress",
    )
    switch = InProcessSwitch(draft.load(), priority_queues=priority_queues)
    if rate:
        switch.traffic.set_rate(*rate)
    return switch


def _frame(priority: int, name: bytes) -> bytes:
    return bytes([priority, 0xEE, 0xEE]) + name


def test_a_packet_that_need_not_wait_finds_empty_queues():
    assert _switch().send(1, _frame(0, b"a")) == [(2, b"\0\0\0a")]


@pytest.fixture
def stopped_clock(monkeypatch):
    """However long a test takes, it is one moment for the switch."""
    now_ns = monotonic_ns()
    for module in (traffic, inprocess):
        monkeypatch.setattr(module, "monotonic_ns", lambda: now_ns)


def test_a_packet_is_told_how_many_were_before_it_and_how_many_it_leaves(stopped_clock):
    switch = _switch(1, 2, None)
    sent = [switch.send(1, _frame(0, b"%d" % number)) for number in range(4)]
    assert sent == [[(2, b"\0\0\x000")], [], [], []]
    switch.traffic.set_rate(0, 2, None)
    later = switch.serve(1 << 62)
    assert later == [(2, b"\0\0\x021"), (2, b"\0\1\x012"), (2, b"\0\2\x003")]


def test_none_overtakes_when_the_rate_is_taken_away(stopped_clock):
    switch = _switch(1, 2, None)
    for name in (b"a", b"b", b"c"):
        switch.send(1, _frame(0, name))
    switch.traffic.set_rate(0, 2, None)
    assert switch.send(1, _frame(0, b"d")) == []
    assert [frame[3:] for _, frame in switch.serve(1 << 62)] == [b"b", b"c", b"d"]
    assert switch.send(1, _frame(0, b"e")) == [(2, b"\0\0\0e")]


def test_the_highest_priority_goes_first_and_each_has_depths_of_its_own():
    switch = _switch(priority_queues=8)
    switch.traffic.stop(2)
    for priority, name in ((0, b"a"), (3, b"b"), (7, b"c"), (3, b"d")):
        assert switch.send(1, _frame(priority, name)) == []
    switch.traffic.go_on(2)
    sent = switch.serve()
    assert sent == [(2, b"\7\0\0c"), (2, b"\3\0\1b"), (2, b"\3\1\0d"), (2, b"\0\0\0a")]


def test_a_priority_without_a_queue_is_dropped_and_counted():
    switch = _switch(priority_queues=4)
    assert switch.send(1, _frame(3, b"a")) == [(2, b"\3\0\0a")]
    assert switch.send(1, _frame(4, b"b")) == []
    assert switch.drops[Drop.PRIORITY] == 1


def test_a_full_queue_drops_the_last_and_counts_it():
    switch = _switch()
    switch.traffic.stop(2)
    switch.traffic.set_depth(2, 2, None)
    for name in (b"a", b"b", b"c"):
        switch.send(1, _frame(0, name))
    assert switch.drops[Drop.QUEUE_FULL] == 1
    switch.traffic.go_on(2)
    assert [frame[3:] for _, frame in switch.serve()] == [b"a", b"b"]


def test_a_port_without_room_sends_nothing():
    switch = _switch()
    switch.traffic.set_depth(0, 2, None)
    assert switch.send(1, _frame(0, b"a")) == []
    assert switch.drops[Drop.QUEUE_FULL] == 1


def test_ports_take_turns():
    draft = Draft()
    draft.do(forward(field("standard_metadata", "ingress_port")))
    switch = InProcessSwitch(draft.load())
    for port, number in itertools.product((1, 2), range(3)):
        switch.traffic.stop(port)
        switch.send(port, b"%d%d" % (port, number))
    switch.traffic.go_on(1)
    switch.traffic.go_on(2)
    assert [port for port, _ in switch.serve()] == [1, 2, 1, 2, 1, 2]


def test_a_packet_to_a_port_that_does_not_exist_waits_only_where_all_do(stopped_clock):
    draft = Draft()
    draft.do(forward(99))
    switch = InProcessSwitch(draft.load(), ports=8)
    switch.send(1, b"frame")
    assert switch.drops[Drop.NO_PORT] == 1
    switch.traffic.set_rate(1, None, None)
    for _ in range(3):
        switch.send(1, b"frame")
    assert switch.drops[Drop.NO_PORT] == 2
    assert switch.serve(1 << 62) == []
    assert switch.drops[Drop.NO_PORT] == 4


def test_a_program_with_queueing_fields_of_its_own_choice_is_told_nothing():
    """As on BMv2, which wants all four or none."""
    draft = Draft()
    draft.json["field_aliases"] = [
        alias for alias in draft.json["field_aliases"] if alias[0] != "queueing_metadata.enq_qdepth"
    ]
    draft.add_header("h", [["deq", 8]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.do(forward(2), assign("standard_metadata", "deq_qdepth", const(9)))
    draft.do(assign("h", "deq", field("standard_metadata", "deq_qdepth")), pipeline="egress")
    switch = InProcessSwitch(draft.load())
    assert switch.send(1, b"\0") == [(2, b"\x09")]


def _frames(case) -> list[tuple[int, bytes]]:
    """The frames of a test, as they are and with random changes."""
    rng = random.Random(case.name)
    given = [
        (statement.port, statement.frame)
        for statement in read_stf(case.stf.read_text())
        if isinstance(statement, Packet) and isinstance(statement.port, int)
    ]
    frames = [(port, frame) for port, frame in given if len(frame) < 8000]
    for _ in range(RANDOM_FRAMES if frames and case.name not in ENDLESS else 0):
        port, frame = rng.choice(frames)
        changed = bytearray(frame or bytes(1))
        changed[rng.randrange(len(changed))] = rng.randrange(256)
        frames.append((port, bytes(changed)))
    return frames


def _run(case, waiting: bool) -> tuple:
    """All that is left of a test's frames: what was sent, state, drops, messages."""
    switch = InProcessSwitch(load_program(case.json.read_bytes()))
    for group in range(4):
        switch.replication.set_group(group, [[(1, 5)], [(2, 6)], [(3, 7)]])
    for session in range(300):
        switch.replication.set_session(session, [[(3, 1)]], 40 if session % 2 else 0)
    if waiting:
        switch.traffic.set_rate(AT_ONCE_PPS, None, None)
    frames = _frames(case)
    sent = [sorted(switch.send(port, frame)) for port, frame in frames]
    if case.name in CLOCKS:
        sent = [[(port, len(frame)) for port, frame in each] for each in sent]
    state = switch.config.counter_packets, switch.config.counter_bytes
    return len(frames), sent, *state, switch.drops, switch.digests


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_programs_do_with_packets_that_waited_what_they_do_with_others(case):
    at_once, waited = _run(case, waiting=False), _run(case, waiting=True)
    assert at_once == waited


def test_the_comparison_is_about_packets_that_did_wait():
    case = next(case for case in CASES if case.name == "queues")
    switch = InProcessSwitch(load_program(case.json.read_bytes()))
    switch.traffic.set_rate(AT_ONCE_PPS, None, None)
    held = []
    switch.config.egress = lambda *packet: held.append(packet)
    for port, frame in _frames(case):
        switch.send(port, frame)
    assert len(held) > RANDOM_FRAMES / 2
