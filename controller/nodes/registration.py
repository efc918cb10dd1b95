"""Nodes that are registered and removed while the management entity runs.

Choices: what was registered, and what was removed of the description, is kept in the journal, so
that it is so after a restart. A node is taken away only when nothing is lost by it: it enforces no
slot, and takes part in no migration.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict

from controller.addresses import problem_of_address
from controller.discovery.watch import TopologyWatch
from controller.errors import RequestError
from controller.migration.journal import Journal
from controller.model.network import NetworkDescription
from controller.model.parts import Entry, NodeDescription
from controller.nodes.watch import NodeWatch

LOG = logging.getLogger(__name__)


class Registry:
    """The nodes that there are, beside those described.

    Args:
        described: The network as its operator described it.
        programs: The programs that there are, by name.
        entries: What every node shall hold.
        journal: Where it is kept.
        topology: Has the nodes of the network.
        watch: Reaches them.
    """

    def __init__(
        self,
        described: NetworkDescription,
        programs: Mapping[str, object],
        entries: tuple[Entry, ...],
        journal: Journal,
        topology: TopologyWatch,
        watch: NodeWatch,
    ) -> None:
        self._described = described
        self._programs = programs
        self._entries = entries
        self._journal = journal
        self._topology = topology
        self._watch = watch
        self._lock = threading.Lock()

    def add(self, node: NodeDescription) -> None:
        """Take a node into the network.

        Raises:
            RequestError: it cannot be; the text names what would do.
            JournalError: it cannot be written down.
        """
        with self._lock:
            check_node(node, self._topology.network, self._programs)
            self._journal.register(node.name, _to_text(node))
            self._begin(node)
        LOG.info("%s: registered at %s", node.name, node.grpc)

    def remove(self, name: str, refuse: Callable[[str], None]) -> None:
        """Take a node out of the network.

        Args:
            name: Which one.
            refuse: Raises if something would be lost with it.

        Raises:
            RequestError: there is no such node.
            JournalError: it cannot be written down.
        """
        with self._lock:
            nodes = self._topology.network.nodes
            if name not in nodes:
                raise RequestError(f"no node {name!r}; these would do: {', '.join(nodes)}")
            refuse(name)
            if name in self._described.nodes:
                self._journal.register(name, None)
            else:
                self._journal.unregister(name)
            self._topology.remove_node(name)
            self._watch.remove(name)
        LOG.info("%s: removed", name)

    def restore(self) -> None:
        """Add and remove what was added and removed before a restart."""
        for name, text in self._journal.registrations().items():
            if name in self._topology.network.nodes:
                self._topology.remove_node(name)
                self._watch.forget(name)
            if text is None:
                continue
            try:
                node = _from_text(text)
                check_node(node, self._topology.network, self._programs)
            except (RequestError, ValueError, TypeError, KeyError) as exc:
                LOG.error("%s: registered before, and not taken in now: %s", name, exc)
                continue
            self._begin(node)

    def _begin(self, node: NodeDescription) -> None:
        self._topology.add_node(node, self._entries)
        self._watch.add(node)


def check_node(
    node: NodeDescription, network: NetworkDescription, programs: Mapping[str, object]
) -> None:
    """Raise ``RequestError``, which says what would do, if a node cannot be added to a network."""
    if not node.name or ":" in node.name or any(c.isspace() for c in node.name):
        raise RequestError(f"a node cannot be called {node.name!r}: no space, no colon")
    if node.name in network.nodes or node.name in network.hosts:
        raise RequestError(f"there is a node or host {node.name} already: choose another name")
    if node.program not in programs:
        would_do = ", ".join(programs) or "none is described"
        raise RequestError(f"no program {node.program!r}; these would do: {would_do}")
    if not node.ports or any(not 0 < port < 2**32 for port in node.ports):
        raise RequestError(f"{node.name} needs ports: different positive numbers")
    if len(set(node.ports)) != len(node.ports):
        raise RequestError(f"{node.name} has a port twice: {', '.join(map(str, node.ports))}")
    if (node.driver == "bmv2") != (node.thrift is not None):
        raise RequestError(
            f"{node.name}: a Thrift address is needed by driver bmv2, and only there"
        )
    for address in filter(None, (node.grpc, node.thrift)):
        problem = problem_of_address(address)
        if problem:
            raise RequestError(problem)
    if not 0 <= node.device_id < 2**64:
        raise RequestError(f"device id {node.device_id}: must be a number of 64 bits")
    for other in network.nodes.values():
        shared = {node.grpc, node.thrift} & {other.grpc, other.thrift} - {None}
        if shared:
            raise RequestError(
                f"{', '.join(map(str, shared))} is an address of {other.name} already"
            )


def _to_text(node: NodeDescription) -> str:
    return json.dumps(asdict(node))


def _from_text(text: str) -> NodeDescription:
    row = json.loads(text)
    return NodeDescription(**{**row, "ports": tuple(row["ports"])})
