"""From a control-flow graph to nested `if`s.

Where branches of a node meet again (its immediate post-dominator) the code after them is written
once. What does not nest like that is written once per way that leads there, as long as the code
does not grow too much; beyond that, and for loops, a node becomes a *label*: the code turns into
`while True: if step == 0: … elif step == 1: …`, and going to a label sets the step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from switch.codegen.code import Again, Assign, Block, If, Leave, Loop, ends, number, variable
from switch.codegen.conditions import equal

END = None
"""The successor that means: the graph is left."""

Follow = Callable[[str | None], Block]
"""The code for going on to a successor."""

GROWTH = 3
"""How many times its size the code may grow by writing nodes more than once."""

MAX_DEPTH = 25
"""How many branches may stand inside each other; Python allows 100 levels of indentation."""

SMALL = 40
"""So much code may always be written, in lines."""


@dataclass(frozen=True)
class Graph:
    """Nodes by name with their successors, which may be `END`."""

    start: str | None
    successors: Mapping[str, Sequence[str | None]]
    weights: Mapping[str, int] = field(default_factory=dict)
    """How large each node's own code is, roughly in lines; 1 if it is not said."""
    meets: bool = True
    """Whether branches may meet again. A parser's may not: positions differ."""

    def next_nodes(self, node: str) -> list[str | None]:
        """The successors, each once."""
        return list(dict.fromkeys(self.successors[node]))


@dataclass(frozen=True)
class Hooks:
    """What a graph's own emitter contributes."""

    node: Callable[[str, Follow], Block]
    """One node's code; it calls `follow` for each successor if there are several."""
    jump: Callable[[], Block] = list
    """Code before going to a label."""
    label: Callable[[], None] = lambda: None
    """Called before the code of a label is emitted."""
    end: Callable[[], Block] = list
    """Code where a way ends, for graphs whose branches do not meet."""
    exhausted: Callable[[], Block] = list
    """Code for a packet that has gone from label to label too often."""


def write(graph: Graph, hooks: Hooks, step: str) -> Block:
    """Write the whole graph; `step` is the variable for labels.

    The code ends by `Leave` on every way if there are labels, else it falls through.
    """
    return _Writer(graph, hooks, step, _choose_labels(graph)).write()


def _choose_labels(graph: Graph) -> tuple[str, ...]:
    """Loop heads, and as few further nodes as keep the code from growing too much."""
    labels = _loop_heads(graph)
    weight = {name: graph.weights.get(name, 1) for name in graph.successors}
    budget = GROWTH * sum(weight.values()) + SMALL
    while True:
        counter = _Counter(graph, frozenset(labels), weight, budget)
        if counter.fits():
            return tuple(labels)
        labels.append(counter.heaviest())


def _loop_heads(graph: Graph) -> list[str]:
    """Targets of edges that lead back to a node being visited."""
    heads: list[str] = []
    visited: set[str] = set()
    active: set[str] = set()
    stack: list[tuple[str, bool]] = [(graph.start, False)] if graph.start else []
    while stack:
        node, leaving = stack.pop()
        if leaving:
            active.discard(node)
            continue
        if node in visited:
            continue
        visited.add(node)
        active.add(node)
        stack.append((node, True))
        for successor in graph.next_nodes(node):
            if successor is END:
                continue
            if successor in active and successor not in heads:
                heads.append(successor)
            elif successor not in visited:
                stack.append((successor, False))
    return heads


def post_dominators(graph: Graph) -> dict[str, str | None]:
    """For each node the nearest node that every way from it to the end goes through."""
    everything = frozenset(graph.successors) | {END}
    after: dict[str | None, frozenset[str | None]] = dict.fromkeys(graph.successors, everything)
    after[END] = frozenset({END})
    changed = True
    while changed:
        changed = False
        for node in reversed(list(graph.successors)):
            joined = frozenset.intersection(*(after[item] for item in graph.next_nodes(node)))
            new = joined | {node}
            if new != after[node]:
                after[node] = new
                changed = True
    return {
        node: max(after[node] - {node}, key=lambda item: len(after[item]), default=END)
        for node in graph.successors
    }


