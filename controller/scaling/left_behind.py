"""Who enforces what: now, and wrongly, since another node has taken it over. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.model.placement import Placement
from controller.planning.reach import Reach
from controller.planning.view import SlotOf


@dataclass(frozen=True)
class Left:
    """Slots that a node enforces and that are another's."""

    function: str
    slots: frozenset[int]
    old: str
    new: str


def enforcing(placement: Placement) -> dict[SlotOf, set[str]]:
    """Return who enforces each slot; nobody gives one up before paths have moved."""
    found: dict[SlotOf, set[str]] = {}
    for node, facts in placement.facts.items():
        for function, said in facts.functions.items():
            for slot in said.enforce:
                found.setdefault((function, slot), set()).add(node)
    return found


def left_behind(
    placement: Placement,
    intended: Mapping[str, Mapping[int, str]],
    busy: frozenset[SlotOf],
    reach: Reach,
) -> list[Left]:
    """Return what nodes enforce that is another's, where that one sees the packets, and does it.

    Args:
        placement: What nodes say.
        intended: Function to slot to the node that is meant to enforce it.
        busy: Slots that are being moved: two nodes may enforce those.
        reach: The paths in use. Where nobody knows them, everything is left as it is.
    """
    found: dict[tuple[str, str, str], set[int]] = {}
    for function, nodes in intended.items() if reach.paths else ():
        by_node = placement.by_node(function)
        for old, slots in by_node.items():
            for slot in slots:
                new = nodes.get(slot, old)
                if new == old or (function, slot) in busy or slot not in by_node.get(new, ()):
                    continue
                if new in reach.common(function, slot):
                    found.setdefault((function, old, new), set()).add(slot)
    return [Left(f, frozenset(slots), old, new) for (f, old, new), slots in found.items()]
