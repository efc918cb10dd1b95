"""The topology as it is now: the thread that listens, sends, and keeps nodes' tables for discovery.

What it makes of what it hears is in ``controller.discovery.explorer``.

Choices:
- Everything that is heard passes through one queue into one thread, with the time when it was
  heard: snapshots follow each other in one order, and whoever wants to see takes the latest and
  waits for nobody. What has been heard is handled before silence is judged.
- Nodes' tables are read and written in the nodes' own turns (``controller.nodes.keeper``), so that
  one that stalls delays nobody. Each time they are read and compared: what a reload or somebody
  else has changed is repaired.
- Copies of hosts' packets are dropped when too many wait: hosts go on sending.
- When this process has not run for a while, nothing can be said of that time, and it does not
  count as silence.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from finsy.p4schema import P4Schema

from controller.discovery.changes import Change
from controller.discovery.delays import Delays
from controller.discovery.explorer import Explorer
from controller.discovery.frames import FrameCodec, Heard
from controller.discovery.learner import HostLearner
from controller.discovery.options import DiscoveryOptions
from controller.discovery.sender import FrameSender
from controller.discovery.sightings import sighting
from controller.discovery.tables import takes_part
from controller.discovery.topology import Topology
from controller.model.network import NetworkDescription
from controller.model.parts import Entry, Link, NodeDescription, Port
from controller.model.standing import Readiness, Standing
from controller.southbound.controller_header import IN_ECHO, IN_HOST, IN_PUNTED
from controller.southbound.driver import NodeDriver, PacketIn

LOG = logging.getLogger(__name__)

TICKS = 5
"In an interval: how closely silence is measured."
INBOX_LIMIT = 512
"Where more waits to be handled, copies of hosts' packets are dropped."
STOP_TIMEOUT_S = 2.0

Tell = Callable[[Topology, Topology, list[Change]], None]
"Takes the topology before and after, and what changed; returns at once."
Step = Callable[[float], list[Change]]
"Does something to the explorer at a time, and returns what changed."


class Nodes(Protocol):
    """What discovery needs of the nodes."""

    @property
    def drivers(self) -> Mapping[str, NodeDriver]:
        """Access to the nodes, by name."""

    def do(self, name: str, work: Callable[[], None]) -> None:
        """Have something done at a node in its turn; returns at once."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Keep all other operations away from a node."""


