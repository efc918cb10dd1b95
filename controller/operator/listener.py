"""Where operators' connections come in: a Unix socket of the owner's, or TCP behind TLS."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from controller.config.rpc_options import TlsOptions
from controller.errors import SocketUnusable
from controller.operator.socket_file import SocketFile
from controller.operator.tls import TlsChannel

LOG = logging.getLogger(__name__)

BACKLOG = 128
HANDSHAKE_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Peer:
    """A client that may ask."""

    channel: Any
    "What to talk through, a socket or the like."
    name: str
    "Who it is, for the log."


@dataclass(frozen=True)
class Accepted:
    """A connection that came in and may still have to prove who it is."""

    socket: socket.socket
    open: Callable[[], Peer | None]
    "Returns who it is and what to talk through; None if the client is turned away."

    def refuse(self) -> None:
        """End it at once."""
        self.socket.close()


class Listener(Protocol):
    """A place where connections come in; its text form says where."""

    def accept(self) -> Accepted:
        """Wait for the next one; raises ``OSError`` after ``close``."""

    def close(self) -> None:
        """Stop listening, and wake who accepts. Idempotent."""


class UnixListener:
    """The owner's Unix socket."""

    def __init__(self, path: Path) -> None:
        """Listen; raises ``SocketUnusable``."""
        self._file = SocketFile(path)

    def accept(self) -> Accepted:
        """Wait for the next connection."""
        sock, _ = self._file.socket.accept()
        return Accepted(sock, lambda: Peer(sock, _process_of(sock)))

    def close(self) -> None:
        """Stop listening and remove the socket's file."""
        self._file.close()

    def __str__(self) -> str:
        return str(self._file.path)


class TlsListener:
    """A TCP port for those who have a certificate that our authority signed."""

    def __init__(self, options: TlsOptions) -> None:
        """Listen.

        Raises:
            ConfigError: a certificate or key cannot be used.
            SocketUnusable: the port cannot be listened on.
        """
        self._options = options
        self._context = options.context()
        try:
            self._socket = _listen(options.host, options.port)
        except OSError as exc:
            raise SocketUnusable(f"cannot serve at {self}: {exc.strerror or exc}") from exc

    def accept(self) -> Accepted:
        """Wait for the next connection; its handshake is done when it is opened."""
        sock, peer = self._socket.accept()
        return Accepted(sock, lambda: self._open(sock, f"{peer[0]}:{peer[1]}"))

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _open(self, sock: socket.socket, peer: str) -> Peer | None:
        channel = TlsChannel(sock, self._context)
        try:
            sock.settimeout(HANDSHAKE_TIMEOUT_S)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            subject = channel.handshake()
            sock.settimeout(None)
        except OSError as exc:
            LOG.warning("a client from %s is turned away: %s", peer, exc)
            sock.close()
            return None
        LOG.info("%s connected from %s", subject, peer)
        return Peer(channel, subject)

    def __str__(self) -> str:
        return f"tls:{self._options.host}:{self._options.port}"


def _process_of(sock: socket.socket) -> str:
    """Name the process at the other end of a Unix socket (``SO_PEERCRED``)."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return f"process {struct.unpack('3i', credentials)[0]}"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
