"""A switch's process: started, watched, stopped; its last words kept for the report."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

STOP_LIMIT_S = 5.0
TAIL_LINES = 12
RUNNING = ("R", "D")
"""States of proc(5): on a processor or in line for one, and waiting for a disk."""


class _Thread(NamedTuple):
    """What proc(5) says of one."""

    state: str
    session: int


def _threads() -> Iterator[_Thread]:
    """Yield the threads that there are, but for those of processes that just end."""
    for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            yield _Thread(state, int(session))


class SwitchProcess:
    """One process. A context manager: stopped after it, whatever happened."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SwitchProcess:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
        self._log.close()

    @property
    def pid(self) -> int:
        """The process id; valid while it is entered."""
        assert self._process is not None
        return self._process.pid

    def ending(self) -> str | None:
        """How the process ended by itself, in words; None while it runs."""
        status = None if self._process is None else self._process.poll()
        if status is None:
            return None
        if status < 0:
            return f"killed by {signal.Signals(-status).name}"
        return f"exit status {status}"

    def is_at_rest(self) -> bool:
        """Tell whether all its threads wait: then it has taken in what was sent to it before.

        What arrives wakes the thread that reads it, which wakes others before it waits again.
        """
        return not any(
            thread.state in RUNNING for thread in _threads() if thread.session == self.pid
        )

    def last_words(self) -> str:
        """The end of what the process has written."""
        self._log.flush()
        size = os.fstat(self._log.fileno()).st_size
        data = os.pread(self._log.fileno(), 16384, max(0, size - 16384))
        return "\n".join(data.decode(errors="replace").splitlines()[-TAIL_LINES:])

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_LIMIT_S)
