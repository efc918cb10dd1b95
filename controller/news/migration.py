"""What happens to migrations, as log lines and events.

Choices: the manager of migrations shows whole records; what is new follows from comparing each
with the one before. Lines begin with the node that a step changes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from controller.events import (
    EventMigrationBase,
    EventMigrationBlocked,
    EventMigrationEnded,
    EventMigrationStarted,
    EventMigrationStep,
)
from controller.migration.record import MigrationRecord, StepRecord
from controller.migration.states import StepState

LOG = logging.getLogger(__name__)


class MigrationNews:
    """A ``MigrationListener``: logs, and passes events on."""

    def __init__(
        self,
        emit: Callable[[EventMigrationBase], None],
        settled: Callable[[MigrationRecord], None],
    ) -> None:
        """Make one.

        Args:
            emit: Takes an event; returns at once.
            settled: Takes the record of a migration that has ended or waits; returns at once.
        """
        self._emit = emit
        self._settled = settled
        self._last: dict[int, MigrationRecord] = {}
        self._lock = threading.Lock()

    def on_migration(self, record: MigrationRecord) -> None:
        """Tell what is new in a record."""
        with self._lock:
            before = self._last.get(record.id)
            self._last[record.id] = record
            if record.state.ended:
                del self._last[record.id]
        for step in _news(before, record):
            level = logging.WARNING if "error" in step.detail else logging.INFO
            LOG.log(level, "%s", _line(record, step))
        if record.state.ended or record.state.blocked:
            self._settled(record)
        self._emit(_event(before, record))


def _news(before: MigrationRecord | None, now: MigrationRecord) -> Iterator[StepRecord]:
    """Yield the steps that have come to something since."""
    old = before.steps if before else now.steps
    for was, step in zip(old, now.steps, strict=True):
        if step.state is not was.state and step.state is not StepState.RUNNING:
            yield step


def _line(record: MigrationRecord, step: StepRecord) -> str:
    took = "" if step.ms is None else f" after {step.ms:.1f} ms"
    detail = ", ".join(f"{key} {value}" for key, value in step.detail.items())
    return (
        f"{step.node}: migration {record.id}: {step.name} {step.state.value}{took}"
        f"{f' ({detail})' if detail else ''}"
    )


def _event(before: MigrationRecord | None, now: MigrationRecord) -> EventMigrationBase:
    if now.state.ended:
        return EventMigrationEnded(now)
    if now.state.blocked:
        return EventMigrationBlocked(now)
    return EventMigrationStep(now) if before else EventMigrationStarted(now)
