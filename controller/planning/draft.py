"""A plan in the making: loads as they would be, and where one more slot could go."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import copy

from controller.model.slots import format_slots
from controller.planning.plan import Kind, ScalePlan, SlotMove
from controller.planning.view import NetworkView, SlotOf

SHARE = 0.9
"Part of a threshold that plans fill: what is just below it would cross it with the next breath."


class Draft:
    """Moves chosen so far, over one view. For one thread."""

    def __init__(self, view: NetworkView) -> None:
        self.view = view
        self.notes: list[str] = []
        "Sentences for people."
        self._load: dict[str, float] = {}
        self._chosen: dict[tuple[str, str, str], dict[int, str]] = {}
        self._kept: dict[tuple[str, str], dict[int, float]] = {}

    def copy(self) -> Draft:
        """Return another draft that goes on from here."""
        other = copy(self)
        other.notes, other._load = list(self.notes), dict(self._load)
        other._chosen = {key: dict(slots) for key, slots in self._chosen.items()}
        other._kept = {key: dict(slots) for key, slots in self._kept.items()}
        return other

    def load(self, node: str) -> float:
        """Return what a node would handle, packets/s."""
        if node not in self._load:
            self._load[node] = self.view.pps(node)
        return self._load[node]

    def move(self, slot: SlotOf, pps: float, source: str, destination: str, why: str) -> None:
        """Let a slot go from one node to another."""
        function, number = slot
        self._load[source] = self.load(source) - pps
        self._load[destination] = self.load(destination) + pps
        self._chosen.setdefault((function, source, destination), {})[number] = why

    def keep(self, slot: SlotOf, pps: float, why: str) -> None:
        """Note why a slot cannot go anywhere; slots of one reason are told together."""
        function, number = slot
        self._kept.setdefault((function, why), {})[number] = pps

    def moving(self) -> frozenset[SlotOf]:
        """Return the slots that were chosen."""
        return frozenset((f, slot) for (f, _, _), slots in self._chosen.items() for slot in slots)

    def gaining(self) -> frozenset[str]:
        """Return the nodes that get slots."""
        return frozenset(to for _, _, to in self._chosen)

    def enforces(self, node: str, function: str) -> bool:
        """Tell whether a node would enforce slots of a function, gained ones included."""
        if any(f == function and to == node for f, _, to in self._chosen):
            return True
        known = self.view.placement.facts[node].functions.get(function)
        return known is not None and bool(known.enforce)

    def places(self, slot: SlotOf, source: str) -> list[str]:
        """Return the other nodes that could enforce a slot, whatever they handle already."""
        function, number = slot
        nodes = self.view.reach.nodes(function, number, source)
        if source not in nodes:
            return []  # it does not see all packets: its state cannot be handed over
        return [n for n in sorted(nodes - {source}) if self.may_take(function, n)]

    def may_take(self, function: str, node: str) -> bool:
        """Tell whether a node could enforce a function's slots, besides what it gains already."""
        return not self.obstacle(function, node)

    def obstacle(self, function: str, node: str) -> str:
        """Tell why a node could not; empty: it could."""
        for other in sorted({f for f, _, to in self._chosen if to == node} - {function}):
            if self.view.apart(function, other):
                return f"{node} gets {other}, and they are to be apart"
            if not self.view.has(node, function):
                return f"{node} would be reloaded to get {function}, and gets {other}"
        return self.view.obstacle(function, node)

    def rank(self, slot: SlotOf, node: str) -> tuple[bool, bool, float]:
        """Order nodes that a slot could go to, best first: by what the move costs the packets."""
        function, number = slot
        pause_ms = 0.0 if self.enforces(node, function) else self._pause_ms(function, node)
        pinned = self.view.wants(function).pinned.get(number) == node
        return not pinned, not self.enforces(node, function), pause_ms

    def _pause_ms(self, function: str, node: str) -> float:
        return self.view.predict(node, function, 1).pause_ms

    def finish(self, kind: Kind, node: str, *, complete: bool) -> ScalePlan:
        """Return the plan."""
        touched = sorted({node, *(n for _, a, b in self._chosen for n in (a, b))} - self.view.dead)
        moves = tuple(self._moves())
        return ScalePlan(
            kind,
            node,
            moves,
            (*(f"{move}: {move.why}" for move in moves), *self.notes, *self._reasons()),
            self.view.loads(touched),
            {name: self.load(name) for name in touched},
            complete,
        )

    def _reasons(self) -> Iterator[str]:
        for (function, why), slots in self._kept.items():
            load = f" ({sum(slots.values()):.0f} packets/s)" if any(slots.values()) else ""
            yield f"{function}, slots {format_slots(slots)}{load}: {why}"

    def _moves(self) -> Iterator[SlotMove]:
        """Yield the moves, reloads first: later a node may have slots of another function."""

        def order(chosen: tuple[tuple[str, str, str], object]) -> tuple[object, ...]:
            (function, _, destination), _ = chosen
            return self.view.has(destination, function), chosen[0]

        for (function, source, destination), slots in sorted(self._chosen.items(), key=order):
            expected = self.view.predict(destination, function, len(slots))
            pause = f", packets wait {expected.pause_ms:.1f} ms" if expected.pause_ms else ""
            has = "has" if expected.method == "pm" else "is reloaded to get"
            why = "; ".join(dict.fromkeys(slots.values()))
            yield SlotMove(
                function,
                source,
                destination,
                frozenset(slots),
                expected.method,
                f"{why}; {destination} {has} {function}: about {expected.time_ms:.0f} ms{pause}",
                expected.pause_ms,
                expected.time_ms,
            )


def limit_pps(view: NetworkView, node: str) -> float:
    """Return the load up to which a node is filled when load is spread."""
    thresholds = view.thresholds(node)
    high = math.inf if thresholds.high_pps is None else SHARE * thresholds.high_pps
    most = math.inf if thresholds.capacity_pps is None else thresholds.capacity_pps
    return min(high, most)


def share(load: float, limit: float) -> float:
    """Return the part of a limit that a load takes; where there is none, the load orders."""
    return load / limit if limit not in (0.0, math.inf) else load * 1e-12


def full(draft: Draft, slot: SlotOf, source: str) -> str:
    """Say why no node takes a slot of another one."""
    function, number = slot
    loads = ", ".join(f"{n} ({_fullness(draft, n)})" for n in draft.places(slot, source))
    if loads:
        return f"no node on their paths has room: {loads}"
    reach = draft.view.reach
    seeing = reach.nodes(function, number, source)
    if source not in seeing:
        return f"{source} does not see all of their packets: what it has cannot be handed over"
    others = sorted((reach.passed(function, number) if reach.paths else seeing) - {source})
    told = [
        (reach.unsuited(function, number, n) if reach.paths else "") or draft.obstacle(function, n)
        for n in others
    ]
    may = f"no other node on all paths of their packets may run {function}"
    return f"{may}: {'; '.join(told)}" if told else may


def _fullness(draft: Draft, node: str) -> str:
    if not draft.view.measured(node):
        return "its load is not known"
    return f"{draft.load(node):.0f} of {limit_pps(draft.view, node):.0f} packets/s"
