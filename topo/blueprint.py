"""The description of a network: hosts, nodes, links, and what follows from them.

Pure data. Mininet is built from it (`network`), and the management entity's configuration is
written from it (`configuration`), so the two cannot disagree. A new topology is a function that
returns a Blueprint (`topologies`): it names hosts, nodes and links; ports, routes, zones and groups
follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import networkx as nx

from topo.errors import BlueprintError

Zone = Literal["inside", "outside"]


@dataclass(frozen=True)
class HostSpec:
    """A host with one interface; `ip` with its prefix length."""

    name: str
    ip: str
    mac: str
    zone: Zone

    @property
    def address(self) -> str:
        """The IP address alone."""
        return self.ip.partition("/")[0]


@dataclass(frozen=True)
class NodeSpec:
    """A forwarding node and the program that it runs at first."""

    name: str
    device_id: int
    program: str = "guarded"


@dataclass(frozen=True, order=True)
class End:
    """One end of a link: a port of a node (from 1), or a host's only interface (0)."""

    owner: str
    port: int

    @property
    def interface(self) -> str:
        """What Mininet calls the interface here."""
        return f"{self.owner}-eth{self.port}"

    def __str__(self) -> str:
        return self.owner if self.port == 0 else f"{self.owner}:{self.port}"


@dataclass(frozen=True)
class Blueprint:
    """A network of hosts and nodes; ports are numbered from 1 in the order of the links.

    `placement` says which node enforces a function at first.
    """

    name: str
    hosts: tuple[HostSpec, ...]
    nodes: tuple[NodeSpec, ...]
    links: tuple[tuple[End, End], ...]
    placement: Mapping[str, str]

    @classmethod
    def wire(
        cls,
        name: str,
        hosts: Iterable[HostSpec],
        nodes: Iterable[NodeSpec],
        pairs: Iterable[tuple[str, str]],
        placement: Mapping[str, str],
    ) -> Blueprint:
        """Build a blueprint from pairs of names; ports are numbered in the order of the pairs."""
        hosts, nodes = tuple(hosts), tuple(nodes)
        used = {node.name: 0 for node in nodes}
        known = used.keys() | {host.name for host in hosts}

        def end(owner: str) -> End:
            if owner not in known:
                raise BlueprintError(
                    f"{name}: a link names {owner}, which is neither host nor node"
                )
            if owner not in used:
                return End(owner, 0)
            used[owner] += 1
            return End(owner, used[owner])

        return cls(name, hosts, nodes, tuple((end(a), end(b)) for a, b in pairs), placement)

    def __post_init__(self) -> None:
        """Refuse double names, double device ids, and hosts that are not attached exactly once."""
        names = [*(host.name for host in self.hosts), *self.node_names]
        if len(set(names)) != len(names):
            raise BlueprintError(f"{self.name}: names are not unique: {', '.join(names)}")
        if len({node.device_id for node in self.nodes}) != len(self.nodes):
            raise BlueprintError(f"{self.name}: two nodes have the same device id")
        attached = [end.owner for link in self.links for end in link if end.port == 0]
        if sorted(attached) != sorted(host.name for host in self.hosts):
            raise BlueprintError(f"{self.name}: each host needs exactly one link")
        for function, node in self.placement.items():
            if node in self.node_names and self.zones(node) is None:
                raise BlueprintError(
                    f"{self.name}: {function} cannot be placed at {node}: "
                    "one of its ports faces hosts inside and outside"
                )

    def with_programs(self, programs: Mapping[str, str]) -> Blueprint:
        """Return the same network with other programs on the nodes named in `programs`."""
        unknown = programs.keys() - set(self.node_names)
        if unknown:
            names = ", ".join(self.node_names)
            raise BlueprintError(
                f"no node {', '.join(sorted(unknown))} in {self.name}: there are {names}"
            )
        nodes = (replace(n, program=programs.get(n.name, n.program)) for n in self.nodes)
        return replace(self, nodes=tuple(nodes))

    @property
    def node_names(self) -> list[str]:
        """The names of all nodes, in order."""
        return [node.name for node in self.nodes]

    def host(self, name: str) -> HostSpec:
        """Return the host of that name."""
        return next(host for host in self.hosts if host.name == name)

    def ports(self, node: str) -> list[int]:
        """Return the port numbers of a node, in order."""
        return sorted(end.port for end in self.peers if end.owner == node)

    def port_interfaces(self) -> list[str]:
        """Return the names of all interfaces that belong to nodes, not to hosts."""
        return [end.interface for link in self.links for end in link if end.port > 0]

    @cached_property
    def peers(self) -> dict[End, End]:
        """Map each end of a link to the other end."""
        return {end: peer for a, b in self.links for end, peer in ((a, b), (b, a))}

    @cached_property
    def looped(self) -> bool:
        """Whether there is more than one way between some nodes; plain flooding is no good then."""
        return nx.number_of_edges(self._graph) >= nx.number_of_nodes(self._graph)

    @cached_property
    def routes(self) -> dict[str, dict[str, int]]:
        """Map node and host name to the port of the node on a shortest path to the host."""
        return {
            node: {host: min(ports) for host, ports in towards.items()}
            for node, towards in self._nearest.items()
        }

    def zone(self, node: str, port: int) -> Zone | None:
        """Return the zone that a port of a node faces, None if it faces none or more than one.

        A port faces the zones of the hosts that have a shortest path through it.
        """
        zones = self._zones(node, port)
        return zones.pop() if len(zones) == 1 else None

    def zones(self, node: str) -> dict[int, Zone] | None:
        """Map port to zone, ports that face none left out; None if one faces more than one.

        At such a node nothing can be told from the port by which a packet came.
        """
        facing = {port: self._zones(node, port) for port in self.ports(node)}
        if any(len(zones) > 1 for zones in facing.values()):
            return None
        return {port: zones.pop() for port, zones in facing.items() if zones}

    def _zones(self, node: str, port: int) -> set[Zone]:
        return {h.zone for h in self.hosts if port in self._nearest[node].get(h.name, ())}

    @cached_property
    def _graph(self) -> nx.MultiGraph:
        """Hosts, nodes and links."""
        graph: nx.MultiGraph[str] = nx.MultiGraph()
        graph.add_nodes_from([*(host.name for host in self.hosts), *self.node_names])
        graph.add_edges_from((a.owner, b.owner) for a, b in self.links)
        return graph

    @cached_property
    def _nearest(self) -> dict[str, dict[str, frozenset[int]]]:
        """Map node and host name to the ports of the node on all shortest paths to the host."""
        nearest: dict[str, dict[str, frozenset[int]]] = {node: {} for node in self.node_names}
        for host in self.hosts:
            hops = nx.single_source_shortest_path_length(self._graph, host.name)
            for node in self.node_names:
                ports = frozenset(
                    end.port
                    for end, peer in self.peers.items()
                    if end.owner == node and hops.get(peer.owner) == hops.get(node, 0) - 1
                )
                if ports:
                    nearest[node][host.name] = ports
        return nearest
