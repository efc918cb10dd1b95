"""A Thrift client for one node: a few connections, single and pipelined calls, time limits.

Choices:
- thriftpy2 gives the IDL, the accelerated protocol and the structures; sending and receiving are
  written here, because pipelining (many requests, one flush, then the answers) makes single-cell
  register calls three times as fast, and thriftpy2's own client waits for each answer.
- A connection is used by one caller at a time; callers beyond their number wait their turn.
- A connection that the node closed while it was idle is found out before it is used. A connection
  on which anything went wrong is thrown away, since answers may still be on their way.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import thriftpy2
from thriftpy2.protocol import TBinaryProtocol
from thriftpy2.thrift import TApplicationException, TException, TMessageType
from thriftpy2.transport import TBufferedTransport, TSocket, TTransportException

from controller.errors import NodeError, NodeRefused, NodeTimeout, NodeUnreachable

IDL = thriftpy2.load(
    str(Path(__file__).with_name("bmv2.thrift")), module_name="hitless_bmv2_thrift"
)

_SERVICES = {
    "standard": IDL.Standard,
    "simple_pre_lag": IDL.SimplePreLAG,
    "simple_switch": IDL.SimpleSwitch,
}
_BUFFER_BYTES = 64 * 1024


class ThriftClient:
    """Calls to one node's multiplexed Thrift server.

    Args:
        node: The node's name.
        address: ``host:port``.
        connections: How many calls may run in parallel.
        timeout_s: Limit of connecting, of waiting for a free connection, and of each answer.
    """

    def __init__(self, node: str, address: str, connections: int, timeout_s: float) -> None:
        self._node = node
        self._address = address
        self._timeout_s = timeout_s
        self._closed = threading.Event()
        self._idle: queue.LifoQueue[_Connection | None] = queue.LifoQueue()
        for _ in range(connections):
            self._idle.put(None)

    def call(self, service: str, method: str, *arguments: Any, asked: str) -> Any:
        """Make one call and return its result.

        Raises:
            NodeRefused: the node answered with an exception; ``code`` is its error code's name.
            NodeTimeout, NodeUnreachable: as everywhere.
        """
        return self.pipeline(service, method, [arguments], asked=asked, window=1)[0]

    def pipeline(
        self,
        service: str,
        method: str,
        calls: Sequence[Sequence[Any]],
        *,
        asked: str,
        window: int,
    ) -> list[Any]:
        """Make calls of one method in order, ``window`` of them under way at once.

        Raises as ``call``. After a refused call, those of its window were made all the same.
        """
        results: list[Any] = []
        with self._connection(asked) as connection:
            for first in range(0, len(calls), window):
                results += connection.exchange(service, method, calls[first : first + window])
        return results

    def close(self) -> None:
        """Close the idle connections at once, and those in use when their calls have ended."""
        self._closed.set()
        for _ in range(self._idle.qsize()):
            with contextlib.suppress(queue.Empty):
                self._give_back(self._idle.get_nowait())

    @contextlib.contextmanager
    def _connection(self, asked: str) -> Iterator[_Connection]:
        """Lend a connection; what goes wrong on it becomes one of our errors."""
        try:
            connection = self._idle.get(timeout=self._timeout_s)
        except queue.Empty:
            raise NodeTimeout(self._node, asked, "no Thrift connection became free") from None
        back: _Connection | None = None
        try:
            if connection is None or connection.is_stale():
                connection = _Connection(self._address, self._timeout_s)
            yield connection
            back = connection
        except CallRefused as exc:
            back = connection
            raise NodeRefused(self._node, asked, exc.reason, code=exc.code) from exc
        except (OSError, TException, EOFError, ValueError) as exc:
            raise self._broken(asked, exc) from exc
        finally:
            if connection is not None and back is None:
                connection.close()
            self._give_back(back)

    def _give_back(self, connection: _Connection | None) -> None:
        if connection is not None and self._closed.is_set():
            connection.close()
            connection = None
        self._idle.put(connection)

    def _broken(self, asked: str, exc: Exception) -> NodeError:
        if isinstance(exc, TimeoutError):
            return NodeTimeout(
                self._node, asked, "no answer over Thrift in time", "is the switch overloaded?"
            )
        return NodeUnreachable(
            self._node,
            asked,
            f"Thrift: {exc or type(exc).__name__}",
            f"is the switch's Thrift server at {self._address}?",
        )


class CallRefused(Exception):  # noqa: N818 - never leaves the client
    """The node answered a call with an exception."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class _Connection:
    """One connection to a multiplexed Thrift server, binary protocol, buffered transport."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host.strip("[]"), int(port)), timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = TBufferedTransport(TSocket(sock=self._socket), _BUFFER_BYTES)
        self._protocol = TBinaryProtocol(self._transport)
        self._numbers = count(1)

    def is_stale(self) -> bool:
        """Tell whether the node closed the connection, or sent what nobody asked for."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            self._socket.settimeout(self._timeout_s)
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def exchange(self, service: str, method: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """Send all calls, then read all answers; raises CallRefused after the last of them."""
        numbers = [self._send(service, method, call) for call in calls]
        self._transport.flush()
        results: list[Any] = []
        refused: CallRefused | None = None
        for number in numbers:
            try:
                results.append(self._receive(service, method, number))
            except CallRefused as exc:
                refused = refused or exc
        if refused is not None:
            raise refused
        return results

    def _send(self, service: str, method: str, arguments: Sequence[Any]) -> int:
        number = next(self._numbers)
        message = getattr(_SERVICES[service], f"{method}_args")(*arguments)
        self._protocol.write_message_begin(f"{service}:{method}", TMessageType.CALL, number)
        message.write(self._protocol)
        self._protocol.write_message_end()
        return number

    def _receive(self, service: str, method: str, number: int) -> Any:
        _, kind, answered = self._protocol.read_message_begin()
        if answered != number:
            raise TTransportException(message=f"answer {answered} came for call {number}")
        if kind == TMessageType.EXCEPTION:
            fault = TApplicationException()
            fault.read(self._protocol)
            self._protocol.read_message_end()
            raise CallRefused(f"{method}: {fault.message}", "UNKNOWN_METHOD")
        result = getattr(_SERVICES[service], f"{method}_result")()
        result.read(self._protocol)
        self._protocol.read_message_end()
        return _value(result)


def _value(result: Any) -> Any:
    """Return what a call returned, or raise what it threw."""
    ouch = getattr(result, "ouch", None)
    if ouch is not None:
        name = _code_name(ouch)
        raise CallRefused(name.lower().replace("_", " "), name)
    return getattr(result, "success", None)


def _code_name(ouch: Any) -> str:
    """Return the name of the error code in an exception of the IDL."""
    enum = getattr(IDL, type(ouch).__name__.removeprefix("Invalid") + "ErrorCode")
    return enum._VALUES_TO_NAMES.get(ouch.code, str(ouch.code))