@dataclass
class _Walk:
    """How nodes follow each other; shared by counting and writing."""

    graph: Graph
    labels: frozenset[str]

    def __post_init__(self) -> None:
        self._joins = post_dominators(self.graph) if self.graph.meets else {}

    def join(self, node: str) -> str | None:
        """Where the branches of a node meet."""
        return self._joins.get(node, END)


class _Counter:
    """Counts how much code there would be, without writing it."""

    def __init__(
        self, graph: Graph, labels: frozenset[str], weight: Mapping[str, int], budget: int
    ) -> None:
        self._walk = _Walk(graph, labels)
        self._graph = graph
        self._labels = labels
        self._weight = weight
        self._budget = budget
        self._visits: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        """How much code was written beginning with each node, over all visits."""
        self._total = 0
        self._too_deep: str | None = None

    def fits(self) -> bool:
        """Whether the code stays within the budget."""
        try:
            for root in (self._graph.start, *self._labels):
                self._from(root, END, 0, True)
        except OverflowError:
            return False
        return self._total <= self._budget

    def heaviest(self) -> str:
        """The node to make a label: one that stands too deep, or that saves most by it."""
        if self._too_deep is not None:
            return self._too_deep
        saved = {
            node: self._written[node] * (visits - 1) // visits + 1
            for node, visits in self._visits.items()
            if visits > 1 and node not in self._labels
        }
        return max(saved, key=lambda node: saved[node])

    def _from(self, node: str | None, stop: str | None, depth: int, at_root: bool = False) -> None:
        while node is not END and node != stop:
            if node in self._labels and not at_root:
                return
            if depth > MAX_DEPTH and not at_root:
                self._too_deep = node
                raise OverflowError
            at_root = False
            before = self._total
            self._visits[node] += 1
            self._total += self._weight[node]
            if self._total > 20 * self._budget:
                raise OverflowError
            nexts = self._graph.next_nodes(node)
            join = nexts[0] if len(nexts) == 1 else self._walk.join(node)
            if len(nexts) > 1:
                for successor in nexts:
                    self._from(successor, join, depth + 1)
            self._written[node] += self._total - before
            node = join


class _Writer:
    """Writes the code of a graph for a given choice of labels."""

    def __init__(self, graph: Graph, hooks: Hooks, step: str, labels: tuple[str, ...]) -> None:
        self._graph = graph
        self._hooks = hooks
        self._step = step
        self._numbers = {name: index + 1 for index, name in enumerate(labels)}
        self._walk = _Walk(graph, frozenset(labels))

    def write(self) -> Block:
        """All code, with the dispatch over labels if there are any."""
        entry = self._from(self._graph.start)
        if not self._numbers:
            return entry
        chain: Block = []
        for name, value in reversed(self._numbers.items()):
            self._hooks.label()
            body = _closed(self._from(name, at_root=True))
            condition = equal(variable(self._step), number(value))
            chain = [If(condition, body, chain)] if chain else body
        first = equal(variable(self._step), number(0))
        loop = Loop([If(first, _closed(entry), chain)], self._hooks.exhausted())
        return [Assign(self._step, number(0)), loop]

    def _from(self, node: str | None, stop: str | None = END, at_root: bool = False) -> Block:
        block: Block = []
        while node is not END and node != stop:
            if node in self._numbers and not at_root:
                step = Assign(self._step, number(self._numbers[node]))
                return [*block, *self._hooks.jump(), step, Again()]
            at_root = False
            nexts = self._graph.next_nodes(node)
            if len(nexts) == 1:
                block += self._hooks.node(node, lambda _: [])
                node = nexts[0]
                continue
            join = self._walk.join(node)
            block += self._hooks.node(node, partial(self._from, stop=join))
            if not self._graph.meets:
                return block
            node = join
        return block if self._graph.meets else [*block, *self._hooks.end()]


def _closed(block: Block) -> Block:
    return block if ends(block) else [*block, Leave()]
