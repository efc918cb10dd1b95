"""The Unix socket that the management entity serves on: made safely, replaced if nobody serves.

Choices:
- Only the owner may connect: the file's mode is 0600 before the first connection is taken, and
  the directory must be one in which nobody else can put another file in its place.
- A socket left behind by a process that died refuses connections, and is replaced. One that
  accepts them belongs to a live process, and is left alone.
- Two processes that claim the same path at once take turns, by a lock on the directory (which,
  unlike a lock file, leaves nothing behind).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from controller.errors import SocketUnusable

BACKLOG = 128
LOCK_TIMEOUT_S = 2.0
PATH_LIMIT_BYTES = 107
"Longest path that a Unix socket address holds on Linux."


class SocketFile:
    """A listening socket and the file it is reached by."""

    def __init__(self, path: Path) -> None:
        """Make the socket and listen.

        Raises:
            SocketUnusable: a live process serves there, or the place is not safe or not writable.
        """
        self.path = path
        if len(os.fsencode(path)) > PATH_LIMIT_BYTES:
            raise SocketUnusable(f"{path}: longer than the {PATH_LIMIT_BYTES} bytes of an address")
        try:
            _make_directory(path.parent)
            with _turn(path.parent):
                _remove_stale(path)
                self.socket = _listen(path)
                self._inode = path.stat().st_ino
        except OSError as exc:
            raise SocketUnusable(f"cannot serve at {path}: {exc.strerror or exc}") from exc

    def close(self) -> None:
        """Stop listening, wake who accepts, and remove the file if it is still ours."""
        with contextlib.suppress(OSError):  # closed already
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        with contextlib.suppress(FileNotFoundError):  # somebody has removed it
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()


def _make_directory(directory: Path) -> None:
    """Make the last part of the path if it is missing, and refuse one that others can write to."""
    with contextlib.suppress(FileExistsError):  # what it is, and whose, is seen below
        directory.mkdir(mode=0o700)
    found = directory.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise SocketUnusable(f"{directory} is not a directory")
    if found.st_uid not in (0, os.geteuid()):
        raise SocketUnusable(f"{directory} belongs to another user (id {found.st_uid})")
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others_write and not found.st_mode & stat.S_ISVTX:
        raise SocketUnusable(
            f"{directory} can be written to by others, who could put a socket of theirs there:"
            f" chmod go-w {directory}"
        )


@contextlib.contextmanager
def _turn(directory: Path) -> Iterator[None]:
    """Hold the lock on a directory."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise SocketUnusable(f"{directory} stays locked by another process")
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SocketUnusable(f"{path} exists and is not a socket; it is left alone")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except (TimeoutError, BlockingIOError):
            pass  # somebody listens, and is busy
    raise SocketUnusable(f"{path}: a management entity serves there already; stop it first")


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        # Nobody can connect before listen, so the mode is in force for everyone.
        path.chmod(0o600)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
