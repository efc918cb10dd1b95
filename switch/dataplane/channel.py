"""Messages between the control process and the worker: marshalled tuples over a Unix socket.

`SOCK_SEQPACKET` keeps the messages apart. `marshal` is the fastest way to and from plain data, and
both ends are the same Python. What is long is cut into messages of which each takes the worker
some microseconds, for between two of them it serves packets; a message that is large all the same
travels in pieces, each with a first byte that says whether more follow.
"""

from __future__ import annotations

import marshal
import socket
from collections import deque
from collections.abc import Iterator

MAX_PIECE = 1 << 16
"""In bytes; well below what the kernel takes in one piece by default."""

_MORE, _LAST = b"+", b"."

_FORMAT = 2
"""The last of `marshal` that does not look for objects that come twice: it takes half the time."""


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def pieces(message: tuple) -> Iterator[bytes]:
    """What to send for a message, one after the other."""
    raw = marshal.dumps(message, _FORMAT)
    if len(raw) < MAX_PIECE:
        yield _LAST + raw
        return
    for start in range(0, len(raw), MAX_PIECE):
        flag = _LAST if start + MAX_PIECE >= len(raw) else _MORE
        yield flag + raw[start : start + MAX_PIECE]


class Assembly:
    """Puts messages together again."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, piece: bytes) -> tuple | None:
        """The message that a piece completes, None if more is to come."""
        if not self._parts and piece[:1] == _LAST:
            return marshal.loads(memoryview(piece)[1:])
        self._parts.append(piece[1:])
        if piece[:1] == _MORE:
            return None
        whole, self._parts = b"".join(self._parts), []
        return marshal.loads(whole)


class ControlEnd:
    """The control process's end: waits, but not for ever. One thread at a time."""

    def __init__(self, connection: socket.socket, timeout_s: float | None) -> None:
        connection.settimeout(timeout_s)
        self._connection = connection
        self._assembly = Assembly()

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._connection.fileno()

    def send(self, message: tuple) -> None:
        """Send a message. Raises `OSError` (`TimeoutError` if the worker does not take it)."""
        for piece in pieces(message):
            self._connection.send(piece)

    def receive(self) -> tuple:
        """The next message. Raises `EOFError` if the worker is gone, `TimeoutError`, `OSError`."""
        while True:
            piece = self._connection.recv(MAX_PIECE + 1)
            if not piece:
                raise EOFError
            message = self._assembly.add(piece)
            if message is not None:
                return message

    def hang_up(self) -> None:
        """Let both ends see the end, also a thread that is waiting in `receive`."""
        self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


class WorkerEnd:
    """The worker's end: never waits."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._assembly = Assembly()
        self._unsent: deque[bytes] = deque()

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._connection.fileno()

    @property
    def wants_to_send(self) -> bool:
        """Whether something waits until the other end reads."""
        return bool(self._unsent)

    def receive(self) -> tuple | None:
        """The next message; None if there is none now. Raises `EOFError` at the end."""
        try:
            piece = self._connection.recv(MAX_PIECE + 1)
        except (BlockingIOError, InterruptedError):
            return None
        except ConnectionError as error:
            raise EOFError from error
        if not piece:
            raise EOFError
        return self._assembly.add(piece)

    def send(self, message: tuple) -> None:
        """Send a message, later if the other end is slow."""
        self._unsent.extend(pieces(message))
        self.flush()

    def try_send(self, message: tuple) -> bool:
        """Send a message now or not at all. A large one whose first piece went is sent later."""
        if self._unsent:
            self.flush()
            if self._unsent:
                return False
        first, *rest = pieces(message)
        if not self._send(first):
            return False
        self._unsent.extend(rest)
        self.flush()
        return True

    def flush(self) -> None:
        """Send what waits, as far as the other end takes it."""
        while self._unsent and self._send(self._unsent[0]):
            self._unsent.popleft()

    def _send(self, piece: bytes) -> bool:
        try:
            self._connection.send(piece)
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionError as error:
            raise EOFError from error
        return True
