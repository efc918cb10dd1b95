"""The RPC server: answers requests and passes on events, on a Unix socket of its owner's only.

The protocol is msgpack-rpc (https://github.com/msgpack-rpc/msgpack-rpc/blob/master/spec.md) as
os-ken's ``os_ken.lib.rpc`` speaks it:

- request ``[0, id, command, [arguments]]``, where ``arguments`` is a map from the names in
  ``controller.operator.commands`` to values; it may be left out. Several may be under way on a
  connection; answers come as they are ready, in any order.
- response ``[1, id, error, result]``: ``result`` is the command's data (a map), ``error`` a fault
  (see ``controller.operator.faults``); one of them is nil.
- ``ping`` (no arguments) answers ``{"version", "pid"}`` at once, however busy the rest is.
- ``subscribe`` (no arguments) has all events sent to this connection from now on, each as a
  notification ``[2, "event", [{"event": name, ...}]]``; see ``controller.events`` for them. A
  client that does not read them fast enough is disconnected.

Choices: each request is answered by a task of its own, so a long one delays no other. Each
connection has one task that writes, so messages never mix. Limits bound what one client can cost.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controller import hub
from controller.errors import HitlessError, ProtocolError, RequestError
from controller.operator import faults
from controller.operator.socket_file import SocketFile
from controller.operator.wire import (
    REQUEST_LIMIT_BYTES,
    Message,
    Notification,
    Request,
    Response,
    Wire,
)

LOG = logging.getLogger(__name__)

CONNECTION_LIMIT = 64
"Clients at once; further ones are disconnected."
REQUEST_LIMIT = 16
"Requests being answered at once, of all clients; further ones get the fault ``busy``."
OUTBOX_LIMIT = 1024
"Messages that wait for a client to read them."

Execute = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"Runs a command with arguments; may block, is called by several threads at once."


class RpcServer:
    """Serves commands at a Unix socket until it is closed."""

    def __init__(self, path: Path, execute: Execute, version: str) -> None:
        """Claim the socket; who connects is answered from ``start`` on.

        Raises:
            SocketUnusable: somebody else serves there, or the place is not safe.
        """
        self._file = SocketFile(path)
        self._execute = execute
        self._version = version
        self._connections: set[_Connection] = set()
        self._free = threading.BoundedSemaphore(REQUEST_LIMIT)
        self._closing = False

    def start(self) -> None:
        """Begin to serve, on the hub."""
        hub.spawn(self._accept, self._file.socket, name="rpc accept")
        LOG.info("commands are answered at %s", self._file.path)

    def close(self) -> None:
        """End all connections and remove the socket. Idempotent."""
        self._closing = True
        self._file.close()
        for connection in list(self._connections):
            connection.close()

    def publish(self, event: dict[str, Any]) -> None:
        """Send an event to all who subscribed."""
        for connection in list(self._connections):
            if connection.subscribed:
                connection.send(Notification("event", [event]))

    def _accept(self, listener: socket.socket) -> None:
        while not self._closing:
            try:
                sock, _ = listener.accept()
            except OSError as exc:
                if not self._closing:
                    LOG.error("no further commands are answered: %s", exc)
                return
            if len(self._connections) >= CONNECTION_LIMIT:
                LOG.warning("a client is turned away: %d are connected", CONNECTION_LIMIT)
                sock.close()
                continue
            connection = _Connection(sock, self._on_request)
            self._connections.add(connection)
            hub.spawn(self._read, connection, name="rpc connection")

    def _read(self, connection: _Connection) -> None:
        try:
            connection.read()
        finally:
            self._connections.discard(connection)
            connection.close()

    def _on_request(self, connection: _Connection, request: Request) -> None:
        """Start answering a request; called by the connection's reading task."""
        if request.method == "ping":
            result = {"version": self._version, "pid": os.getpid()}
            connection.send(Response(request.msgid, None, result))
        elif request.method == "subscribe":
            connection.subscribed = True
            connection.send(Response(request.msgid, None, {}))
        elif self._free.acquire(blocking=False):
            hub.spawn(self._answer, connection, request, name=f"rpc {request.method}")
        else:
            connection.send(Response(request.msgid, faults.busy(REQUEST_LIMIT), None))

    def _answer(self, connection: _Connection, request: Request) -> None:
        try:
            result = hub.call(self._run, request)
            connection.send(Response(request.msgid, None, result))
        except HitlessError as exc:
            LOG.info("%s refused: %s", request.method, exc)
            connection.send(Response(request.msgid, faults.fault_of(exc), None))
        except Exception as exc:
            LOG.exception("error in the command %s", request.method)
            connection.send(Response(request.msgid, faults.fault_of(exc), None))
        finally:
            self._free.release()

    def _run(self, request: Request) -> Mapping[str, Any]:
        match request.params:
            case []:
                return self._execute(request.method, {})
            case [dict() as arguments]:
                return self._execute(request.method, arguments)
        raise RequestError(f"{request.method}: the parameters must be one map of arguments")


class _Connection:
    """One client."""

    def __init__(
        self, sock: socket.socket, on_request: Callable[[_Connection, Request], None]
    ) -> None:
        self.subscribed = False
        self._socket = sock
        self._wire = Wire(sock, REQUEST_LIMIT_BYTES)
        self._on_request = on_request
        self._outbox: hub.Mailbox[Message] = hub.Mailbox(OUTBOX_LIMIT)
        hub.spawn(self._write, name="rpc writer")

    def read(self) -> None:
        """Hand on requests until the client is gone or talks nonsense."""
        try:
            while (message := self._wire.receive()) is not None:
                if isinstance(message, Request):
                    self._on_request(self, message)
        except ProtocolError as exc:
            LOG.warning("a client is disconnected: %s", exc)
        except OSError as exc:
            LOG.debug("a client is gone: %s", exc)

    def send(self, message: Message) -> None:
        """Have a message sent; one that cannot wait any more ends the connection."""
        try:
            self._outbox.put(message)
        except hub.MailboxFull:
            LOG.warning("a client is disconnected: it does not read its %d messages", OUTBOX_LIMIT)
            self._hang_up()

    def close(self) -> None:
        """End the connection; what waits to be sent is dropped. Idempotent."""
        self._outbox.close()
        self._hang_up()

    def _hang_up(self) -> None:
        """Wake both tasks, whatever they wait for."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _write(self) -> None:
        try:
            for message in self._outbox:
                self._send(message)
        except OSError as exc:
            LOG.debug("a client is gone: %s", exc)
            self._hang_up()
        finally:
            self._socket.close()

    def _send(self, message: Message) -> None:
        try:
            self._wire.send(message)
        except (TypeError, ValueError, OverflowError) as exc:
            LOG.exception("this cannot be sent: %s", message)
            if isinstance(message, Response):
                self._wire.send(Response(message.msgid, faults.fault_of(exc), None))
