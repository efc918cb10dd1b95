"""The worker process as the control process sees it: start, ask, stop.

Requests go out in windows, so that a large operation cut into many small ones does not wait for
each answer; answers come back in the same order.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from switch.dataplane.channel import ControlEnd, make_pair
from switch.dataplane.errors import DataPlaneError, RequestRefused, WorkerGone

ANSWER_TIMEOUT_S = 10.0
"""For each single answer; every request is a piece of work of some microseconds."""

STOP_TIMEOUT_S = 5.0
WINDOW = 32
"""Requests sent together, before the first answer is waited for."""

Request = tuple[Any, ...]
"""The name of a function of `switch.dataplane.requests`, and its arguments."""

_ROOT = Path(__file__).resolve().parents[2]


def nothing() -> None:
    """What there is to do meanwhile, mostly."""


class WorkerProcess:
    """A running worker. Thread-safe: operations of several threads follow each other."""

    def __init__(
        self, device_id: int, start_ns: int, cpu_port: int | None, priority_queues: int
    ) -> None:
        """Start the process."""
        self._name = f"data-plane worker of device {device_id}"
        requests, request_end = make_pair()
        events, event_end = make_pair()
        self._requests = ControlEnd(requests, ANSWER_TIMEOUT_S)
        self.events = ControlEnd(events, None)
        self._lock = threading.Lock()
        self._serial = 0
        with request_end, event_end:
            port = -1 if cpu_port is None else cpu_port
            self._process = self._spawn(request_end, event_end, start_ns, port, priority_queues)

    @staticmethod
    def _spawn(
        requests: socket.socket, events: socket.socket, *numbers: int
    ) -> subprocess.Popen[bytes]:
        descriptors = (requests.fileno(), events.fileno())
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        arguments = map(str, (*descriptors, *numbers))
        return subprocess.Popen(
            [sys.executable, "-m", "switch.dataplane.worker", *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=descriptors,
            env={**os.environ, "PYTHONPATH": path},
        )

    @property
    def process_id(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def ask(self, name: str, *arguments: Any) -> Any:
        """One request and its answer."""
        (answer,) = self.ask_all([(name, *arguments)])
        return answer

    def ask_all(
        self, requests: Iterable[Request], meanwhile: Callable[[], object] = nothing
    ) -> list[Any]:
        """Several requests in order, and their answers.

        `meanwhile` is done while the worker is at the first of them. Raises `RequestRefused` for
        the first that is refused; others of its window were carried out all the same.
        """
        answers: list[Any] = []
        iterator = iter(requests)
        while window := list(islice(iterator, WINDOW)):
            with self._lock:  # other threads have their turn between two windows
                answers += self._exchange(window, meanwhile)
            meanwhile = nothing
        return answers

    def tell(self, name: str, *arguments: Any) -> None:
        """A request that is not answered."""
        with self._lock:
            self._send((0, name, *arguments))

    def _exchange(self, requests: Sequence[Request], meanwhile: Callable[[], object]) -> list[Any]:
        """Send all, then take all answers."""
        first = self._serial + 1
        for request in requests:
            self._serial += 1
            self._send((self._serial, *request))
        try:
            meanwhile()
        finally:  # also those behind a failure: nobody would take them later
            outcomes = [self._take_answer(first + number) for number in range(len(requests))]
        for outcome in outcomes:
            if isinstance(outcome, DataPlaneError):
                raise outcome
        return outcomes

    def _take_answer(self, expected: int) -> Any:
        """The result of a request, or the error that it ended with."""
        serial, outcome, result = self._receive()
        while serial < expected:  # late: who asked has given up
            serial, outcome, result = self._receive()
        if serial != expected:
            raise WorkerGone(f"{self._name} answers out of turn")
        if outcome == "failed":
            return DataPlaneError(f"{self._name} failed on a request:\n{result[0]}")
        return RequestRefused(*result) if outcome == "refused" else result

    def _send(self, message: Request) -> None:
        try:
            self._requests.send(message)
        except OSError as error:
            raise self._gone(error) from error

    def _receive(self) -> tuple[int, str, Any]:
        try:
            return self._requests.receive()
        except (OSError, EOFError) as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> WorkerGone:
        if isinstance(error, TimeoutError):
            return WorkerGone(f"{self._name} does not answer for {ANSWER_TIMEOUT_S:.0f} s")
        return WorkerGone(f"{self._name} is not running any more ({self.exit_reason()})")

    def exit_reason(self) -> str:
        """Why the worker ended, in words."""
        try:
            status = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "it closed its connection but still runs"
        if status < 0:
            return f"killed by signal {-status}"
        return f"exit status {status}"

    def stop(self) -> None:
        """End the worker: it ends when its connections are closed, and is killed if it does not."""
        for end in (self._requests, self.events):
            end.hang_up()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._requests.close()
        self.events.close()
