"""The log on standard error, written by a thread of its own.

Whoever reads standard error may be slow, stopped or gone, and a disk may be full: nobody who logs
waits for that. What does not fit the backlog is dropped and counted.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread

MAX_BACKLOG = 4096
"""In records."""
FLUSH_TIMEOUT_S = 1.0
"""For what is still in the backlog at the end."""


class BacklogHandler(logging.Handler):
    """Formats records and leaves them to a thread that writes them to a file descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._dropped = 0
        self._thread = Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record; never waits."""
        if self._lines.qsize() >= MAX_BACKLOG:
            self._dropped += 1
            return
        if self._dropped:
            self._lines.put(f"{self._dropped} log records were dropped")
            self._dropped = 0
        try:
            self._lines.put(self.format(record))
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Write what is left, for a moment."""
        self._lines.put(None)
        self._thread.join(FLUSH_TIMEOUT_S)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            data = (line + "\n").encode("utf-8", "backslashreplace")
            while data:
                try:
                    data = data[os.write(self._descriptor, data) :]
                except OSError:  # nobody reads, or the disk is full: there is no place to say so
                    break


@contextmanager
def logging_to_stderr(level: str, form: str) -> Iterator[None]:
    """Log to standard error while the context lasts."""
    handler = BacklogHandler(2)
    handler.setFormatter(logging.Formatter(form))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
