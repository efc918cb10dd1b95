"""A line of model nodes with packets in flight: where promises are checked.

The outside is at one end, the inside at the other. ``tick`` is called before every single thing
that a driver does (each cell is one), and lets packets start, move on or wait, as a stream of
random decisions says. A packet may stay where it is for as long as it likes; only ``flush``, which
stands for the probes that migrations send behind packets, makes those under way arrive.

``leaked`` collects packets of strangers that reached the inside; ``lost`` packets of established
flows that a node's function dropped, and ``cut`` those that died with a node.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from model_node import ModelNode

from controller.errors import MigrationError, NodeRefused, NodeTimeout

STRANGERS = 1000
"Flows from this number on are never opened from the inside."


class ProcessDied(BaseException):
    """The management entity was killed at this point. No handler of the controller sees it."""


@dataclass
class Packet:
    """One packet on its way."""

    flow: int
    inside: bool
    "Whether it comes from the inside."
    hops: Iterator[str]
    "What it still has to do; each element is one part of one node's work, or the fate."
    sent_us: int
    established: bool
    "Whether its flow was established when it was sent."
    ahead: list[str]
    "Nodes that it has not left yet."


class World:
    """Nodes in a line and the packets among them."""

    def __init__(self, names: list[str], rng: random.Random, flows: int = 8) -> None:
        """Make a world; the first node is the outside's, the last one the inside's.

        Args:
            names: The nodes' names, from the outside to the inside.
            rng: Decides what packets do.
            flows: How many flows there are that the inside opens.
        """
        self.now_us = 10_000_000
        self.rng = rng
        self.flows = flows
        self.nodes = {n: ModelNode(n, self, rng.randrange(10**7)) for n in names}
        self.order = names
        self.packets: list[Packet] = []
        self.established: set[int] = set()
        self.leaked: list[Packet] = []
        self.lost: list[Packet] = []
        self.cut = 0
        self.busy = 2
        "Most packet events per tick; 0 stops traffic."
        self.fault: Fault = nothing
        "What happens before each driver action."
        self.after: Fault = nothing
        "What happens after a call has acted and before its answer arrives."

    # Time

    def host_ns(self) -> int:
        """Return the host's monotonic clock."""
        return self.now_us * 1000

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now_us += int(seconds * 1e6)
        self._traffic()

    def flush(self, one: str, other: str, _slots: frozenset[int]) -> None:
        """Return once packets under way have arrived, if both nodes can send probes."""
        under_way = list(self.packets)
        for name in (one, other):
            if self.nodes[name].running is None:
                raise MigrationError(f"no probe came from {name}")
            self.nodes[name].packet_out(b"")
        self._traffic()
        for packet in under_way:
            self._finish(packet)
        self._traffic()

    def tick(self, node: ModelNode, asked: str) -> None:
        """Called before each thing that a driver does."""
        self.now_us += 10
        self._traffic()
        self.fault(node, asked)

    # Packets

    def _traffic(self) -> None:
        for _ in range(self.rng.randrange(self.busy + 1) if self.busy else 0):
            if self.packets and self.rng.random() < 0.6:
                self._advance(self.rng.choice(self.packets))
            else:
                self.send(*self._some_flow())

    def _some_flow(self) -> tuple[int, bool]:
        kind = self.rng.randrange(3)
        if kind == 0:
            return STRANGERS + self.rng.randrange(self.flows), False
        flow = self.rng.randrange(self.flows)
        return flow, not (kind == 1 and flow in self.established)

    def send(self, flow: int, inside: bool) -> Packet:
        """Send a packet; it moves when it is advanced."""
        ahead = list(reversed(self.order) if inside else self.order)
        packet = Packet(flow, inside, iter(()), self.now_us, flow in self.established, ahead)
        packet.hops = self._journey(packet)
        self.packets.append(packet)
        return packet

    def pass_now(self, flow: int, *, inside: bool) -> None:
        """Send a packet and let it arrive at once."""
        self._finish(self.send(flow, inside))

    def _journey(self, packet: Packet) -> Iterator[str]:
        while packet.ahead:
            node = self.nodes[packet.ahead[0]]
            if node.running is None:
                self.cut += 1
                yield "cut"
                return
            while node.occupant is not None:
                self._advance(node.occupant)
            node.occupant = packet
            passes = yield from node.process(packet.flow, inside=packet.inside)
            node.occupant = None
            if not passes:
                if packet.established:
                    self.lost.append(packet)
                yield "dropped"
                return
            packet.ahead.pop(0)
            yield "between nodes"
        self._arrived(packet)

    def cut_down(self, name: str) -> None:
        """A node died, and with it the packets in it and on their way to it."""
        for packet in [p for p in self.packets if name in p.ahead]:
            self.packets.remove(packet)
            self.cut += 1
        for node in self.nodes.values():
            if node.occupant not in self.packets:
                node.occupant = None

    def _arrived(self, packet: Packet) -> None:
        if packet.inside:
            self.established.add(packet.flow)
        elif packet.flow >= STRANGERS:
            self.leaked.append(packet)

    def _advance(self, packet: Packet) -> None:
        if next(packet.hops, None) is None:
            self.packets.remove(packet)

    def _finish(self, packet: Packet) -> None:
        while packet in self.packets:
            self._advance(packet)

    # Checks

    def settle(self) -> None:
        """Let every packet arrive and stop traffic."""
        self.busy = 0
        for packet in list(self.packets):
            self._finish(packet)

    def probe(self) -> None:
        """Send a packet of every established flow and of strangers, one after the other."""
        self.settle()
        for flow in sorted(self.established):
            self.pass_now(flow, inside=False)
        for flow in range(self.flows):
            self.pass_now(STRANGERS + flow, inside=False)


Fault = Callable[[ModelNode, str], None]
"""What may happen at a driver action: it raises, or does something to the world."""


def refuse(node: ModelNode, asked: str) -> None:
    """The node refuses the call."""
    raise NodeRefused(node.name, asked, "not today")


def no_answer(node: ModelNode, asked: str) -> None:
    """The call times out without an effect."""
    raise NodeTimeout(node.name, asked, "no answer")


def kill_process(node: ModelNode, asked: str) -> None:
    """The management entity dies."""
    raise ProcessDied(f"{node.name}: {asked}")


def kill_node(name: str) -> Fault:
    """A node dies, with everything in it."""
    return lambda node, asked: node.world.nodes[name].power_off()


def cut_off(name: str) -> Fault:
    """A node is unreachable for control, and goes on forwarding."""

    def cut(node: ModelNode, asked: str) -> None:
        node.world.nodes[name].connected = False

    return cut


def both(*faults: Fault) -> Fault:
    """Several things happen at once."""

    def all_of_them(node: ModelNode, asked: str) -> None:
        for fault in faults:
            fault(node, asked)

    return all_of_them


def at_action(number: int, do: Fault) -> Fault:
    """Make something happen at the n-th driver action, counted from 1."""
    actions = itertools.count(1)

    def fault(node: ModelNode, asked: str) -> None:
        if next(actions) == number:
            do(node, asked)

    return fault


def nothing(node: ModelNode, asked: str) -> None:
    """Nothing happens."""
