"""Keeps the nodes' forwarding at what the network needs, from the moment that it changes.

One thread looks at the network whenever something has changed (``changed``), computes what nodes
shall hold, and brings them there in stages (``update``). Whatever happens meanwhile makes it look
again. Nothing is kept but what nodes were last seen to hold, which is read from the nodes
themselves: when they become ready, after a migration that had them, and after each failure.

Choices:
- After a start nothing is touched until all nodes are ready and discovery had the time to hear all
  links, or a time limit has passed: paths that are in use must not move because of links that are
  only not seen yet.
- Whoever runs functions on the paths may hold a slot back (``gate``): its paths stay as they are,
  even where they lead nowhere any more, until it lets them move. A host that has moved to another
  node is led to there when all slots may.
- A node that could not be changed is read again and tried again; nodes that send to it wait.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from finsy.p4entity import P4TableEntry
from finsy.p4schema import P4Schema

from controller.discovery.changes import Facing
from controller.discovery.topology import Topology
from controller.forwarding.holdings import Holdings
from controller.forwarding.nodes import Hold, Nodes
from controller.forwarding.options import ForwardingOptions
from controller.forwarding.steady import NodeWay, SteadyWays
from controller.forwarding.tables import entries_of, has_tables
from controller.forwarding.update import Distance, Stage, stages
from controller.forwarding.wanted import Wanted, hosts_as_led_to, paths_to_use, wanted
from controller.forwarding.ways import WaysNow
from controller.model.network import NetworkDescription
from controller.model.parts import Port
from controller.model.paths import Paths, slot_paths
from controller.southbound.driver import NodeDriver

LOG = logging.getLogger(__name__)

Gate = Callable[[Paths | None, Paths, WaysNow], frozenset[int]]
"""From the paths in use, those wanted, and the ways that nodes have, to the slots that may move.

