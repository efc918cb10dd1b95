"""Who takes over the slots of a node that is dead, or that paths no longer lead through. Pure.

Here nothing is handed over by the node that enforces: it is gone, or sees no packets any more. So
the new enforcers are looked for on the paths that packets are *going to* take, and are made to
enforce, with the state of the last checkpoint, before those paths are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from controller.planning.draft import Draft, limit_pps, share
from controller.planning.plan import ScalePlan
from controller.planning.view import NetworkView, SlotOf


def replace_dead(
    view: NetworkView, node: str, lost: Mapping[str, frozenset[int]], ages_s: Mapping[SlotOf, float]
) -> ScalePlan:
    """Choose new enforcers for slots.

    Room is not insisted on: a node that is too loaded drops packets, and one that does not enforce
    lets strangers in, or cuts off everybody.

    Args:
        view: The network, with the paths that packets are to take.
        node: Who enforced them.
        lost: Function to slots that nobody enforces on those paths.
        ages_s: Slot to the age of its last checkpoint; not in it: there is none.
    """
    draft = Draft(view)
    complete = True
    for function, slots in sorted(lost.items()):
        ages = [age for number in slots if (age := ages_s.get((function, number))) is not None]
        for number in sorted(slots):
            slot = (function, number)
            pps = view.load.get(node, {}).get(function, {}).get(number, 0.0)
            places = _places(draft, slot)
            if not places:
                complete = False
                draft.keep(slot, pps, _nowhere(draft, slot))
                continue
            destination = min(places, key=partial(_order, draft, slot))
            oldest_s = max(ages) if slot in ages_s else None
            draft.move(slot, pps, node, destination, _why(node, view, oldest_s))
    return draft.finish("replace_dead", node, complete=complete)


def _places(draft: Draft, slot: SlotOf) -> list[str]:
    """Return the nodes that see the slot's packets and have the function, or could get it."""
    view, (function, number) = draft.view, slot
    if view.reach.paths is None:
        return []
    nodes = view.reach.common(function, number)
    return [n for n in sorted(nodes) if draft.may_take(function, n)]


def _order(draft: Draft, slot: SlotOf, node: str) -> tuple[object, ...]:
    """Order nodes, best first: packets wait for a reload, so those that need none come before."""
    limit = limit_pps(draft.view, node)
    return (
        not draft.view.has(node, slot[0]),
        draft.load(node) > limit,
        *draft.rank(slot, node),
        share(draft.load(node), limit),
        node,
    )


def _why(node: str, view: NetworkView, oldest_s: float | None) -> str:
    what = "is dead" if node in view.dead else "is on their paths no more"
    if oldest_s is None:
        return f"{node} {what}; there is no checkpoint: connections have to be opened anew"
    return f"{node} {what}; checkpoints are {oldest_s:.1f} s old at most"


def _nowhere(draft: Draft, slot: SlotOf) -> str:
    function, number = slot
    reach = draft.view.reach
    if reach.paths is None:
        return "paths are not moved, since forwarding is off: no other node can enforce them"
    nodes = sorted(reach.common(function, number))
    if nodes:
        see = f"{', '.join(nodes)} would see all their packets"
        why = "; ".join(draft.obstacle(function, name) for name in nodes)
        return f"{see}, and none may run {function}: {why}"
    passed = sorted(reach.passed(function, number))
    told = [reach.unsuited(function, number, name) for name in passed]
    return "; ".join(told) or "no node would see all their packets"
