"""From a request to a plan that explains itself: pure, no node is asked anything here.

A plan says what will be done and why it may be: every reason against a move is found here, before
anything is touched, and told with the values that would do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from controller.errors import ConflictError, NodeSilent, RequestError
from controller.migration.catalog import Catalog
from controller.migration.program_choice import ReloadLossError, choose_programs
from controller.migration.record import Method, MigrationRecord, Mode, Programs
from controller.migration.sequences import step_records, steps_for
from controller.migration.way_round import way_round
from controller.model.placement import NodeFacts, Placement
from controller.model.slots import format_slots
from controller.planning.policy import Policy
from controller.planning.reach import Reach

METHODS = ("auto", "pm", "pr")
MODES = ("hitless", "paper")


@dataclass(frozen=True)
class MigrationRequest:
    """What an operator, or a planner, asks for."""

    function: str
    source: str
    destination: str
    slots: frozenset[int] | None = None
    "None: all that the source enforces."
    method: Literal["auto", "pm", "pr"] = "auto"
    mode: Mode = "hitless"


@dataclass(frozen=True)
class MigrationPlan:
    """What a migration will do."""

    function: str
    source: str
    destination: str
    slots: frozenset[int]
    method: Method
    mode: Mode
    programs: Programs
    cells: int
    "Cells of state that the slots have."
    explanation: tuple[str, ...]
    "Why it is done this way, a sentence each."

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for operators' tools."""
        steps = step_records(steps_for(self.mode, self.programs), self.source, self.destination)
        return {
            "function": self.function,
            "from": self.source,
            "to": self.destination,
            "slots": format_slots(self.slots),
            "method": self.method,
            "mode": self.mode,
            "cells": self.cells,
            "steps": [{"name": step.name, "node": step.node} for step in steps],
            "explanation": list(self.explanation),
        }


def make_plan(
    request: MigrationRequest, view: Placement, catalog: Catalog, reach: Reach | None = None
) -> MigrationPlan:
    """Plan a migration.

    Args:
        request: What is asked for.
        view: What the nodes say now.
        catalog: The programs that there are.
        reach: Which nodes see which packets; None: nobody knows the paths.

    Raises:
        RequestError: it cannot be done; the text names what would do.
    """
    _check_words(request, catalog)
    source, destination = (_node(view, name) for name in (request.source, request.destination))
    if request.source == request.destination:
        others = ", ".join(name for name in view.facts if name != request.source)
        advice = f"move to {others}" if others else "there is no other node"
        raise RequestError(f"source and destination are both {request.source}: {advice}")
    slots = _slots(request, view, source, destination)
    reach = reach or Reach(view.network, None, Policy())
    try:
        programs, reason = choose_programs(
            request.function, request.method, slots, source, destination, catalog
        )
    except ReloadLossError as exc:
        advice = way_round(replace(request, slots=slots), exc.node, exc.others, view, reach)
        raise RequestError(f"{exc}; {advice}") from exc
    obstacle = reach.obstacle(request.function, slots, request.source, request.destination)
    if obstacle:
        raise RequestError(f"{request.source} to {request.destination}: {obstacle}")
    pm = request.method != "pr" and not programs.destination_reloads
    method: Method = "pm" if pm else "pr"
    cells = _cells(request.function, slots, source, catalog)
    return MigrationPlan(
        request.function,
        request.source,
        request.destination,
        slots,
        method,
        request.mode,
        programs,
        cells,
        tuple(_explain(request, slots, cells, programs, reason)),
    )


def refuse_conflicts(plan: MigrationPlan, active: Iterable[MigrationRecord]) -> None:
    """Raise ``ConflictError`` if a migration that has not ended stands in a plan's way."""
    reloads = plan.programs.reloaded(plan.source, plan.destination)
    for other in active:
        shared = plan.slots & other.slots if plan.function == other.function else frozenset()
        if shared:
            raise ConflictError(
                f"{plan.function}, slots {format_slots(shared)}, are being moved: {other}: "
                "wait until it has ended"
            )
        busy = (other.reloads & {plan.source, plan.destination}) | (reloads & other.nodes)
        if busy:
            raise ConflictError(
                f"{', '.join(sorted(busy))} cannot be reloaded and take part in another migration "
                f"at the same time: {other}: wait until it has ended"
            )


def _check_words(request: MigrationRequest, catalog: Catalog) -> None:
    known = catalog.functions()
    for value, what, would_do in (
        (request.function, "function", known),
        (request.method, "method", METHODS),
        (request.mode, "mode", MODES),
    ):
        if value not in would_do:
            names = ", ".join(would_do) or "none; no program has one"
            raise RequestError(f"{what} {value!r} is unknown; these would do: {names}")


def _node(view: Placement, name: str) -> NodeFacts:
    facts = view.facts.get(name)
    if facts is None:
        raise RequestError(f"node {name!r} is unknown; these would do: {', '.join(view.facts)}")
    if not facts.reachable:
        raise NodeSilent(f"node {name} does not answer: {facts.reason}")
    return facts


def _slots(
    request: MigrationRequest, view: Placement, source: NodeFacts, destination: NodeFacts
) -> frozenset[int]:
    """Return the slots to move, checked against what the nodes say."""
    name = request.function
    by_node = view.by_node(name)
    where = "; ".join(f"{n}: {format_slots(s)}" for n, s in by_node.items()) or "none anywhere"
    here = by_node.get(source.name, frozenset())
    slots = here if request.slots is None else request.slots
    if not slots:
        asked = "enforces no slot of" if request.slots is None else "is to give no slot of"
        raise RequestError(f"{source.name} {asked} {name}; enforced now: {where}")
    total = view.functions().get(name, 0)
    wrong = slots - frozenset(range(total))
    if wrong and total:
        raise RequestError(
            f"{name} has no slot {format_slots(wrong)}; these would do: 0-{total - 1}"
        )
    if slots - here:
        raise RequestError(
            f"{source.name} does not enforce {name}, slots {format_slots(slots - here)}; "
            f"enforced now: {where}"
        )
    there = slots & by_node.get(destination.name, frozenset())
    if there:
        raise RequestError(
            f"{destination.name} enforces {name}, slots {format_slots(there)}, already; "
            f"enforced now: {where}"
        )
    return slots


def _cells(function: str, slots: frozenset[int], source: NodeFacts, catalog: Catalog) -> int:
    manifest = catalog.manifests.get(source.program or "", {}).get(function)
    return manifest.cells_of(slots) if manifest else 0


def _explain(
    request: MigrationRequest,
    slots: frozenset[int],
    cells: int,
    programs: Programs,
    reason: str,
) -> Iterable[str]:
    yield (
        f"{request.function}, slots {format_slots(slots)} ({cells} cells), "
        f"go from {request.source} to {request.destination}"
    )
    yield reason
    if programs.source_reloads:
        yield f"{request.source} is reloaded with {programs.source_after} at the end"
    elif request.method == "pr" or programs.destination_reloads:
        yield f"{request.source} keeps its program: it has other slots there, or needs no other one"
    if request.mode == "paper":
        yield "as in the paper: one snapshot, and no learning phase; connections may break"
