"""What discovery makes of what it hears: the one state machine over links, nodes and hosts. Pure.

Every method takes the time, changes the topology in one step if it has to, and returns the changes.
What is to be sent and written, others do (``controller.discovery.watch``).

- A node is up while it is ready and frames that are sent through it come back; where its program
  cannot do that, while it is ready.
- A link is up while LLDP frames come through it both ways (``cables``). A described link counts as
  up until it had the chance to be heard: both nodes up for longer than the bound. Where one of them
  cannot take part in the discovery, the description goes on counting. One whose nodes have not been
  up is given up when the management entity does not wait for them any longer.
- Hosts are learned at edge ports only (``hosts``).
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace

from controller.discovery.cables import Cables, LinkUp, News
from controller.discovery.changes import Change, Facing, LinkAdded, LinkDeleted, ports_of
from controller.discovery.crowding import COPIES_PPS, CopyRates, Limit
from controller.discovery.damping import Damping
from controller.discovery.draft import Draft
from controller.discovery.hosts import Hosts
from controller.discovery.options import DiscoveryOptions
from controller.discovery.sightings import Sighting
from controller.discovery.tables import Learning, Wanted
from controller.discovery.topology import Topology
from controller.model.network import NetworkDescription
from controller.model.parts import Entry, Link, NodeDescription, Port


@dataclass
class _Node:
    """A node that is ready. What it knew and when it passed changes in place."""

    takes_part: bool
    since_s: float
    "Since when it takes part, or does not."
    passed_s: float
    "When a frame last came back through it."
    adopted: set[tuple[int, str]] = field(default_factory=set)
    "Hosts (port and MAC address) that it knew when it became ready, not taken over yet."


class Explorer:
    """Keeps the topology of one network. For one thread."""

    def __init__(
        self, description: NetworkDescription, options: DiscoveryOptions, patience_s: float
    ) -> None:
        """Begin with what is described.

        Args:
            description: The network as its operator described it.
            options: Bounds and times.
            patience_s: How long nodes are waited for after the first call, seconds.
        """
        self.topology = Topology.described(description)
        self.options = options
        self._described = frozenset(description.links)
        self._host_ports = frozenset(host.attached for host in description.hosts.values())
        self._patience_s = patience_s
        self._began_s: float | None = None
        damping = Damping(options.hold_first_s, options.hold_limit_s, options.forgive_s)
        self._cables = Cables(damping, description.links)
        self._hosts = Hosts(description, options)
        self._copies = CopyRates()
        self._ready: dict[str, _Node] = {}
        self._decided: set[Link] = set()
        self._open = set(description.links)
        self._watched: set[Port] = set()
        self._touched: set[str] = set()

    @property
    def interval_s(self) -> float:
        """Between two frames out of one port, at this size of the network."""
        # One frame more for each node: the one through the node itself.
        ports = sum(len(n.ports) + 1 for n in self.topology.nodes.values())
        return self.options.interval_for(ports)

    @property
    def bound_s(self) -> float:
        """Longer silence than this is failure."""
        return self.options.misses * self.interval_s

    def takes_part(self, node: str) -> bool:
        """Tell whether frames can be sent through a node now."""
        return node in self._ready and self._ready[node].takes_part

    def lingering(self, now: float) -> tuple[Link, ...]:
        """Return links that failed a short while ago."""
        return self._cables.lingering(now)

    def learning_changed(self) -> dict[str, Wanted]:
        """Return what nodes' tables shall hold, where it may have changed since the last call."""
        touched = {name for name in self._touched if name in self._ready}
        self._touched.clear()
        edge: dict[str, set[int]] = {name: set() for name in touched}
        told: dict[str, set[int]] = {name: set() for name in touched}
        hosts: dict[str, set[tuple[int, str]]] = {name: set() for name in touched}
        for port in self._ports_of(touched):
            facing = self.topology.ports.get(port, Facing.UNKNOWN)
            if facing is not Facing.UNKNOWN:
                told[port.node].add(port.number)
            if facing is Facing.EDGE:
                edge[port.node].add(port.number)
        for host in self.topology.hosts.values() if touched else ():
            at = host.attached
            if at.number in edge.get(at.node, ()) and not self._hosts.is_asked(host.name):
                hosts[at.node].add((at.number, host.mac))
        return {
            n: Wanted(Learning(frozenset(edge[n]), frozenset(hosts[n])), frozenset(told[n]))
            for n in touched
        }

    # What happens to nodes

    def add_node(
        self, node: NodeDescription, entries: tuple[Entry, ...], now: float
    ) -> list[Change]:
        """A node was registered, with the entries that it shall have."""
        draft = self._begin(now)
        draft.describe_node(node, entries)
        return self._finish(draft, now)

    def remove_node(self, name: str, now: float) -> list[Change]:
        """A node is no part of the network any more."""
        self._ready.pop(name, None)
        draft = self._begin(now)
        self._node_down(draft, name, f"{name} was removed", now, strike=False)
        draft.forget_node(name, "it was removed")
        return self._finish(draft, now)

    def node_ready(self, name: str, takes_part: bool, now: float) -> list[Change]:
        """A node runs what it should; tell whether frames can be sent through it."""
        if name not in self.topology.nodes:
            return []
        node = self._ready.get(name)
        if node is None:
            self._ready[name] = _Node(takes_part, now, now)
        elif node.takes_part != takes_part:
            self._ready[name] = replace(node, takes_part=takes_part, since_s=now, passed_s=now)
        if not takes_part:
            self._open |= {link for link in self._described if name in (link.a.node, link.b.node)}
        return self._finish(self._begin(now), now)

    def node_gone(self, name: str, reason: str, now: float) -> list[Change]:
        """There is no session with a node any more, or it is not what it should be."""
        if self._ready.pop(name, None) is None:
            return []
        draft = self._begin(now)
        self._node_down(draft, name, reason, now, strike=False)
        return self._finish(draft, now)

    # What is heard

    def passed(self, name: str, now: float) -> list[Change]:
        """A frame that was sent through a node came back."""
        node = self._ready.get(name)
        if node is None:
            return []
        node.passed_s = now
        return [] if name in self.topology.up else self._finish(self._begin(now), now)

    def heard(self, source: Port, destination: Port, now: float) -> list[Change]:
        """A frame that left at one port came in at another."""
        for port in (source, destination):
            if port.node not in self._ready or not _has(self.topology, port):
                return []
            self._ready[port.node].passed_s = now
        news = self._cables.hear(source, destination, now)
        if not news and self.topology.ports.get(destination) is Facing.NODE:
            return []  # as nearly always
        self._watched.add(destination)
        draft = self._begin(now)
        self._follow(draft, news, now)
        return self._finish(draft, now)

    def seen(self, port: Port, sighting: Sighting, now: float) -> list[Change]:
        """A host was seen."""
        if self.topology.ports.get(port) is not Facing.EDGE:
            return []
        draft = self._begin(now)
        if self._copies.add(port, now):
            reason = f"more than the {COPIES_PPS} packets/s that are copied come from unknown hosts"
            draft.reach_limit(port, Limit.COPIES, f"{reason}, or are ARP: the rest is not seen")
        if self._hosts.see(draft, port, sighting, now):
            self._touched.add(port.node)
        return self._finish(draft, now)

    def knew(self, name: str, hosts: Set[tuple[int, str]], now: float) -> list[Change]:
        """A node knew these hosts when it became ready: from another process, or session."""
        if name not in self._ready:
            return []
        self._ready[name].adopted |= hosts
        draft = self._begin(now)
        for number in self.topology.nodes[name].ports:
            if draft.facing(Port(name, number)) is Facing.EDGE:
                self._adopt(draft, Port(name, number), now)
        return self._finish(draft, now)

    def stood_still(self, lapse_s: float) -> None:
        """This process did not run for some time: that says nothing of links and nodes."""
        self._cables.stood_still(lapse_s)
        for node in self._ready.values():
            node.passed_s += lapse_s
            node.since_s += lapse_s

    def tick(self, now: float) -> list[Change]:
        """Time has passed."""
        draft = self._begin(now)
        for name, node in self._ready.items():
            if name in draft.up and not self._passes(node, now):
                reason = f"nothing passed it for {self.bound_s:.2g} s"
                self._node_down(draft, name, reason, now, strike=True)
        self._follow(draft, self._cables.tick(now), now)
        self._touched.update(self._hosts.tick(draft, now))
        for port in self._copies.calmed(now):
            draft.leave_limit(port, Limit.COPIES)
        return self._finish(draft, now)

    # Inside: steps

    def _begin(self, now: float) -> Draft:
        """Begin a step: nodes enter that are up now."""
        if self._began_s is None:
            self._began_s = now
        self._cables.bound_s = self.bound_s
        draft = Draft(self.topology)
        for name, node in self._ready.items():
            if name not in draft.up and self._passes(node, now):
                ports = [Port(name, number) for number in draft.nodes[name].ports]
                draft.node_entered(name, {p.number: self._facing(draft, p, now) for p in ports})
                self._watched.update(ports)
        return draft

    def _finish(self, draft: Draft, now: float) -> list[Change]:
        """End a step: draw the conclusions, and make the draft the topology."""
        for link in list(self._open):
            self._judge(draft, link, now)
        self._hosts.restore(draft)
        for change in draft.changes:
            if isinstance(change, LinkAdded | LinkDeleted):
                self._watched.update(change.link)
        for port in list(self._watched):
            self._look(draft, port, now)
        self._touched.update(port.node for change in draft.changes for port in ports_of(change))
        if self._is_settled(now):
            draft.settle()
        self.topology = draft.finish()
        return draft.changes

    def _ports_of(self, names: Set[str]) -> Iterable[Port]:
        return (Port(name, number) for name in names for number in self.topology.nodes[name].ports)

    # Inside: nodes

    def _passes(self, node: _Node, now: float) -> bool:
        return not node.takes_part or now - node.passed_s <= self.bound_s

    def _node_down(self, draft: Draft, name: str, reason: str, now: float, *, strike: bool) -> None:
        self._follow(draft, self._cables.lose_node(name, reason, now, strike=strike), now)
        draft.node_left(name, reason)

    def _is_settled(self, now: float) -> bool:
        if any(link not in self._decided and not self._is_mute(link) for link in self._open):
            return False
        waited = self._began_s is not None and now - self._began_s > self._patience_s
        if not waited and any(name not in self._ready for name in self.topology.nodes):
            return False
        return all(now - n.since_s > self.bound_s for n in self._ready.values() if n.takes_part)

    # Inside: links

    def _follow(self, draft: Draft, news: Iterable[News], now: float) -> None:
        """Take over what became of cables."""
        for item in news:
            if isinstance(item, LinkUp):
                draft.add_link(item.link)
                self._decided.add(item.link)
            elif not self._counts_unheard(draft, item.link, now):
                draft.remove_link(item.link, item.reason)

    def _judge(self, draft: Draft, link: Link, now: float) -> None:
        """See whether a described link counts, and whether that is decided by what is heard."""
        counts = self._cables.is_up(link) or self._counts_unheard(draft, link, now)
        if counts:
            draft.add_link(link)
        else:
            self._decided.add(link)
            draft.remove_link(link, "it is described, and nothing comes through it")
        if link in self._decided and not self._is_mute(link):
            self._open.discard(link)

    def _is_mute(self, link: Link) -> bool:
        """Tell whether nothing can be heard through a link, because of a node's program."""
        return not self.options.enabled or any(
            port.node in self._ready and not self.takes_part(port.node) for port in link
        )

    def _counts_unheard(self, draft: Draft, link: Link, now: float) -> bool:
        """Tell whether a described link counts as up although nothing is heard through it."""
        if link not in self._described or not all(_has(draft, port) for port in link):
            return False
        if not self.options.enabled:
            return True
        if any(self._leads_elsewhere(link, port) for port in link):
            return False
        ends = [self._ready.get(port.node) for port in link if port.node in draft.up]
        nodes = [node for node in ends if node is not None]
        if len(nodes) < 2:
            waiting = self._began_s is None or now - self._began_s <= self._patience_s
            return waiting and link not in self._decided
        if not all(node.takes_part for node in nodes):
            return True
        heard_by_now = now - max(node.since_s for node in nodes) > self.bound_s
        return not heard_by_now and link not in self._decided

    def _leads_elsewhere(self, link: Link, port: Port) -> bool:
        """Tell whether a port hears another one than a link says."""
        return self._cables.neighbour(port) not in (None, *link)

    # Inside: ports and hosts

    def _look(self, draft: Draft, port: Port, now: float) -> None:
        """See what a port faces now, and whether that can change by waiting."""
        before = draft.facing(port)
        if before is None:
            self._watched.discard(port)
            return
        facing = self._facing(draft, port, now)
        draft.set_facing(port, facing)
        if facing is Facing.EDGE:
            self._adopt(draft, port, now)
        if facing is Facing.EDGE or draft.is_linked(port):
            self._watched.discard(port)

    def _facing(self, draft: Draft, port: Port, now: float) -> Facing:
        heard_s = self._cables.heard_at(port)
        if draft.is_linked(port):
            return Facing.NODE
        if heard_s is not None:
            recently = now - heard_s <= max(self.options.edge_after_s, self.bound_s)
            return Facing.NODE if recently else Facing.EDGE
        node = self._ready[port.node]
        told = not node.takes_part or port in self._host_ports
        return Facing.EDGE if told or now - node.since_s > self.bound_s else Facing.UNKNOWN

    def _adopt(self, draft: Draft, port: Port, now: float) -> None:
        """Take over the hosts that a node knew at an edge port."""
        adopted = self._ready[port.node].adopted
        for number, mac in [host for host in adopted if host[0] == port.number]:
            adopted.discard((number, mac))
            if mac not in {host.mac for host in draft.hosts.values()}:
                self._hosts.see(draft, port, Sighting(mac, None), now)


def _has(network: Topology | Draft, port: Port) -> bool:
    node = network.nodes.get(port.node)
    return node is not None and port.number in node.ports
