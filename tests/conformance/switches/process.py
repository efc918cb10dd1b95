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

    id: str
    state: str
    switches: tuple[str, ...]
    """How often it was taken off a processor, of its own accord and not."""


def _threads(session: int) -> Iterator[_Thread]:
    """Yield the threads of a session, but for those of processes that just end."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(process.name)) != session:
                continue
            for task in process.glob("task/[0-9]*"):
                lines = (task / "status").read_text().splitlines()
                said = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
                switches = (said["voluntary_ctxt_switches"], said["nonvoluntary_ctxt_switches"])
                yield _Thread(task.name, said["State"][0], switches)


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

        What arrives wakes the thread that reads it, which wakes others before it waits again. So
        one may have been woken after it was looked at, by one that then waits when it is looked at.
        Only if none has run between two looks at all of them have all waited at the same time.
        """
        before = list(_threads(self.pid))
        if any(thread.state in RUNNING for thread in before):
            return False
        return before == list(_threads(self.pid))

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
