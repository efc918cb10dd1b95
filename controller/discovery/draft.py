"""The next snapshot of the topology in the making: what changes, and what goes with it.

Several changes that belong together (a node leaves with its links and hosts) are one step from one
snapshot to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from controller.discovery.changes import (
    Change,
    Facing,
    HostAdded,
    HostDeleted,
    HostModified,
    HostMoved,
    LimitLeft,
    LimitReached,
    LinkAdded,
    LinkDeleted,
    NodeEntered,
    NodeLeft,
    PortAdded,
    PortDeleted,
    PortModified,
)
from controller.discovery.crowding import Limit
from controller.discovery.topology import Topology
from controller.model.network import NetworkDescription
from controller.model.parts import Entry, Host, Link, NodeDescription, Port


class Draft:
    """The next snapshot in the making. For one thread."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.changes: list[Change] = []
        self._nodes = dict(topology.network.nodes)
        self._entries = dict(topology.network.entries)
        self._link_at = dict(topology.link_at)
        self._hosts = dict(topology.hosts)
        self._ports = dict(topology.ports)
        self._up = set(topology.up)
        self._learned = set(topology.learned)
        self._crowded = set(topology.crowded)
        self._settled = topology.settled
        self._redescribed = False

    # What there is so far

    @property
    def nodes(self) -> Mapping[str, NodeDescription]:
        """All nodes, up or not."""
        return self._nodes

    @property
    def up(self) -> Set[str]:
        """Nodes that are up."""
        return self._up

    @property
    def hosts(self) -> Mapping[str, Host]:
        """The hosts, by name."""
        return self._hosts

    def has_link(self, link: Link) -> bool:
        """Tell whether a link works."""
        return self._link_at.get(link.a) == link

    def is_linked(self, port: Port) -> bool:
        """Tell whether a link that works ends at a port."""
        return port in self._link_at

    def facing(self, port: Port) -> Facing | None:
        """Return what a port faces; None if its node is not up or has no such port."""
        return self._ports.get(port)

    def is_learned(self, name: str) -> bool:
        """Tell whether a host was learned, rather than described."""
        return name in self._learned

    # Nodes and ports

    def describe_node(self, node: NodeDescription, entries: tuple[Entry, ...]) -> None:
        """Make a node known, and the entries that it shall have; it is not up yet."""
        self._nodes[node.name] = node
        self._entries[node.name] = entries
        self._redescribed = True

    def forget_node(self, name: str, reason: str) -> None:
        """Make a node unknown, with its links and all hosts at it."""
        self.node_left(name, reason)
        for link in {link for port, link in self._link_at.items() if port.node == name}:
            self.remove_link(link, reason)
        for host in [h for h in self._hosts.values() if h.attached.node == name]:
            self.remove_host(host.name, reason)
        self._redescribed = self._nodes.pop(name, None) is not None or self._redescribed
        self._entries.pop(name, None)

    def node_entered(self, name: str, facing: Mapping[int, Facing]) -> None:
        """Note that a node is up, and what its ports face."""
        if name in self._up:
            return
        self._up.add(name)
        self.changes.append(NodeEntered(name))
        for number in self._nodes[name].ports:
            port = Port(name, number)
            self._ports[port] = facing[number]
            self.changes.append(PortAdded(port, facing[number]))

    def node_left(self, name: str, reason: str) -> None:
        """Note that a node is down; its learned hosts are gone. Links are the caller's to remove.

        A link may be described and wait for a node that has never been up.
        """
        if name not in self._up:
            return
        gone = [n for n in self._learned if self._hosts[n].attached.node == name]
        for host in sorted(gone):
            self.remove_host(host, f"{name} is down")
        for port in sorted(port for port in self._ports if port.node == name):
            del self._ports[port]
            self.changes.append(PortDeleted(port))
        self._up.discard(name)
        self.changes.append(NodeLeft(name, reason))

    def set_facing(self, port: Port, facing: Facing) -> None:
        """Note what a port faces; one whose node is not up has none."""
        before = self._ports.get(port)
        if before is None or before is facing:
            return
        self._ports[port] = facing
        self.changes.append(PortModified(port, before, facing))

    def crowded(self, limit: Limit) -> list[Port]:
        """Return the ports at which a limit is reached."""
        return [port for port, reached in self._crowded if reached is limit]

    def reach_limit(self, port: Port, limit: Limit, reason: str) -> None:
        """Note that more comes in at a port than is looked at."""
        if (port, limit) not in self._crowded:
            self._crowded.add((port, limit))
            self.changes.append(LimitReached(port, limit, reason))

    def leave_limit(self, port: Port, limit: Limit) -> None:
        """Note that what comes in at a port is within a limit again."""
        if (port, limit) in self._crowded:
            self._crowded.discard((port, limit))
            self.changes.append(LimitLeft(port, limit))

    # Links

    def add_link(self, link: Link) -> None:
        """Note that a link works; hosts at its ends are gone."""
        if self.has_link(link):
            return
        for port in link:
            if port in self._link_at:
                self.remove_link(self._link_at[port], f"{port} has another link")
        for name in [n for n, host in self._hosts.items() if host.attached in link]:
            self.remove_host(name, f"{self._hosts[name].attached} leads to a node")
        self._link_at |= dict.fromkeys(link, link)
        self.changes.append(LinkAdded(link))

    def remove_link(self, link: Link, reason: str) -> None:
        """Note that a link does not work any more."""
        if self.has_link(link):
            for port in link:
                del self._link_at[port]
            self.changes.append(LinkDeleted(link, reason))

    # Hosts

    def put_host(self, host: Host, *, learned: bool) -> None:
        """Note that a host is where it says, with the addresses that it says."""
        before = self._hosts.get(host.name)
        if before == host:
            return
        self._hosts[host.name] = host
        if before is None:
            if learned:
                self._learned.add(host.name)
            self.changes.append(HostAdded(host))
        elif before.attached != host.attached:
            self.changes.append(HostMoved(before, host))
        else:
            self.changes.append(HostModified(before, host))

    def remove_host(self, name: str, reason: str) -> None:
        """Note that a host is gone."""
        host = self._hosts.pop(name, None)
        if host is not None:
            self._learned.discard(name)
            self.changes.append(HostDeleted(host, reason))

    def settle(self) -> None:
        """Note that everything had the time to be heard."""
        self._settled = True

    # The end

    def finish(self) -> Topology:
        """Return the next snapshot: the same object if nothing changed."""
        before = self.topology
        if not self.changes and not self._redescribed and self._settled == before.settled:
            return before
        return replace(
            before,
            network=self._network(),
            up=frozenset(self._up),
            ports=MappingProxyType(self._ports),
            link_at=MappingProxyType(self._link_at),
            crowded=frozenset(self._crowded),
            learned=frozenset(self._learned),
            settled=self._settled,
            version=before.version + 1,
        )

    def _network(self) -> NetworkDescription:
        """Return the present network: the same object if it is the same."""
        network = self.topology.network
        present: dict[str, tuple[dict[Any, Any], Mapping[Any, Any]]] = {
            "nodes": (self._nodes, network.nodes),
            "entries": (self._entries, network.entries),
            "hosts": (self._hosts, network.hosts),
        }
        changed: dict[str, Any] = {
            key: MappingProxyType(now) for key, (now, was) in present.items() if now != dict(was)
        }
        if any(isinstance(change, LinkAdded | LinkDeleted) for change in self.changes):
            changed["links"] = tuple(dict.fromkeys(self._link_at.values()))
        return replace(network, **changed) if changed else network
