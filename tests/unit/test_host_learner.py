"""What nodes are made to hold for discovery, and what is sent to them, as P4Runtime's messages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from finsy.p4entity import P4Entity, P4TableEntry
from finsy.p4schema import P4Schema
from finsy.proto import p4r

from controller.discovery import learner as learning
from controller.discovery.frames import FrameCodec
from controller.discovery.learner import HostLearner
from controller.discovery.sender import FrameSender
from controller.discovery.tables import (
    Learning,
    Wanted,
    learns_hosts,
    punt_entries,
    read_learning,
    takes_part,
    write_learning,
)
from controller.errors import NodeUnreachable
from controller.model.parts import NodeDescription, Port
from controller.southbound.controller_header import COPY_SESSION, OUT_ECHO
from controller.southbound.driver import CloneSession, NodeState
from controller.southbound.program import Program
from controller.state.entries import described

MAC, OTHER = "00:00:00:00:00:0a", "00:00:00:00:00:0b"
BUILD = Path(__file__).resolve().parents[2] / "p4" / "build"
BOTH = Learning(frozenset({1, 2}), frozenset({(1, MAC), (2, OTHER)}))


@pytest.fixture(scope="module", params=["l2", "guarded"])
def program(request: pytest.FixtureRequest) -> Program:
    name = request.param
    return Program.read(name, BUILD / f"{name}.json", BUILD / f"{name}.p4info.txtpb")


class Node:
    """The part of a driver that discovery uses, over messages as they go over the wire."""

    def __init__(self, schema: P4Schema) -> None:
        self.schema = schema
        self.state = NodeState.PRIMARY
        self.held: dict[bytes, p4r.Entity] = {}
        self.sessions: dict[int, CloneSession] = {}
        self.writes = 0
        self.sent: list[tuple[bytes, dict[str, int]]] = []
        self.gone = False

    def read(self, entities: Iterable[P4Entity]) -> list[P4TableEntry]:
        tables = [entity.encode(self.schema).table_entry.table_id for entity in entities]
        found = [e for e in self.held.values() if e.table_entry.table_id in tables]
        return [P4TableEntry.decode(entity, self.schema) for entity in found]

    def write(self, updates: Iterable[Any]) -> None:
        self.writes += 1
        for update in updates:
            message = update.encode_update(self.schema)
            key = message.entity.SerializeToString(deterministic=True)
            if message.type == p4r.Update.DELETE:
                self.held = {k: e for k, e in self.held.items() if not _same(e, message.entity)}
            else:
                assert key not in self.held
                self.held[key] = message.entity

    def set_clone_session(self, session_id: int, session: CloneSession) -> None:
        self.sessions[session_id] = session

    def packet_out(self, payload: bytes, **metadata: int) -> None:
        if self.gone:
            raise NodeUnreachable("s1", "packet-out", "there is no connection")
        self.sent.append((payload, metadata))


def _same(one: p4r.Entity, other: p4r.Entity) -> bool:
    return list(one.table_entry.match) == list(other.table_entry.match)


@contextlib.contextmanager
def hold(_node: str) -> Iterator[None]:
    yield


def learner(node: Node, knew: list[Any]) -> HostLearner:
    """Return one whose work is done at once."""
    return HostLearner(
        {"s1": node},
        lambda _name, work: work(),
        hold,
        lambda name, hosts: knew.append((name, hosts)),
    )


def test_what_is_written_is_read_again(program: Program) -> None:
    node = Node(program.schema)
    write_learning(node, Learning(), BOTH)
    assert read_learning(node) == BOTH


def test_only_what_differs_is_written(program: Program) -> None:
    node = Node(program.schema)
    write_learning(node, Learning(), BOTH)
    less = Learning(frozenset({1}), frozenset({(1, OTHER)}))
    write_learning(node, BOTH, less)
    assert read_learning(node) == less
    write_learning(node, less, less)
    assert node.writes == 2


def test_a_node_that_is_ready_copies_packets_and_tells_what_it_knows(program: Program) -> None:
    node, knew = Node(program.schema), []
    write_learning(node, Learning(), BOTH)
    learner(node, knew).begin("s1")
    assert knew == [("s1", BOTH.hosts)]
    assert [replica.port for replica in node.sessions[COPY_SESSION].replicas] == [510]


def test_ports_of_which_nothing_is_known_are_left_as_they_are(program: Program) -> None:
    node = Node(program.schema)
    write_learning(node, Learning(), BOTH)
    learner(node, []).want({"s1": Wanted(Learning(), frozenset({1}))})
    left = read_learning(node)
    assert left == Learning(frozenset({2}), frozenset({(2, OTHER)}))


def test_what_others_took_away_is_repaired(program: Program, monkeypatch: Any) -> None:
    node = Node(program.schema)
    keeper = learner(node, [])
    keeper.want({"s1": Wanted(BOTH, frozenset({1, 2}))})
    node.held.clear()
    keeper.repair("s1")
    assert not node.held, "it has just been looked at"
    monkeypatch.setattr(learning, "REPAIR_PAUSE_S", 0.0)
    keeper.repair("s1")
    assert read_learning(node) == BOTH


def test_a_node_without_a_session_or_without_the_tables_is_left_alone(program: Program) -> None:
    for node in (Node(program.schema), Node(P4Schema())):
        node.state = NodeState.PRIMARY if not node.schema.exists else NodeState.DOWN
        learner(node, []).want({"s1": Wanted(BOTH, frozenset({1, 2}))})
        assert node.writes == 0


def test_programs_say_whether_they_can_take_part(program: Program) -> None:
    assert takes_part(program.schema)
    assert learns_hosts(program.schema)
    assert not takes_part(P4Schema())
    assert not learns_hosts(P4Schema())


def test_every_node_shall_hand_over_lldp_where_a_program_can(program: Program) -> None:
    (entry,) = described(punt_entries([program]), program.schema)
    assert (entry.table_id, entry.match["ether_type"]) == ("NodeIngress.l2.punt", 0x88CC)
    assert punt_entries([]) == ()


# Sending

S1 = NodeDescription("s1", 1, "127.0.0.1:1", "p4runtime", None, "l2", (1, 2))


def test_a_node_in_its_turn_sends_out_of_each_port_and_through_itself() -> None:
    node, codec = Node(P4Schema()), FrameCodec()
    sender = FrameSender(codec, {"s1": node})
    sender.send_due({"s1": S1}, 0.25, 0.75, lambda: 10**9)
    out = [(codec.read(frame).source, metadata) for frame, metadata in node.sent]
    assert out == [
        (Port("s1", 1), {"egress_port": 1, "mode": 0}),
        (Port("s1", 2), {"egress_port": 2, "mode": 0}),
        (Port("s1", 0), {"mode": OUT_ECHO}),
    ]


def test_turns_come_in_equal_intervals_however_often_one_looks() -> None:
    node = Node(P4Schema())
    sender = FrameSender(FrameCodec(), {"s1": node})
    for millisecond in range(0, 10_000, 50):
        sender.send_due({"s1": S1}, 0.25, 0.75, lambda ms=millisecond: ms * 10**6)
    assert 40 <= len(node.sent) / 3 <= 42


def test_a_node_that_is_gone_holds_up_nobody() -> None:
    gone, there = Node(P4Schema()), Node(P4Schema())
    gone.gone = True
    sender = FrameSender(FrameCodec(), {"s1": gone, "s2": there})
    s2 = NodeDescription("s2", 2, "127.0.0.1:2", "p4runtime", None, "l2", (1,))
    sender.send_due({"s1": S1, "s2": s2}, 0.25, 0.75, lambda: 0)
    assert len(there.sent) == 2
