"""Which steps a migration consists of: the order that keeps its promises, in one place.

    hitless  prepare, learn on, copy, enforce on, overlap, | enforce off, learn off, verify, release
    paper    prepare, copy, enforce on, | enforce off, release               (PM)
             prepare (swap at the destination), | release (reload of the source)  (PR)

``|`` is the commit point. With PR ``prepare`` and ``release`` are reloads; where the destination
has the function already, or the source keeps other slots of it, the control words do that part.
The list follows from the record alone, so a restarted ME makes the same one again.
"""

from __future__ import annotations

from controller.migration.pm import Prepare, Release, Snapshot, SwitchOff, SwitchOn
from controller.migration.pr import ReloadDestination, ReloadSource, SwapDestination, SwapSource
from controller.migration.record import MigrationRecord, Mode, Programs, StepRecord
from controller.migration.steps import (
    Copy,
    EnforceOff,
    EnforceOn,
    LearnOff,
    LearnOn,
    Overlap,
    Step,
    Verify,
)


def steps_for(mode: Mode, programs: Programs) -> tuple[Step, ...]:
    """Return the steps of a migration, in order."""
    gains, loses = programs.destination_reloads, programs.source_reloads
    if mode == "hitless":
        return (
            ReloadDestination() if gains else Prepare(),
            LearnOn(),
            Copy(),
            EnforceOn(),
            Overlap(),
            EnforceOff(),
            LearnOff(),
            Verify(),
            ReloadSource() if loses else Release(),
        )
    arrive = (SwapDestination(),) if gains else (Prepare(), Snapshot(), SwitchOn())
    leave = (SwapSource(),) if loses else (SwitchOff(), Release())
    return (*arrive, *leave)


def step_records(steps: tuple[Step, ...], source: str, destination: str) -> tuple[StepRecord, ...]:
    """Return the steps' first records."""
    return tuple(StepRecord(s.name, source if s.at_source else destination) for s in steps)


def has_all_state(steps: tuple[Step, ...], record: MigrationRecord) -> bool:
    """Tell whether the destination was given all state, and that was not undone."""
    return any(step.brings_state and record.step_done(step.name) for step in steps)


def dropping_state(steps: tuple[Step, ...], record: MigrationRecord) -> bool:
    """Tell whether the source began to drop its state."""
    return any(step.drops_state and record.step_begun(step.name) for step in steps)
