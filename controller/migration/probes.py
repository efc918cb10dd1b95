"""Knowing that packets under way have arrived: probes travel behind them.

A move must not take a function off one node while packets are between it and the other that the
other let through unchecked. How long they take depends on queues, so no fixed time would do under
load. A *probe* is a frame that the ME sends out of one node's port (a packet-out) and that the
node at the link's other end hands to its controller (a packet-in with reason 2). Nodes and links
keep the order of packets of one port, so all that left the first node before the probe has
arrived at the second before it. Along a path the hops are probed one after the other, which says
the same of the whole path.

Choices: a probe is recognised by a random number in its payload, so that nobody else's frame
passes for one. One that is lost (a full queue) is sent again; none coming through is an error,
and the caller decides what that means.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from itertools import pairwise

import networkx as nx

from controller.errors import MigrationError
from controller.model.network import NetworkDescription
from controller.model.parts import Link, Port
from controller.model.placement import network_graph
from controller.southbound.driver import NodeDriver, PacketIn

OUT_TO_PORT = 0
"Packet-out mode: leave at ``egress_port``."
PROBE_REASON = 2
"Packet-in reason: a probe."

_ETHERNET = bytes.fromhex("ffffffffffff 02004869746c 88b5")
_NONCE_BYTES = 16
_FRAME_BYTES = 60
_RETRY_S = 0.1


class Probes:
    """Sends probes between the nodes of a network, and hears of their arrival."""

    def __init__(
        self, network: NetworkDescription, drivers: Mapping[str, NodeDriver], limit_s: float
    ) -> None:
        """Prepare to probe.

        Args:
            network: Says which ports are linked.
            drivers: A driver for each of its nodes.
            limit_s: How long a probe is sent again and again before it is given up, seconds.
        """
        self._graph = network_graph(network)
        self._drivers = drivers
        self._limit_s = limit_s
        self._news = threading.Condition()
        self._awaited: set[tuple[str, bytes]] = set()

    def flush(self, one: str, other: str) -> None:
        """Return once every packet that had passed either node has reached the other.

        Packets that pass a node while this runs are not waited for.

        Raises:
            NodeError: a node on the path cannot send.
            MigrationError: no probe arrived within the limit.
        """
        for path in self._paths(one, other):
            for hop in (*pairwise(path), *pairwise(reversed(path))):
                for sender, receiver in self._cables(*hop):
                    self._probe(sender, receiver)

    def take(self, node: str, packet: PacketIn) -> bool:
        """Take a packet-in if it is a probe of ours, and tell so; returns at once."""
        if packet.metadata.get("reason") != PROBE_REASON:
            return False
        nonce = packet.payload[len(_ETHERNET) : len(_ETHERNET) + _NONCE_BYTES]
        with self._news:
            if (node, nonce) not in self._awaited:
                return False
            self._awaited.discard((node, nonce))
            self._news.notify_all()
        return True

    def _paths(self, one: str, other: str) -> Iterator[list[str]]:
        """Yield every way that packets may take between two nodes."""
        hosts = [name for name, kind in self._graph.nodes(data="kind") if kind == "host"]
        yield from nx.all_simple_paths(nx.restricted_view(self._graph, hosts, []), one, other)

    def _cables(self, sender: str, receiver: str) -> Iterator[tuple[Port, Port]]:
        """Yield the sending and the receiving port of every link between two neighbours."""
        links: tuple[Link, ...] = self._graph.edges[sender, receiver]["links"]
        for link in links:
            yield (link.a, link.b) if link.a.node == sender else (link.b, link.a)

    def _probe(self, sender: Port, receiver: Port) -> None:
        """Send a probe over one link until it arrives."""
        awaited = (receiver.node, os.urandom(_NONCE_BYTES))
        frame = (_ETHERNET + awaited[1]).ljust(_FRAME_BYTES, b"\0")
        with self._news:
            self._awaited.add(awaited)
        try:
            for _ in range(max(1, round(self._limit_s / _RETRY_S))):
                self._drivers[sender.node].packet_out(
                    frame, egress_port=sender.number, mode=OUT_TO_PORT
                )
                with self._news:
                    if self._news.wait_for(lambda: awaited not in self._awaited, _RETRY_S):
                        return
        finally:
            with self._news:
                self._awaited.discard(awaited)
        raise MigrationError(
            f"no probe from {sender} reached {receiver} within {self._limit_s:g} s, so packets may "
            "still be under way: is the link up, and do both nodes' programs know probes?"
        )
