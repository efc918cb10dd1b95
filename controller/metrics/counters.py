"""What happens in the management entity, counted for Prometheus.

Names, units and types follow Prometheus' conventions: base units (seconds, bytes), ``_total`` on
what only grows, no label whose values are without bound. What *is* at the moment, such as nodes and
load, is not kept here but looked up at each scrape (``controller.metrics.present``), so that what
is gone does not linger.

Choices: all this is counted from events, so nobody who works has to know of metrics. What a
migration did follows from comparing each of its records with the one before.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from controller.events import (
    EventLoadBase,
    EventMigrationBase,
    EventNodeBase,
    EventNodeDown,
    EventNodeFailed,
    EventNodePrimary,
    EventNodeReady,
    EventNodeUp,
    MeEvent,
)
from controller.migration.record import MigrationRecord, StepRecord
from controller.migration.states import StepState
from controller.southbound.program import Program
from controller.state.manifest import FunctionManifest
from controller.state.manifest_reader import read_manifests

STEP_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MIGRATION_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SESSION = (EventNodeUp, EventNodePrimary, EventNodeReady, EventNodeFailed, EventNodeDown)


class Metrics:
    """All that is counted, by event. Thread-safe."""

    def __init__(self, registry: CollectorRegistry, cell_bytes: Mapping[str, float]) -> None:
        """Register the metrics.

        Args:
            registry: Where.
            cell_bytes: Function to the mean size of a cell of its state.
        """
        self._cell_bytes = cell_bytes
        self._last: dict[int, MigrationRecord] = {}
        self._lock = threading.Lock()
        self.events = Counter(
            "hitless_events", "Events of the management entity.", ["event"], registry=registry
        )
        self.session_changes = Counter(
            "hitless_session_changes",
            "Times that a node went into a state: up (another controller is its primary), primary, "
            "ready, failed (it could not be set up), down.",
            ["node", "state"],
            registry=registry,
        )
        self.load_crossings = Counter(
            "hitless_load_crossings",
            "Times that a node was told of as loaded (high) or idle (low).",
            ["node", "level"],
            registry=registry,
        )
        self._register_migrations(registry)

    def _register_migrations(self, registry: CollectorRegistry) -> None:
        self.migrations = Counter(
            "hitless_migrations",
            "Migrations that have ended, by outcome: finished or undone.",
            ["function", "method", "outcome"],
            registry=registry,
        )
        self.migration_duration = Histogram(
            "hitless_migration_duration_seconds",
            "Time from a migration's request to its end.",
            ["method", "outcome"],
            buckets=MIGRATION_BUCKETS_S,
            registry=registry,
        )
        self.step_duration = Histogram(
            "hitless_migration_step_duration_seconds",
            "Time that a step of a migration took, by how it ended: done or failed.",
            ["step", "outcome"],
            buckets=STEP_BUCKETS_S,
            registry=registry,
        )
        self.step_retries = Counter(
            "hitless_migration_step_retries",
            "Times that a failed step of a migration was begun again.",
            ["step"],
            registry=registry,
        )
        self.cells = Counter(
            "hitless_migration_cells",
            "Cells of state written at destinations of migrations.",
            ["function"],
            registry=registry,
        )
        self.bytes = Counter(
            "hitless_migration_bytes",
            "State written at destinations of migrations: cells by their width.",
            ["function"],
            registry=registry,
        )
        self.under_way = Gauge(
            "hitless_migrations_in_progress",
            "Migrations under way; blocked: those that wait for a node or an operator.",
            ["blocked"],
            registry=registry,
        )
        self._show_under_way()

    def on_event(self, event: MeEvent) -> None:
        """Count an event."""
        self.events.labels(event.kind).inc()
        match event:
            case EventMigrationBase():
                self._on_migration(event.record)
            case EventLoadBase():
                self.load_crossings.labels(event.node, event.kind.removeprefix("load_")).inc()
            case EventNodeBase() if isinstance(event, _SESSION):
                self.session_changes.labels(event.node, event.kind.removeprefix("node_")).inc()

    def _on_migration(self, record: MigrationRecord) -> None:
        with self._lock:
            before = self._last.get(record.id, record)
            self._last[record.id] = record
            if record.state.ended:
                del self._last[record.id]
            self._show_under_way()
        for was, step in zip(before.steps, record.steps, strict=True):
            self._on_step(was, step)
        cells = max(0, record.cells_moved - before.cells_moved)
        self.cells.labels(record.function).inc(cells)
        self.bytes.labels(record.function).inc(cells * self._cell_bytes.get(record.function, 0.0))
        if record.state.ended:
            self._on_end(record)

    def _on_step(self, was: StepRecord, step: StepRecord) -> None:
        ended = step.state in (StepState.DONE, StepState.FAILED)
        if ended and step.state is not was.state and step.ms is not None:
            self.step_duration.labels(step.name, step.state.value).observe(step.ms / 1000)
        if was.state is StepState.FAILED and step.state is StepState.RUNNING:
            self.step_retries.labels(step.name).inc()

    def _on_end(self, record: MigrationRecord) -> None:
        outcome = record.state.value
        self.migrations.labels(record.function, record.method, outcome).inc()
        if record.duration_ms is not None:
            duration_s = max(0.0, record.duration_ms / 1000)
            self.migration_duration.labels(record.method, outcome).observe(duration_s)

    def _show_under_way(self) -> None:
        blocked = sum(record.state.blocked for record in self._last.values())
        self.under_way.labels("true").set(blocked)
        self.under_way.labels("false").set(len(self._last) - blocked)


def cell_sizes(programs: Mapping[str, Program]) -> dict[str, float]:
    """Return function to the mean size in bytes of a cell of its state."""
    return {
        name: _cell_bytes(manifest)
        for program in programs.values()
        for name, manifest in read_manifests(program.schema, program.name).items()
    }


def _cell_bytes(manifest: FunctionManifest) -> float:
    sizes = [(array.slots * array.cells_per_slot, array.width) for array in manifest.arrays]
    cells = sum(count for count, _ in sizes)
    return sum(count * width for count, width in sizes) / 8 / cells if cells else 0.0
