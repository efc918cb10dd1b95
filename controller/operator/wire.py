"""msgpack-rpc on a stream socket: messages in and out, for the server and for the command.

Choices: the coding is os-ken's (``os_ken.lib.rpc.MessageEncoder``), so its clients and ours can
talk to each other. Its ``EndPoint`` is not used: it loops without end on a connection that was
reset, loses what a socket did not take at once, cannot tell a closed connection from one that
timed out, and trusts whatever arrives.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import msgpack
from os_ken.lib import rpc

from controller.errors import ProtocolError

CHUNK_BYTES = 65_536
REQUEST_LIMIT_BYTES = 1024 * 1024
"Largest message that a server reads."
RESPONSE_LIMIT_BYTES = 64 * 1024 * 1024
"Largest message that a client reads."
LOOK_UP_S = 0.5
"""With a deadline nothing waits longer in one go. Python sees signals between its own steps: a
Ctrl-C in the instant before a wait begins would be seen only when that wait ends."""


@dataclass(frozen=True)
class Request:
    """A call that wants an answer."""

    msgid: int
    method: str
    params: list[Any]


@dataclass(frozen=True)
class Response:
    """The answer to the request of the same id: an error or a result."""

    msgid: int
    error: Any
    result: Any


@dataclass(frozen=True)
class Notification:
    """News that wants no answer."""

    method: str
    params: list[Any]


Message = Request | Response | Notification


class Wire:
    """One end of a connection. One thread may receive while another one sends."""

    def __init__(self, sock: socket.socket, limit_bytes: int) -> None:
        self._socket = sock
        self._limit_bytes = limit_bytes
        self._unfinished_bytes = 0
        self._encoder = rpc.MessageEncoder()
        self._received: deque[Message] = deque()
        self._table = {
            rpc.MessageType.REQUEST: lambda m: self._accept(Request(*m)),
            rpc.MessageType.RESPONSE: lambda m: self._accept(Response(*m)),
            rpc.MessageType.NOTIFY: lambda m: self._accept(Notification(*m)),
        }

    def receive(self, deadline: float | None = None) -> Message | None:
        """Wait for the next message; None when the peer has closed the connection.

        Args:
            deadline: When it must be there whole (monotonic), however it comes; None: whenever.

        Raises:
            TimeoutError: it was not there by then.
            ProtocolError: what came is not msgpack-rpc, or larger than the limit.
        """
        while not self._received:
            if deadline is not None:
                self._limit_wait(deadline)
            try:
                data = self._socket.recv(CHUNK_BYTES)
            except TimeoutError:
                continue
            except ConnectionError:
                return None
            if not data:
                return None
            self._decode(data)
        return self._received.popleft()

    def _limit_wait(self, deadline: float) -> None:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left_s, LOOK_UP_S))

    def send(self, message: Message) -> None:
        """Send a message whole; raises ``OSError`` if the connection does not take it.

        Raises:
            TypeError, ValueError, OverflowError: it holds what msgpack cannot express; nothing
                was sent.
        """
        self._socket.sendall(self._encode(message))

    def request(self, method: str, params: list[Any]) -> int:
        """Send a request; return its id."""
        data, msgid = self._encoder.create_request(method, params)
        self._socket.sendall(data)
        return msgid

    def _encode(self, message: Message) -> bytes:
        match message:
            case Response(msgid, error, result):
                return self._encoder.create_response(msgid, error, result)
            case Notification(method, params):
                return self._encoder.create_notification(method, params)
        raise TypeError(f"not sent by itself: {message}")

    def _decode(self, data: bytes) -> None:
        before = len(self._received)
        try:
            self._encoder.get_and_dispatch_messages(data, self._table)
        except (msgpack.UnpackException, ValueError, TypeError, IndexError, KeyError) as exc:
            raise ProtocolError(f"not msgpack-rpc: {str(exc) or type(exc).__name__}") from exc
        complete = len(self._received) > before
        self._unfinished_bytes = 0 if complete else self._unfinished_bytes + len(data)
        if self._unfinished_bytes > self._limit_bytes:
            raise ProtocolError(f"a message is larger than {self._limit_bytes} bytes")

    def _accept(self, message: Message) -> None:
        if isinstance(message, Request | Notification) and not (
            isinstance(message.method, str) and isinstance(message.params, list)
        ):
            raise ValueError(f"method and parameters are not a text and a list: {message}")
        if isinstance(message, Request | Response) and not (
            isinstance(message.msgid, int) and 0 <= message.msgid < 2**32
        ):
            raise ValueError(f"the id is not a number of 32 bits: {message}")
        self._received.append(message)
