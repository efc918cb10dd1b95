"""Plans: which slots go where, why, and what is expected of it. Data only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from controller.model.slots import format_slots, parse_slots
from controller.planning.cost import Method

Kind = Literal["scale_out", "scale_in", "drain", "replace_dead"]


@dataclass(frozen=True)
class SlotMove:
    """Slots of one function that go from one node to another."""

    function: str
    source: str
    destination: str
    slots: frozenset[int]
    method: Method
    why: str
    "A sentence for people."
    pause_ms: float
    "For how long packets are expected to stand still."
    time_ms: float
    "How long it is expected to take."

    def __str__(self) -> str:
        what = f"{self.function}, slots {format_slots(self.slots)}"
        return f"{what}: {self.source} to {self.destination} by {self.method.upper()}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "function": self.function,
            "from": self.source,
            "to": self.destination,
            "slots": format_slots(self.slots),
            "method": self.method,
            "why": self.why,
            "pause_ms": round(self.pause_ms, 3),
            "time_ms": round(self.time_ms, 1),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SlotMove:
        """Make a move of what ``to_dict`` returned."""
        return cls(
            data["function"],
            data["from"],
            data["to"],
            parse_slots(data["slots"]),
            data["method"],
            data["why"],
            data["pause_ms"],
            data["time_ms"],
        )


@dataclass(frozen=True)
class ScalePlan:
    """Moves to be made one after another, and what is expected of them."""

    kind: Kind
    node: str
    "The node that gave the occasion."
    moves: tuple[SlotMove, ...] = ()
    explanation: tuple[str, ...] = ()
    "Why it is done this way, and what cannot be done, a sentence each."
    before_pps: Mapping[str, float] = field(default_factory=dict)
    "Node to its load now, of those that the plan touches."
    after_pps: Mapping[str, float] = field(default_factory=dict)
    "Node to the load that it is expected to have then."
    complete: bool = True
    "Whether it reaches what it is for."

    def __bool__(self) -> bool:
        return bool(self.moves)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "kind": self.kind,
            "node": self.node,
            "complete": self.complete,
            "moves": [move.to_dict() for move in self.moves],
            "explanation": list(self.explanation),
            "before_pps": {n: round(pps, 1) for n, pps in self.before_pps.items()},
            "after_pps": {n: round(pps, 1) for n, pps in self.after_pps.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScalePlan:
        """Make a plan of what ``to_dict`` returned."""
        return cls(
            data["kind"],
            data["node"],
            tuple(map(SlotMove.from_dict, data["moves"])),
            tuple(data["explanation"]),
            data["before_pps"],
            data["after_pps"],
            data["complete"],
        )


def summary(moves: Iterable[SlotMove]) -> str:
    """Return moves in one line."""
    return "; ".join(map(str, moves)) or "nothing moves"
