"""The load of all nodes: kept up to date by their pollers, told in equal intervals.

Choices: crossings of thresholds are told at once, from the thread of the node's poller, so that
reacting takes no longer than the node's own next reading. Thresholds are asked for at each reading,
so that changes count at once. Nodes come and go with the drivers that there are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from controller.load.levels import Crossing
from controller.load.meter import Metered, forget, measure
from controller.load.options import LoadOptions
from controller.load.poller import NodePoller, PollCounts
from controller.load.reading import Reading
from controller.load.snapshot import Level, LoadSnapshot
from controller.model.present import PresentNetwork
from controller.model.thresholds import Thresholds
from controller.southbound.driver import NodeDriver

LOG = logging.getLogger(__name__)

GOLDEN = 0.6180339887
"Multiples of it, modulo 1, are spread evenly however many there are."


class LoadListener(Protocol):
    """Who hears of load; each call returns at once, from any thread."""

    def on_load(self, snapshot: LoadSnapshot) -> None:
        """An interval is over."""

    def on_crossing(self, node: str, crossing: Crossing, snapshot: LoadSnapshot) -> None:
        """A node crossed a threshold. It is in the snapshot."""


class LoadWatch:
    """Measures load. Thread-safe."""

    def __init__(
        self,
        present: PresentNetwork,
        drivers: Mapping[str, NodeDriver],
        thresholds: Callable[[str], Thresholds],
        options: LoadOptions,
        listener: LoadListener,
    ) -> None:
        """Make one; nothing runs yet.

        Args:
            present: Tells which ports nodes have.
            drivers: The nodes; those that are added or taken away later count too.
            thresholds: Tells a node's thresholds as they are now.
            options: How often, how smooth.
            listener: Is told.
        """
        self._present = present
        self._drivers = drivers
        self._thresholds = thresholds
        self._options = options
        self._listener = listener
        self._pollers: dict[str, NodePoller] = {}
        self._made = 0
        self._nodes: dict[str, Metered] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def close(self) -> None:
        """Measure no more. Idempotent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        for poller in list(self._pollers.values()):
            poller.stop()

    def snapshot(self) -> LoadSnapshot:
        """Return all nodes' load as it is now."""
        with self._lock:
            return self._snapshot(time.monotonic())

    def polls(self) -> dict[str, PollCounts]:
        """Return what polling each node has come to."""
        return {name: poller.counts for name, poller in list(self._pollers.items())}

    def node_down(self, node: str) -> None:
        """Take note that a node is not there: what is known of its load is stale at once."""
        with self._lock:
            if node in self._nodes:
                self._nodes[node] = forget(self._nodes[node])

    # What pollers tell (controller.load.poller.ReadingTaker)

    def on_reading(self, node: str, reading: Reading) -> None:
        """A node's counters were read."""
        if node not in self._pollers:
            return  # it has just been taken away
        with self._lock:
            before = self._nodes.get(node, Metered())
            after, crossing = measure(
                before, reading, self._thresholds(node), self._options.smoothing_s
            )
            self._nodes[node] = after
            snapshot = self._snapshot(time.monotonic()) if crossing else None
        if crossing and snapshot:
            self._listener.on_crossing(node, crossing, snapshot)

    def on_silence(self, node: str, reason: str) -> None:
        """A node's counters could not be read; said once, when its load has become unknown."""
        with self._lock:
            known = self._nodes.get(node)
            if known is None or known.load is None or known.load.stale:
                return
            if not self._overdue(known, time.monotonic()):
                return
            self._nodes[node] = forget(known)
        if reason:
            LOG.warning("%s: its load is not known now: %s", node, reason)

    def _run(self) -> None:
        while True:
            try:
                self._follow_drivers()
                self._listener.on_load(self.snapshot())
            except Exception:  # a defect of ours must neither end the thread nor go unseen
                LOG.exception("error in the measurement of load")
            if self._stop.wait(self._options.interval_s):
                return

    def _follow_drivers(self) -> None:
        """Poll every node that there is, and none that there is not."""
        drivers = dict(self._drivers)
        for name, poller in list(self._pollers.items()):
            if drivers.get(name) is not poller.driver:
                poller.stop()
                del self._pollers[name]
                with self._lock:
                    self._nodes.pop(name, None)
        for name, driver in drivers.items():
            if name not in self._pollers:
                self._made += 1
                phase = self._made * GOLDEN % 1.0
                poller = NodePoller(
                    driver,
                    partial(self._ports, name),
                    self,
                    self._options.interval_s,
                    phase,
                )
                self._pollers[name] = poller
                poller.start()

    def _ports(self, node: str) -> Sequence[int]:
        description = self._present.network.nodes.get(node)
        return description.ports if description else ()

    def _snapshot(self, now: float) -> LoadSnapshot:
        return LoadSnapshot(
            {
                name: replace(known.load, stale=True, level=Level.UNKNOWN)
                if self._overdue(known, now)
                else known.load
                for name, known in self._nodes.items()
                if known.load is not None
            },
            now,
        )

    def _overdue(self, known: Metered, now: float) -> bool:
        return known.load is not None and now - known.load.at > self._options.stale_after_s
