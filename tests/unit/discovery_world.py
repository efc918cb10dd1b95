"""An explorer in a model network: frames come through cables, nodes come and go, time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from networks import network

from controller.discovery.changes import (
    Change,
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
from controller.discovery.explorer import Explorer
from controller.discovery.options import DiscoveryOptions
from controller.discovery.sightings import Sighting
from controller.discovery.topology import Topology
from controller.model.network import NetworkDescription
from controller.model.parts import Link, Port

PATIENCE_S = 10.0
INTERVAL_S = 0.25
NAMES = ("s1", "s2", "s3")
LINE = ("s1:2 s2:1", "s2:2 s3:1")
MAC, OTHER_MAC = "00:00:00:00:00:0a", "00:00:00:00:00:0b"
DESCRIBED_MAC = "00:00:00:00:00:01"
BOUND_S = 3 * INTERVAL_S


def port(text: str) -> Port:
    """Read ``s1:2``."""
    node, number = text.split(":")
    return Port(node, int(number))


def link(text: str) -> Link:
    """Read ``s1:2 s2:1``."""
    return Link(*(port(end) for end in text.split()))


def described(links: Iterable[str] = (), hosts: dict[str, str] | None = None) -> NetworkDescription:
    """Describe three nodes of four ports, links and hosts."""
    return network(dict.fromkeys(NAMES, "p"), links, hosts or {})


class World:
    """What really is, and an explorer that hears of it."""

    def __init__(
        self, description: NetworkDescription, cables: Iterable[str] = (), **options: object
    ) -> None:
        """Begin at time 0; no node is ready.

        Args:
            description: What the operator says.
            cables: What is so.
            options: Of discovery.
        """
        self.now = 0.0
        self.explorer = Explorer(description, DiscoveryOptions(**options), PATIENCE_S)
        self.cables = {port(a): port(b) for cable in cables for a, b in _both(cable)}
        self.ready: dict[str, bool] = {}
        self.silent: set[str] = set()
        "Nodes through which nothing passes, though there is a session."
        self.told: list[tuple[Topology, Topology, list[Change]]] = []

    @property
    def topology(self) -> Topology:
        """The latest snapshot."""
        return self.explorer.topology

    @property
    def links(self) -> set[str]:
        """The links, as text."""
        return {f"{one.a} {one.b}" for one in self.topology.links}

    def step(self, action: Callable[..., list[Change]], *arguments: object) -> list[Change]:
        """Do something to the explorer now; keep what it told."""
        before = self.topology
        changes = action(*arguments, self.now)
        self.told.append((before, self.topology, changes))
        return changes

    def up(self, *names: str, takes_part: bool = True) -> None:
        """Make nodes ready."""
        for name in names:
            self.ready[name] = takes_part
            self.step(self.explorer.node_ready, name, takes_part)

    def down(self, name: str) -> None:
        """End the session with a node."""
        self.ready.pop(name, None)
        self.step(self.explorer.node_gone, name, "connection refused")

    def see(self, at: str, mac: str, ip: str | None = None) -> list[Change]:
        """A host sends a packet whose source its node does not know there."""
        return self.step(self.explorer.seen, port(at), Sighting(mac, ip))

    def cut(self, cable: str) -> None:
        """Unplug a cable."""
        for a, _ in _both(cable):
            del self.cables[port(a)]

    def plug(self, cable: str) -> None:
        """Plug a cable."""
        self.cables |= {port(a): port(b) for a, b in _both(cable)}

    def run(self, seconds: float) -> list[Change]:
        """Let time pass; return all that changed."""
        changes = []
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now = min(self.now + INTERVAL_S, end)
            changes += self.exchange()
            changes += self.step(self.explorer.tick)
        return changes

    def exchange(self) -> list[Change]:
        """Have every node send its frames once."""
        able = {n for n, takes_part in self.ready.items() if takes_part} - self.silent
        changes = [c for name in sorted(able) for c in self.step(self.explorer.passed, name)]
        for sender, receiver in list(self.cables.items()):
            if {sender.node, receiver.node} <= able:
                changes += self.step(self.explorer.heard, sender, receiver)
        return changes


def _both(cable: str) -> list[tuple[str, str]]:
    one, other = cable.split()
    return [(one, other), (other, one)]


def check(topology: Topology) -> None:
    """Assert what holds in every snapshot."""
    ends = [end for one in topology.links for end in one]
    assert len(ends) == len(set(ends)), "a port is the end of one link at most"
    assert {end: one for one in topology.links for end in one} == topology.link_at
    for end in ends:
        assert end.number in topology.nodes[end.node].ports
    for name, host in topology.hosts.items():
        assert host.name == name
        assert host.attached.number in topology.nodes[host.attached.node].ports
        assert host.attached not in topology.link_at, "no host is at the end of a link"
        assert name not in topology.learned or host.attached.node in topology.up
    assert topology.learned <= set(topology.hosts)
    assert topology.up <= set(topology.nodes)
    assert {at.node for at in topology.ports} == topology.up


def replay(before: Topology, changes: Iterable[Change]) -> tuple[object, ...]:
    """Apply changes to what a snapshot shows; return what it shows afterwards."""
    up, ports = set(before.up), dict(before.ports)
    links, hosts, crowded = set(before.links), dict(before.hosts), set(before.crowded)
    for change in changes:
        match change:
            case NodeEntered(name):
                assert name not in up
                up.add(name)
            case NodeLeft(name, _):
                up.remove(name)
            case PortAdded(at, facing):
                assert at not in ports
                ports[at] = facing
            case PortModified(at, was, facing):
                assert ports[at] is was
                ports[at] = facing
            case PortDeleted(at):
                del ports[at]
            case LimitReached(at, limit, _):
                assert (at, limit) not in crowded
                crowded.add((at, limit))
            case LimitLeft(at, limit):
                crowded.remove((at, limit))
            case LinkAdded(one):
                assert one not in links
                links.add(one)
            case LinkDeleted(one, _):
                links.remove(one)
            case HostAdded(host):
                assert host.name not in hosts
                hosts[host.name] = host
            case HostMoved(was, now) | HostModified(was, now):
                assert hosts[now.name] == was
                hosts[now.name] = now
            case HostDeleted(host, _):
                assert hosts.pop(host.name) == host
    return up, ports, links, hosts, crowded


def shown(topology: Topology) -> tuple[object, ...]:
    """Return what a snapshot shows, as ``replay`` does."""
    links, hosts = set(topology.links), dict(topology.hosts)
    return (set(topology.up), dict(topology.ports), links, hosts, set(topology.crowded))


def line(**options: object) -> World:
    """Return a line that is as described, with everything up and settled."""
    world = World(described(LINE), LINE, **options)
    world.up(*NAMES)
    world.run(2.0)
    return world


def kinds(changes: Iterable[Change]) -> list[type]:
    """Return what sort of changes these are."""
    return [type(change) for change in changes]
