"""Connecting to a management entity, and saying why that did not work."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import struct
import time
from pathlib import Path

from controller.errors import NotRunning
from controller.operator.address import Address, TlsAddress

CONNECT_TIMEOUT_S = 2.0
HANDSHAKE_TIMEOUT_S = 10.0
"TLS takes a busy management entity, or a far one, longer than to accept."


def connect(address: Address) -> socket.socket:
    """Return a connected socket.

    Raises:
        NotRunning: nobody serves there, or this user may not connect.
    """
    try:
        return _tls(address) if isinstance(address, TlsAddress) else _unix(address)
    except OSError as exc:
        raise NotRunning(_why_not(address, exc)) from exc


def _unix(path: Path) -> socket.socket:
    """Connect, waiting for a place in the queue of those who want to."""
    deadline = time.monotonic() + CONNECT_TIMEOUT_S
    while True:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(CONNECT_TIMEOUT_S)
        try:
            sock.connect(str(path))
            if not may_serve(_owner_of(sock), os.geteuid()):
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            return sock
        except OSError as exc:
            sock.close()
            # A full queue is no reason to wait for a Unix socket with a time limit: it says so.
            if not isinstance(exc, BlockingIOError) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def may_serve(owner: int, user: int) -> bool:
    """Tell whether a user believes a process that serves as its owner (user ids).

    Where the usual place of the socket is below /tmp, anybody could serve there first.
    """
    return user == 0 or owner in (0, user)


def _owner_of(sock: socket.socket) -> int:
    """Return the user id of the process at the other end (``SO_PEERCRED``)."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _tls(address: TlsAddress) -> socket.socket:
    context = ssl.create_default_context(cafile=str(address.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(address.certificate, address.key)
    plain = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
    try:
        plain.settimeout(HANDSHAKE_TIMEOUT_S)
        return context.wrap_socket(plain, server_hostname=address.host)
    except OSError:
        plain.close()
        raise


def _why_not(address: Address, exc: OSError) -> str:
    match exc:
        case ssl.SSLCertVerificationError():
            return f"{address} is not who it should be: {exc.verify_message}"
        case ssl.SSLError():
            return f"no TLS with {address}: {exc.reason or exc}"
        case FileNotFoundError() | ConnectionRefusedError():
            return (
                f"no management entity runs at {address}; start it with: osken-manager"
                " apps/me_app.py --config-file FILE, or name another place with --rpc"
            )
        case PermissionError():
            return f"{address} belongs to another user; only its owner may give commands"
        case TimeoutError() | BlockingIOError():
            return f"the management entity at {address} accepts no connection: it hangs"
    return f"cannot connect to {address}: {exc.strerror or exc}"
