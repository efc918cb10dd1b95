"""Knowing that packets under way have arrived: probes travel behind them.

A move must not take a function off one node while packets are between it and the other that the
other let through unchecked. How long they take depends on queues, so no fixed time would do under
load. A *probe* is a frame that the ME sends out of one node's port (a packet-out) and that the
node at the link's other end hands to its controller (a packet-in with reason 2). Nodes and links
keep the order of packets of one port, so all that left the first node before the probe has
arrived at the second before it. Along a path the hops are probed one after the other, which says
the same of the whole path.

Which ways packets can be on, forwarding tells, as long as it has been steady
(``controller.forwarding.steady``): those are probed one by one. Where nobody knows, all ways are
that there are, and where there are more than can be probed one by one (in a fat tree there are
thousands), all links are probed side by side, as many times as a way can have hops: each time
every packet comes at least one hop further.

Choices: a probe is recognised by a random number in its payload, so that nobody else's frame
passes for one. One that is lost (a full queue) is sent again; none coming through is an error,
and the caller decides what that means. Links that failed a short while ago are probed too, since
packets may still be on them; where those stay dead, nothing comes through any more, and it is
enough that the ways which are left were probed.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice, pairwise

import networkx as nx

from controller.errors import HitlessError, MigrationError
from controller.model.graph import network_graph
from controller.model.parts import Link, Port
from controller.model.present import PresentNetwork
from controller.southbound.controller_header import (
    IN_PROBE,
    OUT_TO_PORT,
    PROBE_HEADER,
    own_frame,
)
from controller.southbound.driver import NodeDriver, PacketIn

LOG = logging.getLogger(__name__)

_NONCE_BYTES = 16
_RETRY_S = 0.1
_FEW_WAYS = 16
"So many are probed one by one."
_AT_ONCE = 8
"Links probed side by side."

KnownWays = Callable[[str, str, Collection[int]], Collection[Sequence[str]] | None]
"From two nodes and slots to all ways that the slots' packets can be on; None: nobody knows them."

_Cable = tuple[Link, Port, Port]
"A link, its port that sends and its port that receives."


class Probes:
    """Sends probes between the nodes of a network, and hears of their arrival."""

    def __init__(
        self, present: PresentNetwork, drivers: Mapping[str, NodeDriver], limit_s: float
    ) -> None:
        """Prepare to probe.

        Args:
            present: Tells which ports are linked.
            drivers: A driver for each of its nodes.
            limit_s: How long a probe is sent again and again before it is given up, seconds.
        """
        self._present = present
        self._drivers = drivers
        self._limit_s = limit_s
        self._news = threading.Condition()
        self._awaited: set[tuple[str, bytes]] = set()
        self.known_ways: KnownWays = lambda _one, _other, _slots: None

    def flush(self, one: str, other: str, slots: Collection[int]) -> None:
        """Return once every packet of some slots that had passed either node reached the other.

        Packets that pass a node while this runs are not waited for.

        Raises:
            NodeError: a node on the path cannot send.
            MigrationError: no probe arrived within the limit, or no way leads from one to other.
        """
        graph, failed = self._ways_now(one, other)
        if not failed and self._probe_known(graph, one, other, slots):
            return
        ways = list(islice(nx.all_simple_paths(graph, one, other), _FEW_WAYS + 1))
        if len(ways) > _FEW_WAYS:
            self._probe_rounds(_on_ways(graph, one, other), one, other, failed)
            return
        if not ways:
            raise MigrationError(f"no link leads from {one} to {other}: nothing can be probed")
        problems = [exc for way in ways if (exc := self._probe_way(graph, way, failed)) is not None]
        if len(problems) == len(ways):
            raise problems[0]

    def take(self, node: str, packet: PacketIn) -> bool:
        """Take a packet-in if it is a probe of ours, and tell so; returns at once."""
        if packet.metadata.get("reason") != IN_PROBE:
            return False
        nonce = packet.payload[len(PROBE_HEADER) : len(PROBE_HEADER) + _NONCE_BYTES]
        with self._news:
            if (node, nonce) not in self._awaited:
                return False
            self._awaited.discard((node, nonce))
            self._news.notify_all()
        return True

    def _probe_known(self, graph: nx.Graph, one: str, other: str, slots: Collection[int]) -> bool:
        """Probe the ways that packets can be on, if they are known; tell whether that will do."""
        ways = self.known_ways(one, other, slots)
        hops = [hop for way in ways or () for hop in pairwise(way)]
        if not ways or not all(graph.has_edge(*hop) for hop in hops):
            return False
        for way in ways:
            self._probe_way(graph, way, frozenset())
        return self.known_ways(one, other, slots) == ways

    def _probe_way(
        self, graph: nx.Graph, way: Sequence[str], failed: frozenset[Link]
    ) -> HitlessError | None:
        """Probe a way hop by hop, there and back; return why it does not work if it has failed."""
        for hop in (*pairwise(way), *pairwise(reversed(way))):
            for link, sender, receiver in _cables(graph, *hop):
                try:
                    self._probe(sender, receiver)
                except HitlessError as exc:
                    if link not in failed:
                        raise
                    LOG.debug("a way that has failed is not waited for: %s", exc)
                    return exc
        return None

    def _probe_rounds(self, graph: nx.Graph, one: str, other: str, failed: frozenset[Link]) -> None:
        """Probe all links of a network as often as a way can have hops."""
        for _ in range(len(graph) - 1):
            cables = [
                cable
                for a, b in graph.edges
                for cable in (*_cables(graph, a, b), *_cables(graph, b, a))
            ]
            dead = self._probe_side_by_side(cables)
            for link, problem in dead.items():
                if link not in failed:
                    raise problem
                LOG.debug("a link that has failed is not waited for: %s", problem)
            graph = _without(graph, dead.keys())
            if not nx.has_path(graph, one, other):
                raise next(iter(dead.values()))

    def _probe_side_by_side(self, cables: Iterable[_Cable]) -> dict[Link, HitlessError]:
        """Probe links at the same time; return those that let nothing through, and why."""

        def probed(cable: _Cable) -> tuple[Link, HitlessError] | None:
            link, sender, receiver = cable
            try:
                self._probe(sender, receiver)
            except HitlessError as exc:
                return link, exc
            return None

        with ThreadPoolExecutor(_AT_ONCE, "probe") as pool:
            return dict(filter(None, pool.map(probed, cables)))

    def _ways_now(self, one: str, other: str) -> tuple[nx.Graph, frozenset[Link]]:
        """Return nodes and links that packets may be on, and which of the links have failed.

        Waits, up to the limit, for a way between the two to be there.
        """
        deadline = time.monotonic() + self._limit_s
        while True:
            network, failed = self._present.network, frozenset(self._present.lingering)
            failed -= frozenset(network.links)
            links = (*network.links, *failed)
            graph = network_graph(replace(network, links=links, hosts={}))
            graph.add_nodes_from((one, other))
            if nx.has_path(graph, one, other) or time.monotonic() > deadline:
                return graph, failed
            with self._news:
                self._news.wait(_RETRY_S)

    def _driver(self, sender: Port) -> NodeDriver:
        try:
            return self._drivers[sender.node]
        except KeyError:
            raise MigrationError(f"{sender.node} is no part of the network any more") from None

    def _probe(self, sender: Port, receiver: Port) -> None:
        """Send a probe over one link until it arrives."""
        awaited = (receiver.node, os.urandom(_NONCE_BYTES))
        frame = own_frame(awaited[1])
        with self._news:
            self._awaited.add(awaited)
        try:
            for _ in range(max(1, round(self._limit_s / _RETRY_S))):
                self._driver(sender).packet_out(frame, egress_port=sender.number, mode=OUT_TO_PORT)
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


def _on_ways(graph: nx.Graph, one: str, other: str) -> nx.Graph:
    """Return the part of a network that ways between two nodes lead through.

    It is the biconnected component that a further link between the two would be a part of.
    """
    closed: nx.Graph[str] = nx.Graph(graph.edges)
    closed.add_edge(one, other)
    nodes = next(c for c in nx.biconnected_components(closed) if one in c and other in c)
    return graph.subgraph(nodes)


def _without(graph: nx.Graph, links: Iterable[Link]) -> nx.Graph:
    """Return a network without some links."""
    gone = set(links)
    left: nx.Graph[str] = nx.Graph()
    left.add_nodes_from(graph)
    for a, b in graph.edges:
        if kept := tuple(link for link in graph[a][b]["links"] if link not in gone):
            left.add_edge(a, b, links=kept)
    return left


def _cables(graph: nx.Graph, sender: str, receiver: str) -> Iterator[_Cable]:
    """Yield every link between two neighbours, with its sending and its receiving port."""
    links: tuple[Link, ...] = graph.edges[sender, receiver]["links"]
    for link in links:
        ends = (link.a, link.b) if link.a.node == sender else (link.b, link.a)
        yield (link, *ends)
