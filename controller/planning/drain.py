"""Draining: all slots leave a node, so that it can be taken away. Pure."""

from __future__ import annotations

import math

from controller.planning.draft import Draft, full, limit_pps, share
from controller.planning.plan import ScalePlan
from controller.planning.view import NetworkView, SlotOf


def drain(view: NetworkView, node: str) -> ScalePlan:
    """Empty a node: an operator's wish, so cool-down and pins do not hold slots back.

    Nodes are filled up to their thresholds; where that is not enough, up to their capacity. What
    cannot go anywhere is told, and the plan is not complete.
    """
    draft = Draft(view)
    complete = True
    slots = view.enforced(node)
    for slot, pps in sorted(slots.items(), key=lambda s: (-s[1], s[0])):
        if slot in view.busy:
            draft.keep(slot, pps, "they are being moved: drain again after that")
            complete = False
            continue
        places = draft.places(slot, node)
        destination = _roomiest(draft, slot, pps, places)
        if destination is None:
            draft.keep(slot, pps, full(draft, slot, node))
            complete = False
        else:
            draft.move(slot, pps, node, destination, f"{node} is drained")
    if not slots:
        draft.notes.append(f"{node} enforces nothing")
    return draft.finish("drain", node, complete=complete)


def _roomiest(draft: Draft, slot: SlotOf, pps: float, places: list[str]) -> str | None:
    """Return the node that a slot fits in best: below the threshold if there is one."""
    view = draft.view
    fits = [n for n in places if draft.load(n) + pps <= limit_pps(view, n)]
    fits = fits or [n for n in places if draft.load(n) + pps <= most_pps(view, n)]

    def order(node: str) -> tuple[object, ...]:
        return *draft.rank(slot, node), share(draft.load(node), limit_pps(view, node)), node

    return min(fits, key=order, default=None)


def most_pps(view: NetworkView, node: str) -> float:
    """Return what a node can handle at most."""
    most = view.thresholds(node).capacity_pps
    return math.inf if most is None else most
