"""msgpack-rpc on a socket, against whatever arrives."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import ProtocolError
from controller.operator.wire import Notification, Request, Response, Wire

LIMIT_BYTES = 200_000


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, Wire]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(30.0)
    with ours, theirs:
        yield theirs, Wire(ours, LIMIT_BYTES)


def test_messages_of_all_kinds_arrive_as_they_were_sent(
    pair: tuple[socket.socket, Wire],
) -> None:
    theirs, wire = pair
    far = Wire(theirs, LIMIT_BYTES)
    assert far.request("nodes", [{"a": 1}]) == 0
    far.send(Response(7, None, {"x": [1, None]}))
    far.send(Response(8, {"kind": "busy"}, None))
    far.send(Notification("event", [{"event": "node_up"}]))
    assert [wire.receive() for _ in range(4)] == [
        Request(0, "nodes", [{"a": 1}]),
        Response(7, None, {"x": [1, None]}),
        Response(8, {"kind": "busy"}, None),
        Notification("event", [{"event": "node_up"}]),
    ]


def test_a_message_that_trickles_in_is_not_waited_for_beyond_the_deadline(
    pair: tuple[socket.socket, Wire],
) -> None:
    theirs, wire = pair
    ended = threading.Event()

    def trickle() -> None:
        for byte in msgpack.packb([2, "event", [{"filler": "x" * 1000}]]):
            theirs.sendall(bytes([byte]))
            if ended.wait(0.01):
                return

    sender = threading.Thread(target=trickle)
    sender.start()
    with pytest.raises(TimeoutError):
        wire.receive(time.monotonic() + 0.1)
    ended.set()
    sender.join()


def test_a_message_in_many_pieces_arrives_whole(pair: tuple[socket.socket, Wire]) -> None:
    theirs, wire = pair
    data = msgpack.packb([0, 1, "migrate", [{"function": "firewall"}]])
    for i in range(len(data)):
        theirs.sendall(data[i : i + 1])
    assert wire.receive() == Request(1, "migrate", [{"function": "firewall"}])


def test_the_end_of_the_connection_is_no_message(pair: tuple[socket.socket, Wire]) -> None:
    theirs, wire = pair
    theirs.close()
    assert wire.receive() is None


@pytest.mark.parametrize(
    "message",
    [
        1,
        [],
        {},
        [0],
        [0, 1, "m"],
        [0, 1, "m", {}],
        [0, "x", "m", []],
        [0, -1, "m", []],
        [0, 2**32, "m", []],
        [0, 1, b"m", []],
        [1, None, None, None],
        [2, "m"],
        [[], 1],
    ],
)
def test_what_is_no_message_is_refused(pair: tuple[socket.socket, Wire], message: object) -> None:
    theirs, wire = pair
    theirs.sendall(msgpack.packb(message))
    with pytest.raises(ProtocolError, match="not msgpack-rpc"):
        wire.receive()


def test_a_message_without_end_is_refused(pair: tuple[socket.socket, Wire]) -> None:
    theirs, wire = pair
    theirs.sendall(msgpack.packb(["x" * (LIMIT_BYTES * 2)])[:LIMIT_BYTES])
    theirs.sendall(b"x" * 10)
    with pytest.raises(ProtocolError, match="larger than"):
        wire.receive()


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=200))
def test_garbage_is_a_message_an_end_or_an_error_and_nothing_else(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        wire = Wire(ours, LIMIT_BYTES)
        try:
            while (message := wire.receive()) is not None:
                assert isinstance(message, Request | Response | Notification)
        except ProtocolError as exc:
            assert str(exc)
