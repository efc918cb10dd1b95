"""What all nodes' forwarding shall be, from the network and its paths. Pure.

For a host that is attached to a node D, every node that has a way to D gets an entry: ``forward``
where all slots leave by one port, ``spread`` where they do not; the group of ``path`` is D's, so
that hosts come and go without a change of paths, and paths move without a change of hosts.

Choices:
- What cannot be known is left as it is: there is no entry for a host without a way to it, and none
  that leads through a node which cannot be written to now, because nobody knows where that one
  would send the packets on. Such entries are not wanted away either: see ``update``. Where that is
  so for some slots only, there are entries of ``path`` for the others, and none of ``dmac``.
- But a node that has no entry then gets one ``otherwise``: for the slots that are known, or to drop
  all. If it flooded what others still lead to it, that would come back, and go round.
- What the network's description has (an entry of ``dmac``, its default action, a multicast group)
  wins; nothing of the kind is computed for that node.
- Broadcasts leave by the slot's spanning tree and by every port where a host may be: where one is
  known, and where no link is and none was described or seen before.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from controller.forwarding.tables import (
    DROP,
    FIRST_FLOOD_GROUP,
    FLOOD_BY_SLOT,
    FORWARD,
    SPREAD,
    Forwarding,
    Next,
    PathKey,
    mac_number,
)
from controller.model.network import NetworkDescription
from controller.model.parts import Port
from controller.model.paths import Paths, slot_paths

_GROUPS = 0xFFFF


@dataclass(frozen=True)
class Described:
    """What is described for one node, and therefore not computed."""

    destinations: frozenset[int] = frozenset()
    "MAC addresses."
    unknown: bool = False
    groups: frozenset[int] = frozenset()
    "Multicast groups."


@dataclass(frozen=True)
class Wanted:
    """What all nodes shall hold at least."""

    nodes: Mapping[str, Forwarding] = field(default_factory=dict)
    homes: Mapping[int, str] = field(default_factory=dict)
    "MAC address to the node that the host is attached to."
    groups: Mapping[int, str] = field(default_factory=dict)
    "Group of ``path`` to the node that it leads to."
    slots: int = 0
    "How many there are."
    otherwise: Mapping[str, Mapping[int, Next]] = field(default_factory=dict)
    "Node to MAC addresses of known hosts, to what it shall do if it has no entry."
    described: Mapping[str, frozenset[int]] = field(default_factory=dict)
    "Node to MAC addresses whose entries are described."
    cables: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    "Node to its ports that lead to other nodes, to those."

    def given(self, node: str) -> Forwarding:
        """Return what an empty node is given together with its program.

        It takes no part in floods then: only when it is known how the others flood at that time.
        """
        found = self.nodes.get(node, Forwarding())
        destinations = {**self.otherwise.get(node, {}), **found.destinations}
        return Forwarding(destinations, found.paths, {}, found.unknown)


def wanted(
    network: NetworkDescription,
    paths: Paths,
    ready: Collection[str],
    described: Mapping[str, Described],
    closed: Collection[Port],
) -> Wanted:
    """Return what the nodes shall hold.

    Args:
        network: The network as it is; its hosts count.
        paths: The paths to be used.
        ready: Nodes that can be written to.
        described: Node to what is described for it.
        closed: Ports behind which no host is unless one is known: ends of links, now or before.
    """
    homes = {mac_number(host.mac): host.attached for host in network.hosts.values()}
    groups = group_numbers({port.node for port in homes.values()})
    destinations, by_slot = _towards(homes, groups, paths, ready)
    floods = flood_ports(network, paths, closed)
    nodes: dict[str, Forwarding] = {}
    otherwise: dict[str, dict[int, Next]] = {}
    for node in network.nodes:
        mine = described.get(node, Described())
        unknown = Next(FLOOD_BY_SLOT, FIRST_FLOOD_GROUP)
        computed = Forwarding(destinations[node], by_slot[node], floods[node], unknown)
        nodes[node] = _without_described(computed, mine)
        missing = homes.keys() - destinations[node].keys() - mine.destinations
        otherwise[node] = _otherwise(missing, homes, groups, by_slot[node])
    return Wanted(
        nodes,
        {mac: port.node for mac, port in homes.items()},
        {number: home for home, number in groups.items()},
        paths.slots,
        otherwise,
        {node: found.destinations for node, found in described.items()},
        _cables(network),
    )


def hosts_as_led_to(network: NetworkDescription, paths: Paths) -> NetworkDescription:
    """Return the network with each host where the paths of all slots lead to it.

    A host that has moved to another node stays where it was as long as a slot's paths are those of
    before: its packets must not pass where nobody enforces. Not so where its old port has become
    the end of a link, or is no more.
    """
    led_through = {id(n): n for n in map(paths.network, range(paths.slots)) if n is not network}
    if not led_through:
        return network
    linked = {port for link in network.links for port in (link.a, link.b)}
    held = {
        name: host
        for before in led_through.values()
        for name, host in before.hosts.items()
        if name in network.hosts
        and host.attached.node != network.hosts[name].attached.node
        and host.attached.node in network.nodes
        and host.attached not in linked
    }
    return replace(network, hosts={**network.hosts, **held}) if held else network


def paths_to_use(newest: Paths, before: Paths, withheld: Collection[int]) -> Paths:
    """Return the newest paths, but for slots that must not have them yet: those keep theirs.

    A host that has moved, and waits for such a slot, is in all slots' paths where it was: so each
    of them is asked for again, by what nodes hold then, when the host is to be led to.
    """
    paths = newest.with_slots(withheld, before)
    network = newest.network(0)
    led = hosts_as_led_to(network, paths)
    if led is network:
        return paths
    return slot_paths(led, newest.slots).with_slots(withheld, before)


def _towards(
    homes: Mapping[int, Port], groups: Mapping[str, int], paths: Paths, ready: Collection[str]
) -> tuple[Mapping[str, dict[int, Next]], Mapping[str, dict[PathKey, int]]]:
    """Return, by node, what it does with packets to each host, and its entries of ``path``."""
    at: dict[str, dict[int, int]] = defaultdict(dict)
    for mac, port in homes.items():
        at[port.node][mac] = port.number
    destinations: dict[str, dict[int, Next]] = defaultdict(dict)
    by_slot: dict[str, dict[PathKey, int]] = defaultdict(dict)
    for home, hosts in at.items():
        destinations[home] |= {mac: Next(FORWARD, port) for mac, port in hosts.items()}
        for node, ports in ports_towards(paths, home, ready).items():
            whole = len(ports) == paths.slots
            if whole and len(set(ports.values())) == 1:
                following = Next(FORWARD, ports[0])
            else:
                following = Next(SPREAD, groups[home])
                by_slot[node] |= {(groups[home], slot): port for slot, port in ports.items()}
            if whole:
                destinations[node] |= dict.fromkeys(hosts, following)
    return destinations, by_slot


def _otherwise(
    macs: Iterable[int],
    homes: Mapping[int, Port],
    groups: Mapping[str, int],
    paths: Mapping[PathKey, int],
) -> dict[int, Next]:
    """Return what a node with these entries of ``path`` does best for known hosts."""
    known = {group for group, _ in paths}
    found = {mac: groups[homes[mac].node] for mac in macs}
    return {mac: Next(SPREAD, group) if group in known else DROP for mac, group in found.items()}


def _cables(network: NetworkDescription) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {name: {} for name in network.nodes}
    for link in network.links:
        found[link.a.node][link.a.number] = link.b.node
        found[link.b.node][link.b.number] = link.a.node
    return found


def _without_described(computed: Forwarding, described: Described) -> Forwarding:
    return Forwarding(
        {m: n for m, n in computed.destinations.items() if m not in described.destinations},
        computed.paths,
        {group: p for group, p in computed.floods.items() if group not in described.groups},
        None if described.unknown else computed.unknown,
    )


def group_numbers(nodes: Iterable[str]) -> dict[str, int]:
    """Return a number from 1 to 65,535 for each node that hosts are attached to.

    It follows from the node's name, so that a management entity that was restarted finds its own
    groups again; two names of one number are told apart by their order.
    """
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for name in sorted(nodes):
        number = zlib.crc32(name.encode()) % _GROUPS
        while number in taken:
            number = (number + 1) % _GROUPS
        taken.add(number)
        numbers[name] = number + 1
    return numbers


def ports_towards(paths: Paths, home: str, ready: Collection[str]) -> dict[str, dict[int, int]]:
    """Return, for each node, by which port each slot leaves on its way to another node.

    Slots whose way leads through a node that is not ready, the last one included, are left out.
    """
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for slot in range(paths.slots):
        known = {home} & set(ready)
        for node, following in paths.tree(slot, home).items():
            if following in known:
                found[node][slot] = paths.port(slot, node, following)
                if node in ready:
                    known.add(node)
    return dict(found)


def flood_ports(
    network: NetworkDescription, paths: Paths, closed: Collection[Port]
) -> dict[str, dict[int, frozenset[int]]]:
    """Return, for each node, multicast group to ports: see the choices above."""
    ends = {port for link in network.links for port in (link.a, link.b)}.union(closed)
    open_ports = {
        name: {number for number in node.ports if Port(name, number) not in ends}
        for name, node in network.nodes.items()
    }
    for host in network.hosts.values():
        open_ports[host.attached.node].add(host.attached.number)
    found: dict[str, dict[int, frozenset[int]]] = {name: {} for name in network.nodes}
    for slot in range(paths.slots):
        trees = paths.flood_ports(slot)
        for name, ports in open_ports.items():
            tree = trees.get(name, frozenset())
            found[name][FIRST_FLOOD_GROUP + slot] = tree | ports
    return found
