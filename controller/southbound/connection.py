"""One gRPC connection to one node, with its stream, from the first byte to the last.

It is used once: what breaks is thrown away and made anew by the session.

Choices: the node's messages are read by a thread of the connection's own and handed to one
callback; news that the session has to act on (arbitration, the end) go through a queue, which the
session's thread waits on with a time limit.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc
from finsy.proto import p4r, p4r_grpc

from controller.errors import NodeTimeout, NodeUnreachable
from controller.southbound.driver import NodeAddress
from controller.southbound.rpc import node_error, open_channel

LOG = logging.getLogger(__name__)

_SEND_LIMIT = 4096  # messages waiting for a node that does not read
_JOIN_S = 5.0

StreamEvent = p4r.MasterArbitrationUpdate | grpc.RpcError
"An answer on arbitration, or the end of the stream."


class StreamClosed(grpc.RpcError):
    """The node closed the stream without giving an error."""

    def code(self) -> grpc.StatusCode:
        """Return the code that this amounts to."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """Return what happened."""
        return "the node closed the stream"

    def trailing_metadata(self) -> tuple[()]:
        """Return nothing: there was no trailer."""
        return ()


class Connection:
    """A channel and a stream to a node.

    Args:
        address: The node.
        on_message: Called with each message but arbitration, from the connection's thread.
    """

    def __init__(
        self, address: NodeAddress, on_message: Callable[[p4r.StreamMessageResponse], None]
    ) -> None:
        self._address = address
        self._on_message = on_message
        self._outgoing: queue.Queue[p4r.StreamMessageRequest | None] = queue.Queue(_SEND_LIMIT)
        self._events: queue.SimpleQueue[StreamEvent] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._channel = open_channel(address)
        self._stub = p4r_grpc.P4RuntimeStub(self._channel)
        self._stream = self._stub.StreamChannel(self._requests())
        self._reader = threading.Thread(
            target=self._read, name=f"{address.name}-stream", daemon=True
        )
        self._reader.start()

    def close(self) -> None:
        """End the stream and every call under way; wait for the reading thread. Idempotent."""
        self._closed.set()
        with contextlib.suppress(queue.Full):  # a full queue wakes the sending thread by itself
            self._outgoing.put_nowait(None)
        self._stream.cancel()
        self._channel.close()
        if self._reader is not threading.current_thread():
            self._reader.join(_JOIN_S)

    def send(self, message: p4r.StreamMessageRequest, asked: str) -> None:
        """Send a message on the stream.

        Raises:
            NodeTimeout: the node has not taken earlier messages for long.
            NodeUnreachable: the connection is closed.
        """
        self._check_open(asked)
        try:
            self._outgoing.put(message, timeout=self._address.options.call_timeout_s)
        except queue.Full:
            raise NodeTimeout(
                self._address.name, asked, f"{_SEND_LIMIT} earlier messages are still waiting"
            ) from None

    def next_event(self, timeout_s: float) -> StreamEvent | None:
        """Wait for an answer on arbitration or the stream's end; None if none came in time."""
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def call(self, method: str, request: Any, asked: str, timeout_s: float) -> Any:
        """Make a unary call; raises a ``NodeError`` made from the gRPC error."""
        try:
            return self.raw_call(method, request, asked, timeout_s)
        except grpc.RpcError as exc:
            raise node_error(self._address.name, asked, exc) from exc

    def raw_call(self, method: str, request: Any, asked: str, timeout_s: float) -> Any:
        """Make a unary call whose ``grpc.RpcError`` the caller reads itself."""
        self._check_open(asked)
        return getattr(self._stub, method)(request, timeout=timeout_s)

    def call_stream(self, method: str, request: Any, asked: str, timeout_s: float) -> Iterator[Any]:
        """Make a call that answers in several messages; the limit is for all of them."""
        self._check_open(asked)
        try:
            yield from getattr(self._stub, method)(request, timeout=timeout_s)
        except grpc.RpcError as exc:
            raise node_error(self._address.name, asked, exc) from exc

    def _check_open(self, asked: str) -> None:
        if self._closed.is_set():
            raise NodeUnreachable(self._address.name, asked, "the session ended")

    def _requests(self) -> Iterator[p4r.StreamMessageRequest]:
        """Feed gRPC's sending thread until the connection is closed."""
        while (message := self._outgoing.get()) is not None and not self._closed.is_set():
            yield message

    def _read(self) -> None:
        """Hand out what the node sends until the stream ends, and then say why it ended."""
        end: grpc.RpcError = StreamClosed()
        try:
            for message in self._stream:
                if message.WhichOneof("update") == "arbitration":
                    self._events.put(message.arbitration)
                else:
                    self._hand_out(message)
        except grpc.RpcError as exc:
            end = exc
        self._events.put(end)

    def _hand_out(self, message: p4r.StreamMessageResponse) -> None:
        try:
            self._on_message(message)
        except Exception:  # a fault of ours must neither end the thread nor go unseen
            LOG.exception("%s: a stream message was lost", self._address.name)
