"""Which ways packets can be on between two nodes, and from when on that is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from networks import network

from controller.discovery.cables import LINGER_S
from controller.forwarding.steady import SteadyWays
from controller.forwarding.tables import DROP, Forwarding
from controller.forwarding.wanted import wanted
from controller.model.network import NetworkDescription
from controller.model.parts import Host, Port
from controller.model.paths import SLOTS, Paths, slot_paths
from topo.topologies import fat_tree

LATER_S = LINGER_S + 1
ALL = frozenset(range(SLOTS))


def tree() -> NetworkDescription:
    """Return the fat tree of twenty nodes and sixteen hosts."""
    plan = fat_tree(4)
    at = {end.owner: other for ends in plan.links for end, other in (ends, ends[::-1])}
    bare = network(
        dict.fromkeys(plan.node_names, "l2"),
        [f"{a} {b}" for a, b in plan.links if a.port and b.port],
        {},
    )
    hosts = {
        host.name: Host(
            host.name, Port(at[host.name].owner, at[host.name].port), host.mac, (host.address,)
        )
        for host in plan.hosts
    }
    return replace(bare, hosts=hosts)


def held_by_all(net: NetworkDescription, paths: Paths) -> dict[str, Forwarding]:
    """Return what all nodes hold once forwarding has brought them to these paths."""
    ends = {end for link in net.links for end in link}
    return dict(wanted(net, paths, net.nodes, {}, ends).nodes)


@pytest.fixture(scope="module")
def net() -> NetworkDescription:
    return tree()


@pytest.fixture(scope="module")
def paths(net: NetworkDescription) -> Paths:
    return slot_paths(net)


@pytest.fixture
def held(net: NetworkDescription, paths: Paths) -> dict[str, Forwarding]:
    return held_by_all(net, paths)


@pytest.fixture
def ways(net: NetworkDescription, held: dict[str, Forwarding]) -> SteadyWays:
    ways = SteadyWays()
    ways.note(held, net, 0.0)
    return ways


@pytest.mark.parametrize("slot", [0, 7])
def test_they_are_the_slots_own_and_those_of_its_broadcasts(net, paths, ways, slot):
    homes = sorted({host.attached.node for host in net.hosts.values()})
    for one, other in combinations(homes, 2):
        told = ways.between(one, other, {slot}, LATER_S)
        assert told == {paths.way(slot, one, other), paths.flood_way(slot, one, other)}


def test_of_several_slots_they_are_those_of_each(ways):
    of_each = [ways.between("edge0_0", "core1", {slot}, LATER_S) for slot in ALL]
    assert ways.between("edge0_0", "core1", ALL, LATER_S) == frozenset().union(*of_each)


def test_backwards_they_are_the_same(ways):
    there = ways.between("edge0_0", "agg1_0", ALL, LATER_S)
    assert there
    assert ways.between("agg1_0", "edge0_0", ALL, LATER_S) == {way[::-1] for way in there}


def test_nobody_knows_them_before_older_packets_have_arrived(ways):
    assert ways.between("edge0_0", "agg0_0", ALL, LINGER_S - 0.1) is None
    assert ways.between("edge0_0", "agg0_0", ALL, LINGER_S) is not None


def test_looking_again_at_the_same_does_not_begin_anew(net, paths, ways):
    ways.note(held_by_all(net, paths), net, LINGER_S)
    assert ways.between("edge0_0", "agg0_0", ALL, LATER_S) is not None


@pytest.mark.parametrize("what", ["an entry", "a link", "a node"])
def test_any_change_begins_anew(net, held, ways, what):
    after, now = dict(held), net
    match what:
        case "an entry":
            mine = after["core0"]
            mac = next(iter(mine.destinations))
            after["core0"] = replace(mine, destinations={**mine.destinations, mac: DROP})
        case "a link":
            now = replace(net, links=net.links[1:])
        case "a node":
            del after["core0"]
    ways.note(after, now, LATER_S)
    assert ways.between("edge0_0", "agg0_0", ALL, LATER_S) is None
    assert ways.between("edge0_0", "agg0_0", ALL, LATER_S + LINGER_S) is not None


def test_while_nodes_are_changed_nobody_knows_them(net, held, ways):
    ways.forget()
    assert ways.between("edge0_0", "agg0_0", ALL, LATER_S) is None
    ways.note(held, net, LATER_S)
    assert ways.between("edge0_0", "agg0_0", ALL, LATER_S) is None
