"""The RPC server: answers requests and passes on events.

The protocol is msgpack-rpc (https://github.com/msgpack-rpc/msgpack-rpc/blob/master/spec.md) as
os-ken's ``os_ken.lib.rpc`` speaks it; ``docs/rpc.md`` describes it for those who write clients:

- request ``[0, id, method, [arguments, options]]``; both may be left out. Several may be under way
  on a connection; answers come as they are ready, in any order.
- response ``[1, id, error, result]``: ``result`` is the command's data (a map), ``error`` a fault
  (see ``controller.operator.faults``); one of them is nil.
- with the option ``{"stream": true}`` the data comes in parts, as notifications
  ``[2, "part", [id, part]]``; the response ends them, and its ``result`` is ``{"parts": count}``.
- ``ping`` (no arguments) answers ``{"version", "pid"}`` at once, however busy the rest is.
- ``subscribe`` has events sent to this connection from now on, each as a notification
  ``[2, "event", [{"event": kind, ...}]]``. A client that does not read them fast enough is
  disconnected.

Choices: each request is answered by a task of its own, so a long one delays no other. Limits bound
what one client can cost.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from controller import hub
from controller.config.rpc_options import TlsOptions
from controller.errors import HitlessError, RequestError
from controller.operator import faults
from controller.operator.command import OPERATOR, Answer, Data, join
from controller.operator.connection import Connection
from controller.operator.listener import Accepted, Listener, TlsListener, UnixListener
from controller.operator.subscription import Subscription
from controller.operator.wire import Notification, Request, Response

LOG = logging.getLogger(__name__)

CONNECTION_LIMIT = 64
"Clients at once; further ones are disconnected."
ACCEPT_AGAIN_S = 0.5
"Before another try to let clients in, where the process has no descriptor left for one."
REQUEST_LIMIT = 16
"Requests being answered at once, of all clients; further ones get the fault ``busy``."

Execute = Callable[[str, Mapping[str, Any]], Answer]
"Runs a command with arguments; may block, is called by several threads at once."


class RpcServer:
    """Serves commands at a Unix socket, and behind TLS if that is asked for, until it is closed."""

    def __init__(
        self, path: Path, execute: Execute, version: str, tls: TlsOptions | None = None
    ) -> None:
        """Claim the sockets; who connects is answered from ``start`` on.

        Raises:
            SocketUnusable: somebody else serves there, or the place is not safe.
            ConfigError: the files for TLS cannot be used.
        """
        self._listeners: list[Listener] = [UnixListener(path)]
        try:
            self._listeners += [TlsListener(tls)] if tls else []
        except HitlessError:
            self._listeners[0].close()
            raise
        self._execute = execute
        self._version = version
        self._connections: set[Connection] = set()
        self._places = threading.BoundedSemaphore(CONNECTION_LIMIT)
        self._free = threading.BoundedSemaphore(REQUEST_LIMIT)
        self._workers = hub.Workers("rpc answer")
        self._closing = False

    def start(self) -> None:
        """Begin to serve, on the hub."""
        for listener in self._listeners:
            hub.spawn(self._accept, listener, name="rpc accept")
            LOG.info("commands are answered at %s", listener)

    def close(self) -> None:
        """End all connections and remove the sockets. Idempotent."""
        self._closing = True
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.close()
        self._workers.close()

    def publish(self, event: dict[str, Any]) -> None:
        """Send an event to all who subscribed to its kind."""
        for connection in list(self._connections):
            subscription = connection.subscription
            if subscription is not None and subscription.wants(event):
                connection.send(Notification("event", [event]))

    def _accept(self, listener: Listener) -> None:
        while not self._closing:
            try:
                accepted = listener.accept()
            except OSError as exc:
                if self._closing:
                    return
                LOG.error("no client is let in at %s now: %s", listener, exc)
                time.sleep(ACCEPT_AGAIN_S)  # on eventlet a green one
                continue
            if self._places.acquire(blocking=False):
                hub.spawn(self._serve, accepted, name="rpc connection")
            else:
                LOG.warning("a client is turned away: %d are connected", CONNECTION_LIMIT)
                accepted.refuse()

    def _serve(self, accepted: Accepted) -> None:
        """Talk to a client until it is gone."""
        try:
            peer = accepted.open()
            if peer is None:
                return
            connection = Connection(peer, self._on_request)
            self._connections.add(connection)
            try:
                connection.read()
            finally:
                self._connections.discard(connection)
                connection.close()
        finally:
            self._places.release()

    def _on_request(self, connection: Connection, request: Request) -> None:
        """Start answering a request; called by the connection's reading task."""
        if request.method == "ping":
            result = {"version": self._version, "pid": os.getpid()}
            connection.send(Response(request.msgid, None, result))
        elif self._free.acquire(blocking=False):
            self._workers.do(self._answer, connection, request)
        else:
            connection.send(Response(request.msgid, faults.busy(REQUEST_LIMIT), None))

    def _answer(self, connection: Connection, request: Request) -> None:
        try:
            result = hub.call(self._run, connection, request)
            if request.method == "subscribe":
                connection.subscription = Subscription.of(result)
            connection.send(Response(request.msgid, None, result))
        except HitlessError as exc:
            LOG.info("%s refused: %s", request.method, exc)
            connection.send(Response(request.msgid, faults.fault_of(exc), None))
        except Exception as exc:
            LOG.exception("error in the command %s", request.method)
            connection.send(Response(request.msgid, faults.fault_of(exc), None))
        finally:
            self._free.release()

    def _run(self, connection: Connection, request: Request) -> Data:
        """Run a command; not on the hub."""
        OPERATOR.set(connection.who)
        arguments, stream = _parameters(request)
        answer = self._execute(request.method, arguments)
        parts = iter([answer]) if isinstance(answer, dict) else answer
        return self._send_parts(connection, request.msgid, parts) if stream else join(parts)

    def _send_parts(self, connection: Connection, msgid: int, parts: Iterator[Data]) -> Data:
        count = 0
        for part in parts:
            if not connection.send_part(msgid, part):
                break
            count += 1
        return {"parts": count}


def _parameters(request: Request) -> tuple[Mapping[str, Any], bool]:
    """Return the arguments, and whether the answer shall come in parts."""
    match request.params:
        case []:
            return {}, False
        case [dict() as arguments]:
            return arguments, False
        case [dict() as arguments, {"stream": bool() as stream, **others}] if not others:
            return arguments, stream
    raise RequestError(
        f"{request.method}: the parameters must be one map of arguments, and may be followed by"
        ' a map of options: {"stream": true}'
    )
