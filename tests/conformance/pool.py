"""Workers, each in namespaces of its own, and tests handed out to them.

A worker has its own network namespace, where the ports are, and its own process namespace, so that
nothing that it has started outlives it; its mounts are its own for the sake of /sys. A worker that
does not answer within the time limit, or ends, is replaced, and its test has failed.
"""

from __future__ import annotations

import json
import os
import queue
import select
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.conformance.cases import Case
from tests.conformance.outcome import Outcome, Verdict
from tests.conformance.ports import DEVICE

ROOT = Path(__file__).resolve().parent.parent.parent
TEST_LIMIT_S = 120.0
_UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
_STOP_LIMIT_S = 10.0


def obstacle() -> str | None:
    """Why no test can run on this machine; None if they can."""
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    if not DEVICE.exists():
        return f"needs {DEVICE}, the kernel's TUN/TAP driver"
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "needs unshare (util-linux) and ip (iproute2)"
    return None


class WorkerError(Exception):
    """A worker ended or did not answer in time."""


class Worker:
    """One worker process for one kind of switch. A context manager."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._process: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def run(self, case: Case, limit_s: float = TEST_LIMIT_S) -> Outcome:
        """Run a test; never raises for what happens to the worker."""
        try:
            return Outcome.from_dict(self._ask(case.to_dict(), limit_s))
        except WorkerError as error:
            return Outcome(case.name, self._kind, Verdict.FAILED, str(error))

    def observe(self, case: Case, limit_s: float = TEST_LIMIT_S) -> dict[str, Any]:
        """Run a test that expects nothing; what was seen. Raises `WorkerError`."""
        return self._ask({**case.to_dict(), "observe": True}, limit_s)

    def _ask(self, request: dict[str, Any], limit_s: float) -> dict[str, Any]:
        try:
            return self._exchange(request, limit_s)
        except WorkerError:
            self._stop()
            raise

    def _exchange(self, request: dict[str, Any], limit_s: float) -> dict[str, Any]:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError("the runner's worker ended") from None
        answer: dict[str, Any] = json.loads(self._read_line(process, limit_s))
        return answer

    def _read_line(self, process: subprocess.Popen[bytes], limit_s: float) -> bytes:
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        while b"\n" not in self._pending:
            ready, _, _ = select.select([descriptor], [], [], limit_s)
            if not ready:
                raise WorkerError(f"the test did not end within {limit_s:g} s")
            data = os.read(descriptor, 65536)
            if not data:
                raise WorkerError("the runner's worker ended during the test")
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _start(self) -> subprocess.Popen[bytes]:
        self._pending = b""
        self._process = subprocess.Popen(
            [*_UNSHARE, sys.executable, "-m", "tests.conformance.worker", self._kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_LIMIT_S)
        process.stdout.close()


def run_cases(
    kind: str, cases: Iterable[Case], jobs: int, on_outcome: Callable[[Outcome], None]
) -> list[Outcome]:
    """Run tests on one kind of switch by `jobs` workers; outcomes in the order of the tests.

    `on_outcome` is called for each as it ends, by one thread at a time.
    """
    cases = list(cases)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for place in range(len(cases)):
        waiting.put(place)
    outcomes: dict[int, Outcome] = {}
    lock = threading.Lock()

    def work() -> None:
        with Worker(kind) as worker:
            while True:
                try:
                    place = waiting.get_nowait()
                except queue.Empty:
                    return
                outcome = worker.run(cases[place])
                with lock:
                    outcomes[place] = outcome
                    on_outcome(outcome)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(jobs, len(cases)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcomes[place] for place in range(len(cases)) if place in outcomes]