class TopologyWatch:
    """Keeps the topology. A ``PresentNetwork``, and a ``controller.nodes.watch.Audience``."""

    def __init__(
        self, description: NetworkDescription, options: DiscoveryOptions, patience_s: float
    ) -> None:
        """Begin with what is described; nothing runs yet.

        Args:
            description: The network as its operator described it.
            options: Bounds and times.
            patience_s: How long nodes are waited for at the start, seconds.
        """
        self._options = options
        self._explorer = Explorer(description, options, patience_s)
        self._codec = FrameCodec()
        self.delays = Delays()
        "How long frames are under way."
        self._inbox: queue.SimpleQueue[tuple[Step, float] | None] = queue.SimpleQueue()
        self.copies: Counter[Port] = Counter()
        "Packets of hosts that nodes copied here, by port."
        self._tell: Tell = lambda _before, _after, _changes: None
        self._schemas: dict[str, tuple[P4Schema, bool]] = {}
        self._thread = threading.Thread(target=self._run, name="discovery", daemon=True)

    def start(self, nodes: Nodes, tell: Tell) -> None:
        """Begin to listen and to send."""
        self._tell = tell
        self._nodes = nodes
        self._sender = FrameSender(self._codec, nodes.drivers)
        self._learner = HostLearner(nodes.drivers, nodes.do, nodes.hold, self._knew)
        self._thread.start()

    def close(self) -> None:
        """Stop. Idempotent."""
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)

    # The present

    def snapshot(self) -> Topology:
        """Return the topology as it is now."""
        return self._explorer.topology

    @property
    def network(self) -> NetworkDescription:
        """The present network."""
        return self._explorer.topology.network

    @property
    def lingering(self) -> tuple[Link, ...]:
        """Links that failed a short while ago."""
        return self._explorer.lingering(time.monotonic())

    @property
    def bound_s(self) -> float:
        """How long a failed link or node may go unnoticed, at this size of the network."""
        return self._explorer.bound_s + self._explorer.interval_s / TICKS

    # What nodes and operators tell

    def on_standing(self, node: str, standing: Standing) -> None:
        """A node's readiness changed."""
        if standing.readiness is Readiness.READY:
            self._post(lambda now: self._ready(node, now))
        elif standing.readiness is not Readiness.SETTING_UP:
            reason = standing.reason or standing.readiness.value
            self._post(lambda now: self._explorer.node_gone(node, reason, now))

    def on_packet_in(self, node: str, packet: PacketIn) -> bool:
        """A node sent a packet; tell whether it is discovery's own."""
        reason = packet.metadata.get("reason")
        if reason == IN_HOST and "ingress_port" in packet.metadata:
            self._copied(Port(node, packet.metadata["ingress_port"]), packet)
            return True
        heard = self._codec.read(packet.payload) if reason in (IN_PUNTED, IN_ECHO) else None
        if heard is None:
            return False
        if heard.source.number == 0:
            self._delayed(heard, heard.source, packet.received_ns)
            self._post(lambda now: self._explorer.passed(node, now), packet.received_ns)
        elif packet.received_ns - heard.sent_ns <= self._explorer.bound_s * 1e9:
            port = Port(node, packet.metadata["ingress_port"])
            self._delayed(heard, port, packet.received_ns)
            self._heard(heard, port, packet.received_ns)
        return True

    def add_node(self, node: NodeDescription, entries: tuple[Entry, ...]) -> None:
        """Take a node into the network; return when it is in."""
        self._post_and_wait(lambda now: self._explorer.add_node(node, entries, now))

    def remove_node(self, name: str) -> None:
        """Take a node out of the network; return when it is out."""
        self._post_and_wait(lambda now: self._explorer.remove_node(name, now))
        self._codec.forget(name)
        self.delays.forget(name)
        for port in [port for port in list(self.copies) if port.node == name]:
            del self.copies[port]

    def _delayed(self, heard: Heard, at: Port, received_ns: int) -> None:
        self.delays.add(heard.source, at, heard.sent_ns / 1e9, received_ns / 1e9)

    def _heard(self, heard: Heard, at: Port, received_ns: int) -> None:
        self._post(lambda now: self._explorer.heard(heard.source, at, now), received_ns)

    def _copied(self, port: Port, packet: PacketIn) -> None:
        self.copies[port] += 1
        seen = sighting(packet.payload) if self._inbox.qsize() < INBOX_LIMIT else None
        if seen is None:
            return

        def see(now: float) -> list[Change]:
            changes = self._explorer.seen(port, seen, now)
            if not changes and not seen.announced and not self.snapshot().is_crowded(port):
                self._learner.repair(port.node)
            return changes

        self._post(see, packet.received_ns)

    def _knew(self, node: str, hosts: frozenset[tuple[int, str]]) -> None:
        self._post(lambda now: self._explorer.knew(node, hosts, now))

    # The thread

    def _post(self, step: Step, at_ns: int | None = None) -> None:
        self._inbox.put((step, (at_ns or time.monotonic_ns()) / 1e9))

    def _post_and_wait(self, step: Step) -> None:
        if self._thread.ident is None:  # not started yet: nobody else does steps
            step(time.monotonic())
            return
        done = threading.Event()

        def marked(now: float) -> list[Change]:
            try:
                return step(now)
            finally:
                done.set()

        self._post(marked)
        done.wait(STOP_TIMEOUT_S)

    def _run(self) -> None:
        tick_at = time.monotonic()
        while self._listen(tick_at):
            tick_at = self._tick(tick_at)

    def _listen(self, until_s: float) -> bool:
        """Handle what comes in until a moment, and what had come in by then; False: it is over."""
        while (rest_s := until_s - time.monotonic()) > 0:
            try:
                item = self._inbox.get(timeout=rest_s)
            except queue.Empty:
                break
            if item is None:
                return False
            self._take(*item)
        for _ in range(self._inbox.qsize()):
            item = self._inbox.get()
            if item is None:
                return False
            self._take(*item)
        return True

    def _tick(self, due: float) -> float:
        """Send what is due and judge silence; return when the next tick is due."""
        now = time.monotonic()
        pause_s = self._explorer.interval_s / TICKS
        if now - due > self._explorer.interval_s:
            LOG.debug("discovery stood still for %.2f s", now - due)
            self._explorer.stood_still(now - due)
        if self._options.enabled:
            self._see_programs(now)
            self._send()
        self._take(self._explorer.tick, now)
        return now + pause_s

    def _take(self, step: Step, now: float) -> None:
        """Do one step and tell what came of it."""
        before = self._explorer.topology
        try:
            changes = step(now)
        except Exception:
            LOG.exception("discovery: a step failed")
            return
        self._tell(before, self._explorer.topology, changes)
        if self._options.enabled:
            self._learner.want(self._explorer.learning_changed())

    # Nodes

    def _ready(self, node: str, now: float) -> list[Change]:
        changes = self._explorer.node_ready(node, self._takes_part(node), now)
        if self._options.enabled:
            self._learner.begin(node)
            self._send()
        return changes

    def _takes_part(self, node: str) -> bool:
        """Tell whether frames can be sent through a node, as its program is now."""
        driver = self._nodes.drivers.get(node)
        if driver is None or not self._options.enabled:
            return False
        schema = driver.schema
        known = self._schemas.get(node)
        if known is None or known[0] is not schema:
            known = self._schemas[node] = (schema, takes_part(schema))
        return known[1]

    def _see_programs(self, now: float) -> None:
        """Take note of nodes whose program has changed to one that can, or cannot, take part."""
        for node in list(self._explorer.topology.up):
            can = self._takes_part(node)
            if can != self._explorer.takes_part(node):
                self._take(partial(self._explorer.node_ready, node, can), now)

    def _send(self) -> None:
        explorer = self._explorer
        nodes = {n: d for n, d in explorer.topology.nodes.items() if explorer.takes_part(n)}
        self._sender.send_due(nodes, explorer.interval_s, explorer.bound_s, time.monotonic_ns)
