"""Takes checkpoints: reads enforced slots' state and entries from their nodes, again and again.

Choices:
- Gently: nodes are read side by side, each one slot's array after the other, and a node is left
  alone for at least nine times as long as its last reading took: so reading never costs it more
  than a tenth of its time, whatever the interval says.
- State changes only by packets: a slot whose packet counter stands still is not read again, its
  checkpoint is as good as new.
- Slots that are being moved are left out: a migration keeps their state twice anyway.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from controller.errors import NodeError
from controller.migration.manager import MigrationManager
from controller.model.placement import Placement
from controller.scaling.sight import busy_slots
from controller.southbound.driver import ClockReading, NodeDriver
from controller.state.checkpoint import (
    Hold,
    SlotCheckpoint,
    on_wall_clock,
    read_checkpoints,
    restarted,
)
from controller.state.checkpoint_store import CheckpointStore
from controller.state.function_entries import read_function_entries
from controller.state.manifest import FunctionManifest
from controller.state.words import manifests_of

LOG = logging.getLogger(__name__)

_READERS = 4
_REST = 9
"A node rests for so many times as long as it was read."
_TICK_S = 0.1

Counts = Mapping[int, int]
"Slot to packets handled."


class Checkpoints:
    """Keeps checkpoints of all enforced slots."""

    def __init__(
        self,
        manager: MigrationManager,
        drivers: Mapping[str, NodeDriver],
        hold: Hold,
        latest: Callable[[], Placement],
        store: CheckpointStore,
        interval_s: Callable[[], float],
    ) -> None:
        """Prepare; nothing runs before ``start``.

        Args:
            manager: Tells which slots are being moved.
            drivers: A driver for each node.
            hold: Keeps all other operations away from a node.
            latest: Returns who enforces what, as heard last.
            store: Where checkpoints are kept.
            interval_s: How often they are wanted; 0: not at all.
        """
        self._manager = manager
        self._drivers = drivers
        self._hold = hold
        self._latest = latest
        self._store = store
        self._interval_s = interval_s
        self._due_at: dict[str, float] = {}
        self._seen: dict[tuple[str, str], Counts] = {}
        self._reading: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_READERS, thread_name_prefix="checkpoints")
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> None:
        """Begin to take checkpoints."""
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop. Idempotent."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.wait(_TICK_S):
            if self._interval_s() > 0:
                for node in self._due():
                    self._pool.submit(self._visit, node)

    def _due(self) -> list[str]:
        now = time.monotonic()
        enforcing = {
            name
            for name, facts in self._latest().facts.items()
            if facts.reachable and any(f.enforce for f in facts.functions.values())
        }
        with self._lock:
            due = [n for n in enforcing - self._reading if now >= self._due_at.get(n, 0.0)]
            self._reading.update(due)
        return due

    def _visit(self, node: str) -> None:
        began = time.monotonic()
        try:
            self.take(node)
        except NodeError as exc:
            LOG.debug("%s: no checkpoint: %s", node, exc)
        except Exception:
            LOG.exception("%s: taking a checkpoint met a defect", node)
        took_s = time.monotonic() - began
        with self._lock:
            self._reading.discard(node)
            self._due_at[node] = began + took_s + max(self._interval_s() - took_s, _REST * took_s)

    def take(self, node: str) -> int:
        """Take checkpoints of what a node enforces; return how many slots were read.

        Raises:
            NodeError: it refused something, or cannot be reached.
        """
        driver = self._drivers[node]
        facts = self._latest().facts[node]
        busy = busy_slots(self._manager.unended())
        read = 0
        for function, manifest in manifests_of(driver).items():
            known = facts.functions.get(function)
            enforced = known.enforce if known else frozenset()
            slots = frozenset(s for s in enforced if (function, s) not in busy)
            if slots and manifest.function_tables:
                with self._hold(node):
                    self._store.put_entries(read_function_entries(driver, manifest))
            if slots and manifest.arrays:
                read += self._take(driver, manifest, slots)
        return read

    def _take(self, driver: NodeDriver, manifest: FunctionManifest, slots: frozenset[int]) -> int:
        clock = on_wall_clock(driver.clock(), time.monotonic_ns(), time.time_ns())
        counts = self._counts(driver, manifest)
        before = self._seen.get((driver.name, manifest.name), {})
        same: list[SlotCheckpoint] = []
        for slot in slots:
            kept = self._store.get(manifest.name, slot)
            still = slot in counts and counts[slot] == before.get(slot)
            if still and kept is not None and _is_of(kept, driver.name, clock):
                same.append(replace(kept, clock=clock))
        changed = slots - {checkpoint.slot for checkpoint in same}
        found = list(read_checkpoints(driver, manifest, changed, clock, self._hold))
        busy = busy_slots(self._manager.unended())  # a move that began meanwhile empties cells
        self._store.put(c for c in (*same, *found) if (c.function, c.slot) not in busy)
        self._seen[driver.name, manifest.name] = counts
        return len(found)

    def _counts(self, driver: NodeDriver, manifest: FunctionManifest) -> Counts:
        """Return the packets handled in each slot; nothing where that is not counted."""
        if len(manifest.load) != 1:
            return {}
        with self._hold(driver.name):
            return {i: c.packets for i, c in enumerate(driver.read_counters(manifest.load[0]))}


def _is_of(kept: SlotCheckpoint, node: str, clock: ClockReading) -> bool:
    """Tell whether a checkpoint was read from a node as it has run until now."""
    return kept.node == node and not restarted(kept, clock)
