"""Those who ask a management entity: operators' clients at a rate, and open pages.

All of them run at a low priority, as if they were on machines of their own.
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from pathlib import Path
from typing import Any

from controller.operator.client import RpcClient

QUESTIONS = ("status", "nodes", "placement", "slots", "migrations", "events", "links", "hosts")
CLIENTS = 8
READ_TIMEOUT_S = 5.0
NICE = 19


class Operators:
    """Clients that ask at a rate together, while they are let."""

    def __init__(self, socket: Path, rate_per_s: float) -> None:
        self.errors: list[str] = []
        self._latencies_ms: list[float] = []
        self._busy_s = 0.0
        self._began = 0.0
        self._asking = threading.Event()
        interval_s = CLIENTS / rate_per_s
        for number in range(CLIENTS):
            threading.Thread(
                target=self._ask, args=(socket, number, interval_s), daemon=True
            ).start()

    def ask(self) -> None:
        """Begin to ask."""
        self._began = time.monotonic()
        self._asking.set()

    def rest(self) -> None:
        """Stop asking."""
        self._asking.clear()
        self._busy_s += time.monotonic() - self._began

    def figures(self) -> dict[str, Any]:
        """Return how many requests were answered, how many a second, and how soon."""
        latencies = sorted(self._latencies_ms)
        return {
            "requests": len(latencies),
            "requests_per_s": len(latencies) / self._busy_s,
            "request_ms": {
                name: latencies[int(len(latencies) * part)]
                for name, part in (("p50", 0.5), ("p99", 0.99))
            },
        }

    def _ask(self, socket: Path, number: int, interval_s: float) -> None:
        _yield_to_all()
        with RpcClient(socket) as client:
            while True:
                self._asking.wait()
                due = time.monotonic() + interval_s * number / CLIENTS
                while self._asking.is_set():
                    time.sleep(max(0.0, due - time.monotonic()))
                    self._one(client, QUESTIONS[number % len(QUESTIONS)])
                    due += interval_s

    def _one(self, client: RpcClient, question: str) -> None:
        began = time.monotonic()
        try:
            client.call(question)
        except Exception as exc:  # counted and shown: the bench goes on
            self.errors.append(f"{question}: {exc}")
        else:
            self._latencies_ms.append((time.monotonic() - began) * 1000)


class Pages:
    """Readers of the page's live feed, while they are let."""

    def __init__(self, url: str, number: int) -> None:
        self.errors: list[str] = []
        self.messages = 0
        self._netloc = url.split("/")[2]
        self._number = number
        self._open = threading.Event()
        self._readers: list[threading.Thread] = []
        self._reading = threading.Semaphore(0)

    def open(self) -> None:
        """Open them all; return when each shows the network."""
        self._open.set()
        self._readers = [
            threading.Thread(target=self._read, daemon=True) for _ in range(self._number)
        ]
        for reader in self._readers:
            reader.start()
        for _ in self._readers:
            self._reading.acquire(timeout=READ_TIMEOUT_S)

    def close(self) -> None:
        """Close them all."""
        self._open.clear()
        for reader in self._readers:
            reader.join(READ_TIMEOUT_S)

    def _read(self) -> None:
        _yield_to_all()
        connection = http.client.HTTPConnection(self._netloc, timeout=READ_TIMEOUT_S)
        try:
            connection.request("GET", "/live")
            self._follow(connection.getresponse())
        except OSError as exc:  # counted and shown: the bench goes on
            self.errors.append(f"page: {exc}")
        finally:
            connection.close()

    def _follow(self, feed: http.client.HTTPResponse) -> None:
        seen = 0
        while self._open.is_set():
            line = feed.readline()
            if not line:
                raise ConnectionError("a page was disconnected")
            if line.startswith(b"data:"):
                seen += 1
                self.messages += 1
                if seen == 1:
                    self._reading.release()


def _yield_to_all() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
