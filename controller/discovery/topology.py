"""The topology: which nodes are up, what their ports face, which links work, where hosts are.

A ``Topology`` is a snapshot: never changed, safe to share between threads. It holds the present
network, which is the described one with what was registered and discovered laid over it, so that
whoever plans sees one consistent thing. A new snapshot is made through a ``Draft``, which notes
each change that it makes (``draft``).

What holds in every snapshot (``tests/unit/test_topology.py`` checks it for random histories): a
port is the end of one link at most; links end at described or registered ports; a host is at a
port of a known node that is no end of a link; learned hosts are at nodes that are up; no two hosts
have the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from controller.discovery.changes import Facing
from controller.discovery.crowding import Limit
from controller.model.network import NetworkDescription
from controller.model.parts import Host, Link, NodeDescription, Port


@dataclass(frozen=True)
class Topology:
    """What is known of the network at one moment. Immutable."""

    network: NetworkDescription
    "The present network."
    up: frozenset[str] = frozenset()
    "Nodes that are up."
    ports: Mapping[Port, Facing] = field(default_factory=dict)
    "Ports of nodes that are up, and what each faces."
    link_at: Mapping[Port, Link] = field(default_factory=dict)
    "The link that ends at a port; the same links as the network has."
    crowded: frozenset[tuple[Port, Limit]] = frozenset()
    "Ports at which more comes in than is looked at, and what is bounded there."
    learned: frozenset[str] = frozenset()
    "Names of the hosts that were learned; the others are described."
    settled: bool = False
    "Whether everything had the time to be heard since the start; until then, links that are "
    "described count as there."
    version: int = 0
    "Grows with each change."

    @property
    def nodes(self) -> Mapping[str, NodeDescription]:
        """All nodes, up or not."""
        return self.network.nodes

    @property
    def links(self) -> tuple[Link, ...]:
        """The links that work."""
        return self.network.links

    @property
    def hosts(self) -> Mapping[str, Host]:
        """The hosts, by name."""
        return self.network.hosts

    @classmethod
    def described(cls, network: NetworkDescription) -> Topology:
        """Return what is known before anything was heard."""
        ends = {port: link for link in network.links for port in link}
        return cls(network, link_at=MappingProxyType(ends))

    def is_crowded(self, port: Port) -> bool:
        """Tell whether more comes in at a port than is looked at."""
        return any((port, limit) in self.crowded for limit in Limit)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for operators' tools."""
        return {
            "version": self.version,
            "settled": self.settled,
            "nodes": [{"name": name, "up": name in self.up} for name in self.nodes],
            "ports": [{"port": str(p), "facing": f.value} for p, f in sorted(self.ports.items())],
            "crowded": sorted([str(port), limit.value] for port, limit in self.crowded),
            "links": [[str(link.a), str(link.b)] for link in self.links],
            "hosts": [
                host_dict(host) | {"learned": name in self.learned}
                for name, host in self.hosts.items()
            ],
        }


def host_dict(host: Host) -> dict[str, Any]:
    """Return a host as plain data."""
    return {
        "name": host.name,
        "attached": str(host.attached),
        "mac": host.mac,
        "ip": list(host.ip),
        "zone": host.zone,
    }
