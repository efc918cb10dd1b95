"""Processes that a topology starts: switches, traffic, the management entity.

Each gets SIGTERM from the kernel when we die, whatever way (PR_SET_PDEATHSIG by setpriv), runs in a
session of its own (so that a Ctrl-C in the terminal reaches only us, who then stop everything in
order), logs into a file whose tail is quoted when it fails, and is stopped within a time limit
together with whatever it has started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from topo.errors import ProcessFailed

POLL_S = 0.02
STOP_TIMEOUT_S = 8.0
TAIL_LINES = 15


class ManagedProcess:
    """One process of ours, if `namespace_pid` is given in that process's network namespace."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        namespace_pid: int | None = None,
    ) -> None:
        enter = [] if namespace_pid is None else ["mnexec", "-a", str(namespace_pid)]
        self.name = name
        self.argv = [*enter, "setpriv", "--pdeathsig", "TERM", "--", *argv]
        self.log = log
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._told_to_end = False

    def start(self) -> None:
        """Start it; the log file is appended to, so that a restart keeps what came before."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        self._told_to_end = False

    @property
    def pid(self) -> int:
        """The process id; valid once started."""
        if self._process is None:
            raise ProcessFailed(f"{self.name} has not been started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def check(self) -> None:
        """Raise ProcessFailed, with the tail of the log, if it has ended."""
        if not self.alive:
            raise ProcessFailed(f"{self.name} {self._ending()}{self.tail()}")

    def wait_until(
        self, ready: Callable[[], bool], what: str, timeout_s: float, pause_s: float = POLL_S
    ) -> None:
        """Wait until `ready()`, with a pause after each look.

        ProcessFailed when the process ends first or `timeout_s` passes.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{self.name} {what} not within {timeout_s:.0f} s{self.tail()}")
            time.sleep(pause_s)

    def finish(self, number: signal.Signals, timeout_s: float) -> None:
        """Send a signal and wait for the end; ProcessFailed unless the status is 0."""
        self.check()
        os.kill(self.pid, number)
        self._wait(timeout_s)
        if self.alive:
            raise ProcessFailed(
                f"{self.name} did not end on {number.name} within {timeout_s:.0f} s{self.tail()}"
            )
        if self._process is not None and self._process.returncode != 0:
            raise ProcessFailed(f"{self.name} {self._ending()}{self.tail()}")

    def terminate(self) -> None:
        """Send SIGTERM, once, and do not wait: several processes end at the same time."""
        if self.alive and not self._told_to_end:
            self._told_to_end = True
            os.kill(self.pid, signal.SIGTERM)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Stop it: SIGTERM, after `timeout_s` SIGKILL, to all of its session. May be repeated."""
        if self._process is None:
            return
        self.terminate()
        self._wait(timeout_s)
        self._signal_group(signal.SIGKILL)
        self._wait(STOP_TIMEOUT_S)

    def tail(self) -> str:
        """Return the last lines of the log, indented, as the end of an error message."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        if not lines:
            return " and logged nothing"
        quoted = "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])
        return f"; its log ends:\n{quoted}"

    def _ending(self) -> str:
        status = None if self._process is None else self._process.poll()
        if status is None:
            return "is not running"
        return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"

    def _wait(self, timeout_s: float) -> None:
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s)

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def run_command(argv: Sequence[str], timeout_s: float = 10.0) -> subprocess.CompletedProcess[str]:
    """Run a short command; the caller judges the status. TimeoutExpired if it is not short."""
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False)
