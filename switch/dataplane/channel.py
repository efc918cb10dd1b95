"""Messages between the control process and the worker: marshalled tuples over a Unix socket.

`SOCK_SEQPACKET` keeps the messages apart. `marshal` is the fastest way to and from plain data, and
both ends are the same Python. What is long is cut into messages of which each takes the worker
some microseconds, for between two of them it serves packets.
"""

from __future__ import annotations

import marshal
import socket
from collections import deque

MAX_MESSAGE = 1 << 17
"""In bytes; below what the kernel takes in one piece by default."""


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class WorkerEnd:
    """The worker's end: never waits."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._unsent: deque[bytes] = deque()

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._connection.fileno()

    @property
    def wants_to_send(self) -> bool:
        """Whether messages wait until the other end reads."""
        return bool(self._unsent)

    def receive(self) -> tuple | None:
        """The next message; None if there is none now. Raises `EOFError` at the end."""
        try:
            raw = self._connection.recv(MAX_MESSAGE)
        except (BlockingIOError, InterruptedError):
            return None
        except ConnectionError as error:
            raise EOFError from error
        if not raw:
            raise EOFError
        return marshal.loads(raw)

    def send(self, message: tuple) -> None:
        """Send a message, later if the other end is slow."""
        self._unsent.append(marshal.dumps(message))
        self.flush()

    def try_send(self, message: tuple) -> bool:
        """Send a message now or not at all."""
        if self._unsent:
            return False
        return self._send(marshal.dumps(message))

    def flush(self) -> None:
        """Send what waits, as far as the other end takes it."""
        while self._unsent and self._send(self._unsent[0]):
            self._unsent.popleft()

    def _send(self, raw: bytes) -> bool:
        try:
            self._connection.send(raw)
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionError as error:
            raise EOFError from error
        return True