Returns soon. At the beginning nobody knows which paths nodes were meant to have: None."""


@dataclass(frozen=True)
class Moved:
    """What one look at the network has changed."""

    nodes: frozenset[str]
    updates: int
    "Entries and groups written."
    withheld: frozenset[int]
    "Slots whose paths were not moved."
    took_s: float


class Forwarder:
    """Forwarding of one network."""

    def __init__(
        self,
        snapshot: Callable[[], Topology],
        drivers: Mapping[str, NodeDriver],
        hold: Hold,
        options: ForwardingOptions,
        tell: Callable[[Moved], None],
    ) -> None:
        """Prepare; nothing is touched before ``start``.

        Args:
            snapshot: Returns the topology as it is; at this moment as it is described.
            drivers: A driver for each node.
            hold: Keeps all other operations away from a node.
            options: Time limits.
            tell: Hears of what was changed; returns at once.
        """
        self._snapshot = snapshot
        self._nodes = Nodes(drivers, hold)
        self._options = options
        self._tell = tell
        described = snapshot().network
        self._cabled = _ends(described)
        self._paths = slot_paths(described)
        self._gate: Gate | None = None
        self._withheld: frozenset[int] = frozenset()
        self._holdings = Holdings(self._nodes)
        self._steady = SteadyWays()
        self._done = Wanted()
        self._hosts: set[int] = set()
        self._begun = False
        self._in_step = False
        self._began = threading.Event()
        self._done_for: Topology | None = None
        self._started_at = 0.0
        self._stopping = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forwarding", daemon=True)

    # Life

    def start(self) -> None:
        """Begin to look."""
        self._started_at = time.monotonic()
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop; nodes go on with what they have. Idempotent."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._nodes.close()

    # News; each returns at once

    def changed(self) -> None:
        """The network is not what it was, or a slot that was held back may be moved."""
        self._wake.set()

    def node_ready(self, name: str) -> None:
        """A node runs its program and can be written to."""
        self._holdings.ready(name)
        self._wake.set()

    def node_lost(self, name: str) -> None:
        """A node cannot be written to; what it holds then is not known."""
        self._holdings.lost(name)
        self._wake.set()

    def reread(self, names: Iterable[str]) -> None:
        """Others have changed what these nodes hold, or may have."""
        self._holdings.doubt(names)
        self._wake.set()

    # Questions; from any thread

    @property
    def paths(self) -> Paths:
        """The paths in use: those of the network as it is, but for slots that are held back."""
        return self._paths

    def wait_begun(self, timeout_s: float) -> bool:
        """Wait until nodes are led along ``paths``: before, packets take ways that nobody knows."""
        return self._began.wait(timeout_s)

    @property
    def in_step(self) -> bool:
        """Whether all nodes that can be reached forward along ``paths``."""
        return self._in_step

    def ways_between(
        self, one: str, other: str, slots: Collection[int]
    ) -> frozenset[NodeWay] | None:
        """Return the ways that packets of some slots can be on between two nodes.

        None: nobody knows, since something has changed a short while ago.
        """
        return self._steady.between(one, other, slots, time.monotonic())

    def set_gate(self, gate: Gate | None) -> None:
        """Have slots held back; None: none is."""
        self._gate = gate
        self._wake.set()

    def kept(self, node: str, schema: P4Schema) -> tuple[P4TableEntry, ...]:
        """Return what a node shall be given together with a program, as far as it is known.

        While paths move it is still what it was: those who moved lead around this node, and those
        who did not may be led to by it.
        """
        return tuple(entries_of(self._done.given(node))) if has_tables(schema) else ()

    # The thread

    def _run(self) -> None:
        pause_s: float | None = None
        while not self._stopping:
            self._wake.wait(pause_s)
            self._wake.clear()
            if self._stopping:
                return
            try:
                pause_s = self._look()
            except Exception:
                LOG.exception("forwarding: error; looked at again in %g s", self._options.retry_s)
                pause_s = self._options.retry_s
                self._holdings.doubt(self._holdings.held)

    def _look(self) -> float | None:
        """Bring nodes to what the network needs; return when to look again at the latest."""
        began = time.monotonic()
        topology = self._snapshot()
        network = topology.network
        ready, news = self._holdings.refresh(network)
        held = self._holdings.held
        if not self._may_begin(topology, ready, began):
            return self._options.retry_s
        if topology is self._done_for and not news:
            return self._options.check_s
        self._done_for = None
        withheld = self._move_paths(network)
        self._cabled |= _ends(network)
        network = hosts_as_led_to(network, self._paths)
        closed = self._cabled | {p for p, faces in topology.ports.items() if faces != Facing.EDGE}
        described = self._holdings.described
        shall = wanted(network, self._paths, set(held), described, closed)
        self._hosts |= set(shall.homes)
        gone = self._hosts - set(shall.homes)
        plan = stages(held, shall, _distances(slot_paths(network)), gone)
        if plan:
            self._steady.forget()
        complete = all(map(self._holdings.change, plan)) and set(held) == ready
        self._in_step = complete
        if complete:
            self._done = shall
            self._began.set()
        if complete and set(held) >= set(network.nodes):
            self._hosts -= gone
            self._steady.note(held, network, time.monotonic())
        else:
            self._steady.forget()
        if plan:
            self._report(plan, withheld, time.monotonic() - began)
        if not complete:
            return self._options.retry_s
        if withheld:
            return self._options.gate_retry_s
        self._done_for = topology
        return self._options.check_s

    def _may_begin(self, topology: Topology, ready: frozenset[str], now_s: float) -> bool:
        if not self._begun:
            there = topology.settled and set(topology.nodes) <= ready
            due = there or now_s - self._started_at >= self._options.settle_s
            self._begun = due and self._all_may_move(topology.network)
        return self._begun

    def _all_may_move(self, network: NetworkDescription) -> bool:
        """Ask for all slots at the beginning: functions may be on paths from an earlier life."""
        newest = slot_paths(network)
        if self._gate is None:
            return True
        ways = WaysNow(self._holdings.held, network)
        return len(self._gate(None, newest, ways)) == newest.slots

    def _move_paths(self, network: NetworkDescription) -> frozenset[int]:
        """Take new paths for the slots that may have them; return the others."""
        newest = slot_paths(network)
        changed = frozenset(
            slot for slot in range(newest.slots) if _differs(self._paths.network(slot), network)
        )
        gate = self._gate
        asked = changed or self._withheld  # who holds slots back must hear that there are none
        ways = WaysNow(self._holdings.held, network)
        allowed = gate(self._paths, newest, ways) if gate and asked else changed
        self._withheld = withheld = changed - allowed
        if changed & allowed:
            self._in_step = False
        self._paths = paths_to_use(newest, self._paths, withheld)
        return withheld

    def _report(self, plan: list[Stage], withheld: frozenset[int], took_s: float) -> None:
        nodes = frozenset(name for stage in plan for name in stage)
        count = sum(len(update) for stage in plan for update in stage.values())
        LOG.info("forwarding: %d changes at %d nodes in %.0f ms", count, len(nodes), 1000 * took_s)
        self._tell(Moved(nodes, count, withheld, took_s))


def _distances(paths: Paths) -> Distance:
    return lambda node, home: paths.hops(0, node, home) or 0


def _ends(network: NetworkDescription) -> set[Port]:
    return {port for link in network.links for port in (link.a, link.b)}


def _cables(network: NetworkDescription) -> set[frozenset[Port]]:
    return {frozenset((link.a, link.b)) for link in network.links}


def _differs(before: NetworkDescription, now: NetworkDescription) -> bool:
    """Tell whether paths may: other nodes, other links, or a host that is at another node."""
    if before is now:
        return False
    moved = any(
        host.attached.node != now.hosts[name].attached.node
        for name, host in before.hosts.items()
        if name in now.hosts
    )
    return moved or set(before.nodes) != set(now.nodes) or _cables(before) != _cables(now)
