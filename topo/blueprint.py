"""The description of a network: hosts, nodes, links, and what follows from them.

Pure data. Mininet is built from it (`network`), and the management entity's configuration is
written from it (`configuration`), so the two cannot disagree. A new topology is a function that
returns a Blueprint (`topologies`): it names hosts, nodes and links; ports, routes, zones and groups
follow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

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
        names = [item.name for item in (*self.hosts, *self.nodes)]
        if len(set(names)) != len(names):
            raise BlueprintError(f"{self.name}: names are not unique: {', '.join(names)}")
        if len({node.device_id for node in self.nodes}) != len(self.nodes):
            raise BlueprintError(f"{self.name}: two nodes have the same device id")
        attached = [end.owner for link in self.links for end in link if end.port == 0]
        if sorted(attached) != sorted(host.name for host in self.hosts):
            raise BlueprintError(f"{self.name}: each host needs exactly one link")

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
    def routes(self) -> dict[str, dict[str, int]]:
        """Map node and host name to the port of the node on a shortest path to the host."""
        routes: dict[str, dict[str, int]] = {node.name: {} for node in self.nodes}
        for host in self.hosts:
            for node, port in self._ports_towards(host.name).items():
                routes[node][host.name] = port
        return routes

    def _ports_towards(self, host: str) -> dict[str, int]:
        """Walk from the host outwards; the port by which a node is reached leads back to it."""
        found: dict[str, int] = {}
        queue = deque([host])
        while queue:
            here = queue.popleft()
            for end in sorted(end for end in self.peers if end.owner == here):
                peer = self.peers[end]
                if peer.port and peer.owner not in found:
                    found[peer.owner] = peer.port
                    queue.append(peer.owner)
        return found

    def zone(self, node: str, port: int) -> Zone | None:
        """Return the zone that a port of a node faces, None if no host is reached by it.

        A port faces the zone of the hosts that are routed out of it; BlueprintError when those are
        of both.
        """
        behind = {h.zone for h in self.hosts if self.routes[node].get(h.name) == port}
        if len(behind) > 1:
            raise BlueprintError(f"port {node}:{port} leads to hosts inside and outside")
        return behind.pop() if behind else None
