"""Reads one node's counters in equal intervals, in a thread of its own.

Choices: one thread for each node, as its session and its keeper have, so that a node which does not
answer delays nobody. Nodes are read at moments that are spread over the interval: to decode a
hundred answers at once would hold up a migration for as long. Readings that were missed are not
made up for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from controller.errors import HitlessError
from controller.load.reading import Counted, Reading, counted_by, read
from controller.southbound.driver import NodeDriver, NodeState

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class PollCounts:
    """What polling a node has come to since it began."""

    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    "Time spent waiting for the node's answers."


class ReadingTaker(Protocol):
    """Who wants a node's readings; called from its poller's thread."""

    def on_reading(self, node: str, reading: Reading) -> None:
        """Its counters were read."""

    def on_silence(self, node: str, reason: str) -> None:
        """They could not be read; no reason: there is no session, as everybody knows."""


class NodePoller:
    """The thread that polls one node."""

    def __init__(
        self,
        driver: NodeDriver,
        ports: Callable[[], Sequence[int]],
        taker: ReadingTaker,
        interval_s: float,
        phase: float,
    ) -> None:
        """Make one.

        Args:
            driver: The node.
            ports: Tells its ports as they are now.
            taker: Gets what is read.
            interval_s: Time from one reading to the next.
            phase: When in the interval it is read, 0 to 1.
        """
        self.driver = driver
        self.counts = PollCounts()
        self._ports = ports
        self._taker = taker
        self._interval_s = interval_s
        self._phase = phase
        self._counted: Counted | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"poller of {driver.name}", daemon=True
        )

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns at once. A reading under way is not taken any more."""
        self._stop.set()

    def _run(self) -> None:
        next_at = time.monotonic() + self._phase * self._interval_s
        while not self._stop.wait(max(0.0, next_at - time.monotonic())):
            try:
                self._poll()
            except Exception:  # a defect of ours must neither end the thread nor go unseen
                LOG.exception("%s: error in its poller", self.driver.name)
            late_s = max(0.0, time.monotonic() - next_at)
            next_at += self._interval_s * (1 + late_s // self._interval_s)

    def _poll(self) -> None:
        if self.driver.state is NodeState.DOWN:
            self._taker.on_silence(self.driver.name, "")
            return
        began = time.monotonic()
        try:
            reading = read(self.driver, self._what(), self._ports())
        except HitlessError as exc:
            self._count(began, failed=1)
            if not self._stop.is_set():
                self._taker.on_silence(self.driver.name, str(exc))
            return
        self._count(began)
        if reading is not None and not self._stop.is_set():
            self._taker.on_reading(self.driver.name, reading)

    def _what(self) -> Counted:
        """Return what counts load in the program that the node has now."""
        schema = self.driver.schema
        if self._counted is None or self._counted.schema is not schema:
            self._counted = counted_by(schema, self.driver.name)
        return self._counted

    def _count(self, began: float, failed: int = 0) -> None:
        counts = self.counts
        self.counts = replace(
            counts,
            done=counts.done + 1,
            failed=counts.failed + failed,
            seconds=counts.seconds + time.monotonic() - began,
        )
