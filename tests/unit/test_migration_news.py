"""What is told of migrations while their records change."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from controller.events import MeEvent
from controller.migration.record import MigrationRecord, Programs, StepRecord
from controller.migration.states import MigrationState, StepState
from controller.news.migration import MigrationNews


class Heard:
    """Keeps what the news told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.settled: list[int] = []
        self.news = MigrationNews(self._emit, lambda record: self.settled.append(record.id))

    def _emit(self, event: MeEvent) -> None:
        self.events.append(event.kind)


def record(state: MigrationState = MigrationState.PENDING) -> MigrationRecord:
    programs = Programs("guarded", "guarded", "guarded", "guarded")
    steps = (StepRecord("copy", "s2"), StepRecord("enforce off", "s1"))
    slots = frozenset(range(16))
    return MigrationRecord(
        4, "firewall", "s1", "s2", slots, "pm", "hitless", programs, steps, 0.0, state
    )


def with_step(before: MigrationRecord, position: int, **changes: object) -> MigrationRecord:
    step = dataclasses.replace(before.steps[position], **changes)
    return before.with_step(position, step)


def test_beginning_steps_and_end_are_told_in_order() -> None:
    heard = Heard()
    first = record()
    running = with_step(
        dataclasses.replace(first, state=MigrationState.RUNNING), 0, state=StepState.RUNNING
    )
    ended = dataclasses.replace(running, state=MigrationState.FINISHED)
    for one in (first, running, ended):
        heard.news.on_migration(one)
    assert heard.events == ["migration_started", "migration_step", "migration_ended"]
    assert heard.settled == [4]


def test_a_migration_that_waits_is_told_as_that() -> None:
    heard = Heard()
    heard.news.on_migration(record(MigrationState.FINISH_BLOCKED))
    assert heard.events == ["migration_blocked"]
    assert heard.settled == [4]


def test_each_step_is_logged_once_under_its_node(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    first = record(MigrationState.RUNNING)
    running = with_step(first, 0, state=StepState.RUNNING)
    done = with_step(running, 0, state=StepState.DONE, ms=12.34, detail={"cells": 9})
    with caplog.at_level(logging.INFO, logger="controller.news.migration"):
        for one in (first, running, done, done):
            heard.news.on_migration(one)
    assert [r.getMessage() for r in caplog.records] == [
        "s2: migration 4: copy done after 12.3 ms (cells 9)"
    ]


def test_a_step_that_failed_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    first = record(MigrationState.RUNNING)
    heard.news.on_migration(first)
    heard.news.on_migration(
        with_step(first, 1, state=StepState.FAILED, detail={"error": "no answer"})
    )
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert line.getMessage() == "s1: migration 4: enforce off failed (error no answer)"
