"""The scenario's account by the management entity: load, placement, plans over time.

Times are nanoseconds of CLOCK_REALTIME, as in the traffic's records. A slot counts as moved when
its destination begins to enforce it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topo.autoscale.news import Event
from topo.demo.management import Migration, slot_numbers
from topo.traffic.accounting import Window

Series = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Times (ns) and values."""
ENFORCED = "enforce on"
"""The step of a migration with which its destination begins to enforce."""


@dataclass(frozen=True)
class Plan:
    """A plan that was begun."""

    at_ns: int
    kind: str
    node: str
    moves: tuple[str, ...]
    explanation: tuple[str, ...]
    state: str
    """What became of it: `finished`, `failed`, `stopped`; `begun` if that is not known yet."""
    reason: str
    first_step_ns: int | None
    """When its first migration's first step began; None if none did."""

    def to_dict(self, origin_ns: int) -> dict[str, Any]:
        """Return plain data, times in seconds since the first packet."""
        return {
            "at_s": (self.at_ns - origin_ns) / 1e9,
            "kind": self.kind,
            "node": self.node,
            "moves": list(self.moves),
            "explanation": list(self.explanation),
            "state": self.state,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Timeline:
    """All that the management entity told."""

    loads: Mapping[str, Series]
    """Node to its measured load, packets/s."""
    plans: tuple[Plan, ...]
    migrations: tuple[Migration, ...]
    """Those that finished."""
    failures: tuple[str, ...]
    """Those that did not, a sentence each."""
    initial: Mapping[int, str]
    """Slot to the node that enforced it at first."""
    nodes: tuple[str, ...] = field(default=())
    """Those that enforced anything at any time, in the order of their first slot."""

    def placement(self) -> list[tuple[int, Counter[str]]]:
        """Return from when on how many slots each node enforced; the first from the beginning."""
        slots = dict(self.initial)
        known = [(0, Counter(slots.values()))]
        for at_ns, migration in sorted((enforced_ns(m), m) for m in self.migrations):
            slots |= dict.fromkeys(migration.slots, migration.destination)
            known.append((at_ns, Counter(slots.values())))
        return known

    def mean_pps(self, node: str, window: Window) -> float:
        """Return a node's mean load in a window; 0 if it was not measured then."""
        at_ns, pps = self.loads.get(node, (np.empty(0), np.empty(0)))
        chosen = pps[(at_ns >= window.start_ns) & (at_ns < window.end_ns)]
        return float(chosen.mean()) if chosen.size else 0.0


def enforced_ns(migration: Migration) -> int:
    """Return when a migration's destination began to enforce."""
    found = (step.window.end_ns for step in migration.steps if step.name == ENFORCED)
    return next(found, migration.window.end_ns)


def first_placement(placement: Mapping[str, str]) -> dict[int, str]:
    """Turn a placement round: from node to text of slots, as it is told, to slot to node."""
    return {slot: node for node, text in placement.items() for slot in slot_numbers(text)}


def finished(events: Iterable[Event]) -> tuple[Migration, ...]:
    """Return the migrations of which events tell that they have finished."""
    ended = (e["migration"] for e in events if e["event"] == "migration_ended")
    return tuple(Migration.read(m) for m in ended if m["state"] == "finished")


def read_timeline(events: Sequence[Event], initial: Mapping[int, str]) -> Timeline:
    """Make an account of events, and of the placement before them (slot to node)."""
    ended = [e["migration"] for e in events if e["event"] == "migration_ended"]
    migrations = finished(events)
    failures = tuple(
        f"migration {m['id']} is {m['state']}: {m['reason']}"
        for m in ended
        if m["state"] != "finished"
    )
    enforcers = [*initial.values(), *(m.destination for m in migrations)]
    return Timeline(
        loads=_loads(e for e in events if e["event"] == "load"),
        plans=tuple(_plans(events)),
        migrations=migrations,
        failures=failures,
        initial=initial,
        nodes=tuple(dict.fromkeys(enforcers)),
    )


def _at_ns(event: Event) -> int:
    return int(event["at"] * 1e9)


def _loads(events: Iterable[Event]) -> dict[str, Series]:
    measured: dict[str, list[tuple[int, float]]] = {}
    for event in events:
        for node, load in event["nodes"].items():
            if not load["stale"]:
                measured.setdefault(node, []).append((_at_ns(event), load["pps"]))
    return {
        node: (np.array([at for at, _ in known], np.int64), np.array([pps for _, pps in known]))
        for node, known in measured.items()
    }


def _plans(events: Sequence[Event]) -> Iterable[Plan]:
    """Pair each plan that was begun with the news of its end, which is the next of any plan."""
    news = [event for event in events if event["event"] == "plan"]
    ended = [event["migration"] for event in events if event["event"] == "migration_ended"]
    for index, event in enumerate(news):
        if event["state"] != "begun":
            continue
        plan = event["plan"]
        end = next((e for e in news[index + 1 :] if e["plan"] == plan), event)
        yield Plan(
            at_ns=_at_ns(event),
            kind=plan["kind"],
            node=plan["node"],
            moves=tuple(
                f"slots {move['slots']}: {move['from']} to {move['to']} by {move['method'].upper()}"
                for move in plan["moves"]
            ),
            explanation=tuple(plan["explanation"]),
            state=end["state"],
            reason=end["reason"],
            first_step_ns=_first_step_ns(m for m in ended if m["id"] in end["migrations"]),
        )


def _first_step_ns(migrations: Iterable[Mapping[str, Any]]) -> int | None:
    """Return when the first step of any of these migrations began."""
    began = [step["started_at"] for m in migrations for step in m["steps"] if step["started_at"]]
    return int(min(began) * 1e9) if began else None
