"""A node gets another program because an operator says so."""

from __future__ import annotations

import random

import pytest
from migration_lab import Lab
from model_world import nothing

from controller.errors import ConflictError, PipelineRejected, RequestError
from controller.southbound.program import Program


@pytest.fixture
def lab() -> Lab:
    return Lab(random.Random(5), ("gated", "gated"))


def test_a_node_gets_another_program_and_keeps_its_entries(lab: Lab) -> None:
    before = {entry.table_id for entry in lab.node("s2").table_entries()}
    report = lab.manager.push("s2", "plain")
    assert report.pushed == "plain"
    assert lab.program("s2").name == "plain"
    kept = {entry.table_id for entry in lab.node("s2").table_entries()}
    assert kept
    assert kept < before
    lab.manager.push("s2", "gated")
    assert lab.program("s2").name == "gated"
    assert lab.move().state.value == "finished"


def test_it_is_remembered_across_restarts_of_node_and_management_entity(lab: Lab) -> None:
    lab.manager.push("s2", "plain")
    lab.restart()
    lab.node("s2").power_off()
    lab.mend()
    assert lab.program("s2").name == "plain"


def test_a_node_that_enforces_is_left_alone(lab: Lab) -> None:
    with pytest.raises(RequestError, match=r"s1 enforces gate, slots 0-1, .*hitless migrate gate"):
        lab.manager.push("s1", "plain")
    assert lab.program("s1").name == "gated"


def test_a_program_that_nobody_described_is_answered_with_those_that_would_do(lab: Lab) -> None:
    with pytest.raises(RequestError, match="no program 'x'; these would do: gated, plain"):
        lab.manager.push("s2", "x")


def test_a_node_that_takes_part_in_a_migration_is_left_alone(lab: Lab) -> None:
    refused: list[str] = []

    def push(_node: object, _asked: str) -> None:
        lab.world.fault = nothing
        try:
            lab.manager.push("s2", "plain")
        except ConflictError as exc:
            refused.append(str(exc))

    lab.world.fault = lab.during_step("copy", push)
    assert lab.move().state.value == "finished"
    assert "s2 is a part of migration 1" in refused[0]


def test_a_node_that_refuses_runs_what_it_ran_and_is_meant_to(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(program: Program) -> None:
        raise PipelineRejected("s2", f"push of {program.name}", "no")

    monkeypatch.setattr(lab.node("s2"), "save", reject)
    with pytest.raises(PipelineRejected):
        lab.manager.push("s2", "plain")
    monkeypatch.undo()
    assert lab.program("s2").name == "gated"
    lab.restart()
    assert lab.program("s2").name == "gated"
