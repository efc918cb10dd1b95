"""Puts together what planners look at, from what the management entity knows. Asks no node.

Choices: plans begin within milliseconds of their occasion, so they are made of what was heard last;
each migration asks its own two nodes again before anything is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from controller.migration.catalog import Catalog
from controller.migration.manager import MigrationManager
from controller.migration.record import MigrationRecord
from controller.migration.states import MigrationState
from controller.model.network import NetworkDescription
from controller.model.placement import NodeFacts, Placement
from controller.planning.cost import Costs
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.planning.view import NetworkView, SlotLoads, SlotOf
from controller.state.port_labels import Labelling

_LEARN_FROM = 50
"Latest migrations whose durations predict the next."


@dataclass(frozen=True)
class Sources:
    """Where to look; each call returns at once, from any thread."""

    manager: MigrationManager
    catalog: Catalog
    latest: Callable[[], Placement]
    reach: Callable[[], Reach]
    policy: Callable[[], Policy]
    labels: Callable[[NetworkDescription], Mapping[str, Labelling]]
    "From a network to what its entries say of ports: see ``Reach``."


class Sight:
    """Looks."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.loads: SlotLoads = {}
        "As measured last."
        self.avoided: Callable[[], frozenset[str]] = frozenset
        "Returns the nodes that get nothing, whoever plans: those that are drained."
        self._costs = Costs()
        self._capable = Capable(sources.catalog)

    def look(
        self,
        *,
        avoid: frozenset[str] = frozenset(),
        moved_at: Mapping[SlotOf, float] | None = None,
        reach: Reach | None = None,
    ) -> NetworkView:
        """Return the view of this moment.

        Args:
            avoid: More nodes that get nothing.
            moved_at: When slots moved last.
            reach: The paths to plan for; None: those in use.
        """
        sources = self.sources
        placement = sources.latest()
        return NetworkView(
            placement,
            reach or sources.reach(),
            sources.policy(),
            self.loads,
            self._capable.by_function(placement),
            self._cells(),
            frozenset(n for n, facts in placement.facts.items() if not facts.reachable),
            avoid | self.avoided(),
            busy_slots(sources.manager.unended()),
            moved_at or {},
            self._costs,
        )

    def learn_costs(self) -> None:
        """Predict from the latest migrations from now on. Reads the journal."""
        finished = (
            (record.method, record.duration_ms)
            for record in self.sources.manager.migrations()[-_LEARN_FROM:]
            if record.state is MigrationState.FINISHED and record.duration_ms is not None
        )
        self._costs = Costs.learned(finished)

    def _cells(self) -> dict[str, int]:
        return {
            name: manifest.cells_of([0])
            for functions in self.sources.catalog.manifests.values()
            for name, manifest in functions.items()
        }


def busy_slots(records: Iterable[MigrationRecord]) -> frozenset[SlotOf]:
    """Return the slots that are being moved."""
    return frozenset((record.function, slot) for record in records for slot in record.slots)


class Capable:
    """Which nodes can run which function: their program has it, or one that a reload can bring.

    A function with tables of the node's own (a firewall's zones) needs entries of them, and those
    are described or not: without, packets would pass it unseen.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._entries: Mapping[str, object] | None = None
        self._known: dict[tuple[str, str | None, frozenset[str]], frozenset[str]] = {}

    def by_function(self, placement: Placement) -> dict[str, frozenset[str]]:
        """Return function to nodes."""
        if self._entries is not placement.network.entries:
            self._entries, self._known = placement.network.entries, {}
        found: dict[str, set[str]] = {name: set() for name in self._catalog.functions()}
        for facts in placement.facts.values():
            key = (facts.name, facts.program, frozenset(facts.functions))
            if key not in self._known:
                self._known[key] = frozenset(self._functions(placement.network, facts))
            for function in self._known[key]:
                found[function].add(facts.name)
        return {name: frozenset(nodes) for name, nodes in found.items()}

    def _functions(self, network: NetworkDescription, facts: NodeFacts) -> Iterable[str]:
        for function in self._catalog.functions():
            wanted = frozenset(facts.functions) | {function}
            program = facts.program
            if function not in facts.functions:
                program = self._catalog.with_functions(wanted)
            if program in self._catalog.programs and self._has_entries(
                network, facts.name, program, function
            ):
                yield function

    def _has_entries(
        self, network: NetworkDescription, node: str, program: str | None, function: str
    ) -> bool:
        if program is None:
            return False
        needed = self._catalog.manifests[program][function].node_tables
        schema = self._catalog.programs[program].schema
        tables = (schema.tables.get(entry.table) for entry in network.entries.get(node, ()))
        return needed <= {table.name for table in tables if table is not None}
