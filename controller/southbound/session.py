"""A session with a node, kept up: connect, arbitrate, watch, and begin again when it breaks.

Choices:
- One thread per node does all that takes time, in order: connecting, arbitration, what the driver
  prepares on a fresh session, probing. The connection's own thread only reads.
- A node counts as ready when the driver has prepared it, not when it has answered.
- The pauses between tries grow until a session has lasted for as long as the longest pause, so
  that a node that accepts and hangs up is not called ten times a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import grpc
from finsy.proto import p4r

from controller.errors import (
    NodeError,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    NotPrimary,
    in_words,
)
from controller.southbound.arbitration import Arbitration
from controller.southbound.backoff import Backoff
from controller.southbound.connection import Connection, StreamEvent
from controller.southbound.driver import NodeAddress, NodeState
from controller.southbound.rpc import code_of, message_of, node_error

LOG = logging.getLogger(__name__)

_JOIN_S = 10.0
_CLAIMS = 8  # in one session


class Session:
    """The session with one node.

    Args:
        address: The node.
        prepare: Makes the node ready, on each new session and each new state; raises ``NodeError``.
        changed: Hears that the state, or the reason for it, changed.
        received: Takes each message of the stream that is not about arbitration.

    The first two are called by the session's thread, the third by the connection's.
    """

    def __init__(
        self,
        address: NodeAddress,
        prepare: Callable[[Connection, NodeState], None],
        changed: Callable[[NodeState, str], None],
        received: Callable[[p4r.StreamMessageResponse], None],
    ) -> None:
        self._address = address
        self._prepare = prepare
        self._changed = changed
        self._received = received
        self._options = address.options
        self._arbitration = Arbitration(address.device_id, address.election_id)
        self._backoff = Backoff(self._options.backoff_first_s, self._options.backoff_limit_s)
        self._stopping = threading.Event()
        self._news = threading.Condition()
        self._state = NodeState.DOWN
        self._reason = "not started"
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._claims = 0

    @property
    def state(self) -> NodeState:
        """What the node is to this controller now."""
        return self._state

    @property
    def election_id(self) -> int:
        """The election id that writes have to carry."""
        return self._arbitration.election_id

    def start(self) -> None:
        """Begin, in a thread of the session's own; return at once."""
        if self._thread is not None:
            raise RuntimeError(f"{self._address.name}: the session was started already")
        self._thread = threading.Thread(
            target=self._run, name=f"{self._address.name}-session", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the session and its threads. Idempotent."""
        self._stopping.set()
        connection = self._connection
        if connection is not None:
            connection.close()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_S)

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until this controller is primary; raises NodeUnreachable or NotPrimary."""
        with self._news:
            self._news.wait_for(lambda: self._state is NodeState.PRIMARY, timeout_s)
        self.connection(f"ready within {timeout_s:g} s", primary=True)

    def connection(self, asked: str, *, primary: bool = False) -> Connection:
        """Return the live connection, or say why there is none; ``primary``: one that may write."""
        with self._news:
            connection, state, reason = self._connection, self._state, self._reason
        if connection is None or state is NodeState.DOWN:
            raise NodeUnreachable(
                self._address.name, asked, reason, f"is the switch up at {self._address.grpc}?"
            )
        if primary and state is not NodeState.PRIMARY:
            raise NotPrimary(self._address.name, asked, reason)
        return connection

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = self._one_session()
            if time.monotonic() - began > self._options.backoff_limit_s:
                self._backoff.reset()
            self._enter(NodeState.DOWN, "stopped" if self._stopping.is_set() else reason)
            self._stopping.wait(self._backoff.next_s())

    def _one_session(self) -> str:
        """Keep one connection as long as it lasts; return why it ended."""
        self._arbitration.begin()
        self._claims = 0
        connection = self._connection = Connection(self._address, self._received)
        try:
            self._attend(connection)
        except NodeError as exc:
            return exc.reason
        except Exception as exc:  # a fault of ours must neither end the thread nor go unseen
            return in_words(exc, LOG, f"{self._address.name}: the session")
        finally:
            connection.close()
        return "stopped"

    def _attend(self, connection: Connection) -> None:
        """Arbitrate, then follow the news of one connection; raises ``NodeError`` at its end."""
        connection.send(self._arbitration.request(), "arbitration")
        timeout_s = self._options.connect_timeout_s
        while not self._stopping.is_set():
            event = connection.next_event(timeout_s)
            if event is not None:
                self._follow(connection, event)
            elif self._state is NodeState.DOWN:
                raise NodeTimeout(self._address.name, "arbitration", "no answer in time")
            else:
                self._probe(connection)
            timeout_s = self._options.keepalive_s

    def _follow(self, connection: Connection, event: StreamEvent) -> None:
        """Act on one piece of news; raises ``NodeError`` if it is the end."""
        if isinstance(event, grpc.RpcError):
            raise self._broken(event)
        try:
            verdict = self._arbitration.judge(event)
        except ValueError as exc:
            raise NodeRefused(self._address.name, "arbitration", str(exc)) from exc
        if verdict.claim:
            self._claim(connection)
            return
        if verdict.state is not self._state:
            self._prepare(connection, verdict.state)
        self._enter(verdict.state, verdict.reason)

    def _claim(self, connection: Connection) -> None:
        """Ask to be primary of a node that has none; a node that keeps saying so is given up."""
        self._claims += 1
        if self._claims > _CLAIMS:
            raise NodeRefused(
                self._address.name, "arbitration", f"no primary after {_CLAIMS} tries"
            )
        connection.send(self._arbitration.request(), "arbitration")

    def _probe(self, connection: Connection) -> None:
        """Find out whether a quiet node is still there; raises ``NodeError`` if not."""
        try:
            connection.call(
                "Capabilities", p4r.CapabilitiesRequest(), "probe", self._options.call_timeout_s
            )
        except NodeRefused as exc:
            LOG.debug("%s: answers, if only with an error: %s", self._address.name, exc)

    def _broken(self, error: grpc.RpcError) -> NodeError:
        code, message = code_of(error), message_of(error)
        if self._arbitration.conflict(code, message):
            return NodeRefused(self._address.name, "arbitration", f"{message}: trying again")
        return node_error(self._address.name, "session", error)

    def _enter(self, state: NodeState, reason: str) -> None:
        """Take on a state and tell the user, unless it is the same news again."""
        with self._news:
            if (state, reason) == (self._state, self._reason):
                return
            self._state, self._reason = state, reason
            self._news.notify_all()
        self._changed(state, reason)
