"""What planners look at: one consistent moment of network, load and policy. Immutable.

The planners (``scale``, ``drain``, ``takeover``) are pure functions of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.model.placement import Placement
from controller.model.slots import format_slots
from controller.model.thresholds import Thresholds
from controller.planning.cost import Costs, Method, Prediction
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach

SlotOf = tuple[str, int]
"A function and one of its slots."

SlotLoads = Mapping[str, Mapping[str, Mapping[int, float]]]
"Node to function to slot to packets/s handled."


@dataclass(frozen=True)
class NetworkView:
    """One moment, as planners see it."""

    placement: Placement
    reach: Reach
    policy: Policy
    load: SlotLoads = field(default_factory=dict)
    can_run: Mapping[str, frozenset[str]] = field(default_factory=dict)
    "Function to the nodes that have it, or that a reload could give it; with their entries."
    cells: Mapping[str, int] = field(default_factory=dict)
    "Function to the cells of one slot's state."
    dead: frozenset[str] = frozenset()
    avoid: frozenset[str] = frozenset()
    "Nodes that get nothing: they are being drained."
    busy: frozenset[SlotOf] = frozenset()
    "Slots that are being moved."
    moved_at: Mapping[SlotOf, float] = field(default_factory=dict)
    "When slots were moved last, or a move of them failed, on the clock that planners get."
    costs: Costs = field(default_factory=Costs)

    def thresholds(self, node: str) -> Thresholds:
        """Return a node's thresholds."""
        return self.policy.thresholds(node)

    def wants(self, function: str) -> FunctionPolicy:
        """Return what is wanted of a function."""
        return self.policy.function(function)

    def enforced(self, node: str) -> dict[SlotOf, float]:
        """Return the slots that a node enforces and how many packets/s it handles for each."""
        facts = self.placement.facts[node]
        loads = self.load.get(node, {})
        return {
            (function, slot): loads.get(function, {}).get(slot, 0.0)
            for function, known in facts.functions.items()
            for slot in known.enforce
        }

    def measured(self, node: str) -> bool:
        """Tell whether a node's load is known: after a start it takes two readings of a node."""
        return node in self.load

    def pps(self, node: str) -> float:
        """Return what all functions of a node handle, packets/s; 0 where that is not known."""
        return sum(sum(slots.values()) for slots in self.load.get(node, {}).values())

    def loads(self, nodes: Iterable[str]) -> dict[str, float]:
        """Return ``pps`` of some nodes."""
        return {node: self.pps(node) for node in nodes}

    def has(self, node: str, function: str) -> bool:
        """Tell whether a node's program has a function."""
        return function in self.placement.facts[node].functions

    def predict(self, destination: str, function: str, slots: int) -> Prediction:
        """Predict a move of some slots: PM where the destination has the function, PR where not."""
        method: Method = "pm" if self.has(destination, function) else "pr"
        return self.costs.predict(method, slots * self.cells.get(function, 0))

    def cooling(self, function: str, slot: int, node: str, now: float) -> bool:
        """Tell whether a slot was moved so lately that it must stay where it is."""
        moved = self.moved_at.get((function, slot))
        return moved is not None and now - moved < self.thresholds(node).cool_down_s

    def obstacle(self, function: str, node: str) -> str:
        """Tell why a node could not enforce slots of a function; empty: it could."""
        facts = self.placement.facts.get(node)
        wants = self.wants(function)
        if facts is None or not facts.reachable or node in self.dead:
            return f"{node} does not answer"
        if node in self.avoid:
            return f"{node} is drained"
        if wants.nodes is not None and node not in wants.nodes:
            return f"{node} is not among the nodes of its policy"
        if self.thresholds(node).capacity_pps == 0:
            return f"{node} has a capacity of 0"
        if node not in self.can_run.get(function, frozenset()):
            return f"no program would give {node} {function}, or entries for it are not described"
        others = {f: known for f, known in facts.functions.items() if f != function}
        for other, known in others.items():
            if known.enforce and self.apart(function, other):
                return f"{node} enforces {other}, and they are to be apart"
        busy = {f: known.learn | known.enforce for f, known in others.items()}
        if not self.has(node, function) and any(busy.values()):
            held = ", ".join(f"{f}, slots {format_slots(s)}" for f, s in busy.items() if s)
            return f"{node} would be reloaded to get {function}, and has {held}: move those first"
        return ""

    def apart(self, function: str, other: str) -> bool:
        """Tell whether two functions must not be enforced at the same node."""
        return other in self.wants(function).apart_from or function in self.wants(other).apart_from
