"""The server's end of a TLS connection, for one task that reads and one that writes.

Choices: OpenSSL allows no reading and writing at the same time on one object, and Python does not
guard it. So the cryptography happens in memory (``ssl.MemoryBIO``) under a lock that is never held
while anything waits, which suits green threads too; the socket is read by one task and written by
the other. After the handshake only the writer sends: what the reader's side has to say (an answer
to a new key) goes with the next message.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Any

CHUNK_BYTES = 65_536


class TlsChannel:
    """What a ``Wire`` needs of a socket, over TLS."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Make the server's end; ``handshake`` comes first."""
        self._socket = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._lock = threading.Lock()

    def handshake(self) -> str:
        """Let both sides prove who they are; return the client's name.

        Raises:
            OSError: the client has no good certificate, vanished, or took too long.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._socket.sendall(self._outgoing.read())
                if not self._fill():
                    raise ConnectionResetError("it hung up in the handshake") from None
            except ssl.SSLError:
                self._socket.sendall(self._outgoing.read())  # the alert says why
                raise
        self._socket.sendall(self._outgoing.read())
        certificate: Mapping[str, Any] = self._tls.getpeercert() or {}
        names = [value for part in certificate.get("subject", ()) for _, value in part]
        return ", ".join(map(str, names)) or "a client without a name"

    def recv(self, size: int) -> bytes:
        """Wait for data; empty when the client has closed the connection."""
        while True:
            with self._lock:
                try:
                    return self._tls.read(size)
                except ssl.SSLZeroReturnError:
                    return b""
                except ssl.SSLWantReadError:
                    pass
            if not self._fill():
                return b""

    def sendall(self, data: bytes) -> None:
        """Send data whole."""
        with self._lock:
            sent = 0
            while sent < len(data):
                sent += self._tls.write(data[sent:])
            encrypted = self._outgoing.read()
        self._socket.sendall(encrypted)

    def settimeout(self, timeout_s: float | None) -> None:
        """Set the time limit of the calls above."""
        self._socket.settimeout(timeout_s)

    def shutdown(self, how: int) -> None:
        """End the connection for both tasks."""
        self._socket.shutdown(how)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _fill(self) -> bool:
        """Take in what the socket has; False at its end."""
        data = self._socket.recv(CHUNK_BYTES)
        with self._lock:
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
        return bool(data)
