"""Scaling: which slots leave a loaded node, and which of idle nodes are gathered. Pure.

Why plans do not chase each other. A node is loaded above ``high_pps``. Scale-out fills no node
beyond ``SHARE`` of its own ``high_pps``, so no plan makes another node loaded. Scale-in gathers at
a node only up to the middle between its ``low_pps`` and its ``high_pps``: so it makes none loaded
either; and what left a node by scale-out cannot come back while load is as it was, because together
it was above ``high_pps``. Each scale-in leaves fewer nodes that enforce. And whatever the load
does, no slot moves twice within the cool-down, and a node that got slots is left alone for as long.
A node whose load is not known yet is neither idle nor has it room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.planning.draft import SHARE, Draft, full, limit_pps, share
from controller.planning.plan import ScalePlan
from controller.planning.view import NetworkView, SlotOf


def scale_out(view: NetworkView, node: str, now: float) -> ScalePlan:
    """Move as few slots as bring a loaded node under its threshold.

    Args:
        view: The network, its load and what is wanted.
        node: The loaded node.
        now: The time, seconds, on the clock of ``view.moved_at``.
    """
    high = view.thresholds(node).high_pps
    if high is None or view.pps(node) <= high:
        draft = Draft(view)
        draft.notes.append(f"{node} is not above its threshold")
        return draft.finish("scale_out", node, complete=True)
    free = _free(view, node, now)
    draft = _relieved(view, node, free, SHARE * high)
    if draft.load(node) > SHARE * high:  # not worth moving what is small for a bit of distance
        draft = _relieved(view, node, free, high)
    complete = draft.load(node) <= high
    if not complete:
        _tell_left(draft, {s: free[s] for s in free.keys() - draft.moving()}, node)
    return draft.finish("scale_out", node, complete=complete)


def _relieved(view: NetworkView, node: str, free: Mapping[SlotOf, float], aim_pps: float) -> Draft:
    """Return a draft in which slots leave a node until it handles no more than is aimed at."""
    draft = Draft(view)
    left = dict(free)
    high = view.thresholds(node).high_pps
    why = f"{node} handles {view.pps(node):.0f} packets/s, and {high:.0f} are its threshold"
    while draft.load(node) > aim_pps:
        chosen = _next(draft, left, node, draft.load(node) - aim_pps)
        if chosen is None:
            break
        slot, destination = chosen
        draft.move(slot, left.pop(slot), node, destination, why)
    return draft


def _free(view: NetworkView, node: str, now: float) -> dict[SlotOf, float]:
    """Return the slots that may leave a node, with their load."""
    return {
        (function, slot): pps
        for (function, slot), pps in view.enforced(node).items()
        if pps > 0
        and (function, slot) not in view.busy
        and view.wants(function).pinned.get(slot) != node
        and not view.cooling(function, slot, node, now)
    }


def _next(
    draft: Draft, free: dict[SlotOf, float], node: str, excess: float
) -> tuple[SlotOf, str] | None:
    """Return the next slot to move, and where to; None if none can.

    If one slot is enough, the smallest that is; else the largest.
    """
    enough = sorted((s for s in free if free[s] >= excess), key=lambda s: (free[s], s))
    others = sorted((s for s in free if free[s] < excess), key=lambda s: (-free[s], s))
    for slot in (*enough, *others):
        destination = _with_room(draft, slot, free[slot], node)
        if destination is not None:
            return slot, destination
    return None


def _with_room(draft: Draft, slot: SlotOf, pps: float, source: str) -> str | None:
    """Return the best node that has room for a slot, the least loaded of equals."""
    view = draft.view
    places = filter(view.measured, draft.places(slot, source))
    fits = [n for n in places if draft.load(n) + pps <= limit_pps(view, n)]

    def order(node: str) -> tuple[object, ...]:
        return *draft.rank(slot, node), share(draft.load(node), limit_pps(view, node)), node

    return min(fits, key=order, default=None)


def _tell_left(draft: Draft, free: dict[SlotOf, float], node: str) -> None:
    """Say why a node stays loaded."""
    high = draft.view.thresholds(node).high_pps
    draft.notes.append(f"{node} stays above {high:.0f} packets/s, at {draft.load(node):.0f}")
    if not free:
        draft.notes.append(
            f"all other slots of {node} have no packets, are pinned, are being moved, or were "
            "moved within the cool-down"
        )
    for slot in sorted(free, key=free.__getitem__, reverse=True):
        draft.keep(slot, free[slot], full(draft, slot, node))


def scale_in(view: NetworkView, now: float) -> ScalePlan:
    """Empty idle nodes, and bring pinned slots to their nodes.

    Args:
        view: The network, its load and what is wanted.
        now: The time, seconds, on the clock of ``view.moved_at``.
    """
    draft = Draft(view)
    fresh = frozenset(n for n in view.placement.facts if _is_fresh(view, n, now))
    idle = [node for node in _idle(view) if node not in fresh]
    emptied: list[str] = []
    kept: set[str] = set()
    for node in idle:
        if node in kept:
            continue
        attempt = _emptied(draft, node, frozenset(emptied) | fresh)
        if attempt is not None:
            draft = attempt
            emptied.append(node)
            kept.update(draft.gaining())
    _bring_home(draft, now, frozenset(emptied))
    if not emptied and idle:
        draft.notes.append(
            f"{', '.join(idle)}: idle, and no other node that has the function takes all slots"
        )
    return draft.finish("scale_in", emptied[0] if emptied else "", complete=True)


def _idle(view: NetworkView) -> list[str]:
    """Return the nodes that enforce something and handle little, first those to be emptied.

    The nodes where the description places a function come last: slots are gathered there.
    """
    homes = {node for placed in view.placement.network.functions.values() for node in placed}
    found = [
        (name in homes, view.pps(name), name)
        for name, facts in view.placement.facts.items()
        if facts.reachable and any(f.enforce for f in facts.functions.values())
        if view.measured(name) and view.pps(name) < (view.thresholds(name).low_pps or 0.0)
    ]
    return [name for _, _, name in sorted(found)]


def _is_fresh(view: NetworkView, node: str, now: float) -> bool:
    """Tell whether a node got slots so lately that it has to show first what it is for."""
    return any(view.cooling(f, slot, node, now) for f, slot in view.enforced(node))


def _emptied(draft: Draft, node: str, others: frozenset[str]) -> Draft | None:
    """Return a draft in which a node gives away all its slots; None if it cannot.

    None of the others gets any. Slots stay where the description places their function, however
    idle that is: there they are gathered. From nodes on different branches they cannot come
    together anywhere else.
    """
    view, attempt = draft.view, draft.copy()
    placed = view.placement.network.functions
    slots = view.enforced(node)
    for (function, slot), pps in sorted(slots.items(), key=lambda s: (-s[1], s[0])):
        if (function, slot) in view.busy or view.wants(function).pinned.get(slot) == node:
            return None
        places = (
            name
            for name in attempt.places((function, slot), node)
            if attempt.enforces(name, function) and name not in others
            if name in placed.get(function, {}) or node not in placed.get(function, {})
        )
        destination = _fullest(attempt, (function, slot), pps, places)
        if destination is None:
            return None
        why = f"{node} handles {view.pps(node):.0f} packets/s, below its lower threshold"
        attempt.move((function, slot), pps, node, destination, why)
    return attempt


def _fullest(draft: Draft, slot: SlotOf, pps: float, places: Iterable[str]) -> str | None:
    """Return the fullest node that takes a slot and stays in the middle of its thresholds.

    Nodes where the description places the function go before others.
    """
    view = draft.view
    homes = view.placement.network.functions.get(slot[0], {})
    known = filter(view.measured, places)
    fits = [name for name in known if draft.load(name) + pps <= _gather_pps(view, name)]

    def order(node: str) -> tuple[object, ...]:
        fullness = share(draft.load(node), _gather_pps(view, node))
        return *draft.rank(slot, node), node not in homes, -fullness, node

    return min(fits, key=order, default=None)


def _gather_pps(view: NetworkView, node: str) -> float:
    """Return the load up to which slots are gathered at a node."""
    thresholds = view.thresholds(node)
    if thresholds.high_pps is None:
        return limit_pps(view, node)
    middle = (thresholds.high_pps + (thresholds.low_pps or 0.0)) / 2
    return min(middle, limit_pps(view, node))


def _bring_home(draft: Draft, now: float, emptied: frozenset[str]) -> None:
    """Let pinned slots go to their nodes where those have room."""
    view = draft.view
    moving = draft.moving()
    for source in sorted(view.placement.facts):
        for (function, slot), pps in view.enforced(source).items():
            home = view.wants(function).pinned.get(slot, source)
            held = (function, slot) in view.busy | moving or home == source or home in emptied
            if held or view.cooling(function, slot, source, now):
                continue
            fits = view.measured(home) and draft.load(home) + pps <= _gather_pps(view, home)
            if fits and home in draft.places((function, slot), source):
                draft.move((function, slot), pps, source, home, f"it is pinned to {home}")
