"""What is known of one migration: the request, its state, and what each step did.

Frozen: the executor makes the next record from the last, writes it to the journal and shows it to
listeners, so every reader has one moment's truth. Times are seconds since the epoch; durations
are milliseconds of a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from controller.errors import MigrationStuck, MigrationUndone
from controller.migration.states import MigrationState, StepState, check_migration, check_step
from controller.model.slots import format_slots

Method = Literal["pm", "pr"]
Mode = Literal["hitless", "paper"]


@dataclass(frozen=True)
class Programs:
    """The programs of the two nodes before and after, by name; equal if none is loaded."""

    source_before: str
    source_after: str
    destination_before: str
    destination_after: str

    @property
    def source_reloads(self) -> bool:
        """Whether the source gets another program."""
        return self.source_before != self.source_after

    @property
    def destination_reloads(self) -> bool:
        """Whether the destination gets another program."""
        return self.destination_before != self.destination_after

    def reloaded(self, source: str, destination: str) -> frozenset[str]:
        """Return those of the two nodes, by name, that get another program."""
        ends = ((source, self.source_reloads), (destination, self.destination_reloads))
        return frozenset(name for name, reloads in ends if reloads)


@dataclass(frozen=True)
class StepRecord:
    """One step of a migration."""

    name: str
    node: str
    "The node that it changes."
    state: StepState = StepState.PENDING
    started_at: float | None = None
    "Seconds since the epoch."
    ms: float | None = None
    "How long it took."
    detail: Mapping[str, Any] = field(default_factory=dict)
    "Counts, or what went wrong; plain data."

    def to(self, state: StepState, **changes: Any) -> StepRecord:
        """Return the next record of this step. Raises ValueError if the state cannot follow."""
        return replace(self, state=check_step(self.state, state), **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for operators' tools."""
        return {
            "name": self.name,
            "node": self.node,
            "state": self.state.value,
            "ms": self.ms,
            "started_at": self.started_at,
            "detail": dict(self.detail),
        }


@dataclass(frozen=True)
class MigrationRecord:
    """One migration."""

    id: int
    function: str
    source: str
    destination: str
    slots: frozenset[int]
    method: Method
    mode: Mode
    programs: Programs
    steps: tuple[StepRecord, ...]
    created_at: float
    state: MigrationState = MigrationState.PENDING
    failure: str = ""
    "Which step failed last, and how."
    decision: str = ""
    "What was decided then, and why."
    cells_moved: int = 0
    "Cells of state written at the destination."
    ended_at: float | None = None
    lost: frozenset[str] = frozenset()
    "Nodes that restarted with nothing while it was under way."

    def to(self, state: MigrationState, **changes: Any) -> MigrationRecord:
        """Return the next record. Raises ValueError if the state cannot follow."""
        return replace(self, state=check_migration(self.state, state), **changes)

    def with_step(self, position: int, step: StepRecord, **changes: Any) -> MigrationRecord:
        """Return the record with one step replaced."""
        steps = (*self.steps[:position], step, *self.steps[position + 1 :])
        return replace(self, steps=steps, **changes)

    def with_lost(self, node: str) -> MigrationRecord:
        """Return the record with a node noted as restarted."""
        return replace(self, lost=self.lost | {node})

    def step_done(self, name: str) -> bool:
        """Tell whether the step of this name is complete and was not undone."""
        return any(s.name == name and s.state is StepState.DONE for s in self.steps)

    def step_begun(self, name: str) -> bool:
        """Tell whether the step of this name was ever begun, whatever became of it."""
        return any(s.name == name and s.state is not StepState.PENDING for s in self.steps)

    @property
    def reason(self) -> str:
        """Why it is where it is; empty if nothing went wrong."""
        return "; ".join(filter(None, (self.failure, self.decision)))

    @property
    def nodes(self) -> frozenset[str]:
        """Source and destination."""
        return frozenset((self.source, self.destination))

    @property
    def reloads(self) -> frozenset[str]:
        """Nodes whose program it changes."""
        return self.programs.reloaded(self.source, self.destination)

    @property
    def duration_ms(self) -> float | None:
        """From the request to the end; None while it is under way."""
        return None if self.ended_at is None else (self.ended_at - self.created_at) * 1000

    def check(self) -> None:
        """Raise unless it reached its end or is still on its way there.

        Raises:
            MigrationUndone: everything is as it was before.
            MigrationStuck: it waits for a node or an operator.
        """
        if self.state is MigrationState.UNDONE:
            raise MigrationUndone(f"{self}: {self.reason}")
        if self.state.blocked:
            raise MigrationStuck(f"{self}: {self.reason}")

    def __str__(self) -> str:
        what = f"{self.function}, slots {format_slots(self.slots)}"
        where = f"{self.source} to {self.destination}"
        return f"migration {self.id} ({what}, {where}): {self.state.value}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for operators' tools."""
        return {
            "id": self.id,
            "function": self.function,
            "from": self.source,
            "to": self.destination,
            "slots": format_slots(self.slots),
            "method": self.method,
            "mode": self.mode,
            "state": self.state.value,
            "reason": self.reason,
            "cells_moved": self.cells_moved,
            "created_at": self.created_at,
            "duration_ms": self.duration_ms,
            "steps": [step.to_dict() for step in self.steps],
        }
