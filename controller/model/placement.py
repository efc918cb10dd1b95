"""The placement view: which nodes, links and hosts there are, and who enforces which slot.

A ``Placement`` is a snapshot: built from the network as it was then and from what the nodes
themselves said of their control words, never changed afterwards, safe to share between threads.
The graph is networkx's, frozen; its nodes are the names of forwarding nodes and hosts (attribute
``kind``), its edges the links (attribute ``links``: all links between the two, as described).

What the nodes say counts, not what was intended: a slot that two nodes enforce, or none, is a
``Conflict`` that the view derives. A node that cannot be asked is a third case and never guessed.

Nodes are asked at different times, and their answers may overtake each other. Still no snapshot
lacks an enforcer that there is: answers are numbered, and an older one does not replace a newer
one (``with_facts``); and whoever takes slots off a node has the view take in that node and the new
enforcer in one step, before anybody else can ask either (``controller.migration.site``).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import networkx as nx

from controller.model.network import NetworkDescription
from controller.model.slots import format_slots


@dataclass(frozen=True)
class FunctionFacts:
    """What a node says of one function that its program has."""

    slots: int
    "How many slots the function is divided into."
    learn: frozenset[int]
    "Slots whose packets it records state from."
    enforce: frozenset[int]
    "Slots whose packets it acts on."


@dataclass(frozen=True)
class NodeFacts:
    """What a node says of itself."""

    name: str
    reachable: bool
    program: str | None = None
    "Its program's name; None: it has none, or one that the description does not name."
    functions: Mapping[str, FunctionFacts] = field(default_factory=dict)
    "The functions of its program."
    reason: str = ""
    "Why it could not be asked."
    number: int = field(default=0, compare=False)
    "Of two answers of a node, the one with the greater number is the newer."


class ConflictKind(enum.Enum):
    """What is wrong with the placement of some slots."""

    NOWHERE = "nowhere"
    "Every node was asked, and none enforces them: their packets pass unfiltered."
    UNKNOWN = "unknown"
    "None of those asked enforces them, and some node could not be asked."
    TWICE = "twice"
    "More than one node enforces them: harmless, unless it lasts."


@dataclass(frozen=True)
class Conflict:
    """Slots of a function that are not enforced by exactly one node."""

    function: str
    slots: frozenset[int]
    kind: ConflictKind
    nodes: frozenset[str]
    "TWICE: those which enforce them; UNKNOWN: those which could not be asked."

    def __str__(self) -> str:
        names = ", ".join(sorted(self.nodes))
        what = f"{self.function}, slots {format_slots(self.slots)}"
        if self.kind is ConflictKind.NOWHERE:
            return f"{what}: enforced nowhere"
        if self.kind is ConflictKind.UNKNOWN:
            return f"{what}: enforced by no node that answers; no answer from {names}"
        return f"{what}: enforced by {names} at the same time"


class Placement:
    """Who enforces which slot, at one moment. Immutable."""

    def __init__(
        self,
        network: NetworkDescription,
        facts: Mapping[str, NodeFacts],
        placed: Mapping[str, frozenset[int]],
    ) -> None:
        """Make a snapshot.

        Args:
            network: The network as it is now.
            facts: Each node's own words; one that is missing counts as not asked.
            placed: Function to the slots that somebody is meant to enforce.
        """
        self.network = network
        self.facts: Mapping[str, NodeFacts] = MappingProxyType(
            {name: facts[name] if name in facts else _unasked(name) for name in network.nodes}
        )
        self.placed = MappingProxyType(dict(placed))

    def with_facts(
        self,
        heard: Iterable[NodeFacts],
        network: NetworkDescription,
        placed: Mapping[str, frozenset[int]],
    ) -> Placement:
        """Return the next snapshot, with what nodes said unless something newer is known.

        Args:
            heard: Nodes' own words, all taken in at once.
            network: The network as it is now.
            placed: As in a new snapshot.
        """
        news = {f.name: f for f in heard if not self._knows_better(f)}
        return Placement(network, {**self.facts, **news}, placed)

    def _knows_better(self, facts: NodeFacts) -> bool:
        known = self.facts.get(facts.name)
        return known is not None and known.number > facts.number

    @property
    def graph(self) -> nx.Graph:
        """The network as a graph: see ``NetworkDescription.graph``."""
        return self.network.graph

    def functions(self) -> dict[str, int]:
        """Return the functions of all nodes' programs and how many slots each has."""
        return {
            name: function.slots
            for node in self.facts.values()
            for name, function in sorted(node.functions.items())
        }

    def by_node(self, function: str) -> dict[str, frozenset[int]]:
        """Return which slots of a function each node enforces, without nodes that enforce none."""
        found = {
            name: node.functions[function].enforce
            for name, node in self.facts.items()
            if function in node.functions
        }
        return {name: slots for name, slots in found.items() if slots}

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return every slot that is not enforced by exactly one node, grouped."""
        names = sorted(set(self.functions()) | set(self.placed))
        return tuple(conflict for name in names for conflict in self._conflicts_of(name))

    def _conflicts_of(self, function: str) -> Iterator[Conflict]:
        by_node = self.by_node(function)
        silent = frozenset(name for name, node in self.facts.items() if not node.reachable)
        groups: dict[frozenset[str], set[int]] = {}
        for slot in self.placed.get(function, frozenset()).union(*by_node.values()):
            nodes = frozenset(name for name, slots in by_node.items() if slot in slots)
            if len(nodes) != 1:
                groups.setdefault(nodes, set()).add(slot)
        for nodes, slots in sorted(groups.items(), key=lambda group: min(group[1])):
            if nodes:
                yield Conflict(function, frozenset(slots), ConflictKind.TWICE, nodes)
            else:
                kind = ConflictKind.UNKNOWN if silent else ConflictKind.NOWHERE
                yield Conflict(function, frozenset(slots), kind, silent)

    def to_dict(self) -> dict[str, Any]:
        """Return the view as plain data, for operators' tools."""
        return {
            "nodes": [_node_dict(self, name) for name in self.facts],
            "links": [[str(link.a), str(link.b)] for link in self.network.links],
            "hosts": [
                {"name": h.name, "attached": str(h.attached), "mac": h.mac, "ip": list(h.ip)}
                for h in self.network.hosts.values()
            ],
            "functions": {
                name: {
                    "slots": slots,
                    "placement": {n: format_slots(s) for n, s in self.by_node(name).items()},
                }
                for name, slots in self.functions().items()
            },
            "conflicts": [str(conflict) for conflict in self.conflicts()],
        }


def _unasked(name: str) -> NodeFacts:
    return NodeFacts(name, reachable=False, reason="it was not asked yet")


def _node_dict(view: Placement, name: str) -> dict[str, Any]:
    facts = view.facts[name]
    return {
        "name": name,
        "reachable": facts.reachable,
        "reason": facts.reason,
        "program": facts.program,
        "ports": list(view.network.nodes[name].ports),
        "functions": {
            function: {"learn": format_slots(f.learn), "enforce": format_slots(f.enforce)}
            for function, f in facts.functions.items()
        },
    }
