"""One client's connection, at the server: requests come in, messages go out.

Choices: one task reads and one writes, so messages never mix. A part of a long answer is sent only
while few are waiting, so a client that reads slowly holds up its own stream and costs no memory;
any other message that finds the outbox full ends the connection.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from controller import hub
from controller.errors import ProtocolError
from controller.operator import faults
from controller.operator.listener import Peer
from controller.operator.subscription import Subscription
from controller.operator.wire import (
    REQUEST_LIMIT_BYTES,
    Message,
    Notification,
    Request,
    Response,
    Wire,
)

LOG = logging.getLogger(__name__)

OUTBOX_LIMIT = 1024
"Messages that wait for a client to read them."
PART_LIMIT = 8
"Parts of long answers that wait for it."
STALL_TIMEOUT_S = 30.0
"A client that takes no part of its answer for so long is disconnected."


class Connection:
    """One client."""

    def __init__(self, peer: Peer, on_request: Callable[[Connection, Request], None]) -> None:
        sock = peer.channel
        self.who = peer.name
        self.subscription: Subscription | None = None
        self._socket = sock
        self._wire = Wire(sock, REQUEST_LIMIT_BYTES)
        self._on_request = on_request
        self._outbox: hub.Mailbox[Message] = hub.Mailbox(OUTBOX_LIMIT)
        self._room = threading.Semaphore(PART_LIMIT)
        self._over = False
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

    def send_part(self, msgid: int, part: Any) -> bool:
        """Have a part of an answer sent, when there is room; False if nobody wants it any more.

        It blocks; not to be called on the hub.
        """
        if not self._room.acquire(timeout=STALL_TIMEOUT_S):
            LOG.warning("a client is disconnected: it does not read what it asked for")
            self._hang_up()
        if self._over:
            self._room.release()  # for the next who waits
            return False
        self.send(Notification("part", [msgid, part]))
        return True

    def close(self) -> None:
        """End the connection; what waits to be sent is dropped. Idempotent."""
        self._outbox.close()
        self._hang_up()

    def _hang_up(self) -> None:
        """Wake all tasks, whatever they wait for."""
        self._over = True
        self._room.release()
        with contextlib.suppress(OSError):  # the client has hung up already
            self._socket.shutdown(socket.SHUT_RDWR)

    def _write(self) -> None:
        """Send until the reading task has ended; only then is the socket closed.

        A green thread that waits on a socket which another one closes may never wake: eventlet's
        poll has forgotten the descriptor.
        """
        for message in self._outbox:
            if self._over:
                continue  # it is dropped
            try:
                self._send(message)
            except OSError as exc:
                LOG.debug("a client is gone: %s", exc)
                self._hang_up()
            if isinstance(message, Notification) and message.method == "part":
                self._room.release()
        self._socket.close()

    def _send(self, message: Message) -> None:
        try:
            self._wire.send(message)
        except (TypeError, ValueError, OverflowError) as exc:
            LOG.exception("this cannot be sent: %s", message)
            if isinstance(message, Response):
                self._wire.send(Response(message.msgid, faults.fault_of(exc), None))
