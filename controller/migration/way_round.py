"""What an operator can do instead of a move that would reload a node with another function's slots.

Pure. Those slots go away first, to a node that has their function; then the move is possible, and
they can come back: each a move that loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from controller.model.placement import Placement
from controller.model.slots import format_slots
from controller.planning.reach import Reach

if TYPE_CHECKING:
    from controller.migration.plan import MigrationRequest


def way_round(
    request: MigrationRequest,
    node: str,
    others: Mapping[str, frozenset[int]],
    view: Placement,
    reach: Reach,
) -> str:
    """Return the commands that would do, in their order, or why there are none.

    Args:
        request: The move that is refused, with its slots.
        node: The node that it would reload.
        others: Functions that have slots there.
        view: What all nodes say now.
        reach: Which nodes see which packets.
    """
    ways = list(_ways(request, node, others, view, reach))
    return "; or ".join(ways) or (
        f"no other node has {request.function}, or has {' and '.join(others)} and sees all packets "
        "of those slots: give one of them such a program first (`hitless program push`)"
    )


def _ways(
    request: MigrationRequest,
    node: str,
    others: Mapping[str, frozenset[int]],
    view: Placement,
    reach: Reach,
) -> Iterator[str]:
    function, slots = request.function, request.slots or frozenset()
    if node == request.source:
        yield f"use method auto, which leaves {node} its program"
    if ready := _takers(function, slots, request.source, view, reach):
        yield f"move {function} to {' or '.join(ready)}, which has it in its program"
    away, back = [], []
    for other, held in others.items():
        takers = _takers(other, held, node, view, reach)
        if request.method == "pr":  # then neither end of the move can keep them meanwhile
            takers = [t for t in takers if t not in (request.source, request.destination)]
        if not takers:
            return
        refuge = min(takers, key=lambda name: name == request.source)
        away.append(_command(other, node, refuge, held))
        back.append(_command(other, refuge, node, held))
    how = "" if request.method == "auto" else f" --method {request.method}"
    this = _command(function, request.source, request.destination, slots) + how
    yield f"one after the other: {', '.join(f'`{one}`' for one in (*away, this, *back))}"


def _takers(
    function: str, slots: frozenset[int], source: str, view: Placement, reach: Reach
) -> list[str]:
    """Return the other nodes that slots can be moved to without any reload."""
    return [
        name
        for name, facts in view.facts.items()
        if name != source and facts.reachable and function in facts.functions
        if not facts.functions[function].enforce & slots
        if reach.obstacle(function, slots, source, name) is None
    ]


def _command(function: str, source: str, destination: str, slots: frozenset[int]) -> str:
    return (
        f"hitless migrate {function} --from {source} --to {destination} "
        f"--slots {format_slots(slots)}"
    )
