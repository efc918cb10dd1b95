"""Paths by slot: properties on random networks with loops, and the cases that people think of."""

import time
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import network

from controller.model.parts import Link, Port
from controller.model.paths import SLOTS, slot_paths

DIAMOND = ["s1:1 s2:1", "s1:2 s3:1", "s2:2 s4:1", "s3:2 s4:2"]


def of(links, hosts):
    """Describe a network by links and hosts; nodes follow."""
    ends = [end.split(":")[0] for link in links for end in link.split()]
    ends += [port.split(":")[0] for port in hosts.values()]
    return network(dict.fromkeys(sorted(set(ends)), "l2"), links, hosts)


@st.composite
def networks(draw, most=9, least_links=0):
    """Draw a network of some nodes with any links, parallel ones too, and a host at each."""
    size = draw(st.integers(2, most))
    node = st.integers(0, size - 1)
    pairs = draw(
        st.lists(
            st.tuples(node, node).filter(lambda p: p[0] != p[1]), min_size=least_links, max_size=20
        )
    )
    links = [f"n{a}:{2 * i + 1} n{b}:{2 * i + 2}" for i, (a, b) in enumerate(pairs)]
    return of(links, {f"h{i}": f"n{i}:100" for i in range(size)})


def graph_of(net):
    """Return the nodes' graph, by networkx."""
    graph = nx.Graph()
    graph.add_nodes_from(net.nodes)
    graph.add_edges_from((link.a.node, link.b.node) for link in net.links)
    return graph


def follow(net, paths, slot, start, end):
    """Walk from node to node by the ports that the nodes would use; return the nodes."""
    ends = {link.a: link.b for link in net.links} | {link.b: link.a for link in net.links}
    walked = [start]
    while walked[-1] != end:
        port = paths.next_port(slot, walked[-1], end)
        if port is None:
            return ()
        walked.append(ends[Port(walked[-1], port)].node)
        assert len(walked) <= len(net.nodes), "a loop"
    return tuple(walked)


@given(networks())
@settings(max_examples=60)
def test_routes_are_shortest_symmetric_and_what_the_nodes_do(net):
    paths, graph = slot_paths(net), graph_of(net)
    for a, b in combinations(net.hosts, 2):
        x, y = (net.hosts[h].attached.node for h in (a, b))
        for slot in (0, 5, 15):
            route = paths.route(slot, a, b)
            assert route == paths.route(slot, b, a)[::-1]
            assert route == follow(net, paths, slot, x, y)
            assert follow(net, paths, slot, y, x) == route[::-1]
            if nx.has_path(graph, x, y):
                assert len(route) == 1 + nx.shortest_path_length(graph, x, y)
                assert len(route) == 1 + paths.hops(slot, x, y)
            else:
                assert route == ()
                assert paths.hops(slot, x, y) is None


@given(networks())
@settings(max_examples=60)
def test_both_directions_use_the_same_cables(net):
    paths = slot_paths(net)
    ends = {link.a: link.b for link in net.links} | {link.b: link.a for link in net.links}
    for slot in (0, 9):
        for a, b in combinations(net.nodes, 2):
            there = [Port(n, paths.next_port(slot, n, b)) for n in follow(net, paths, slot, a, b)]
            back = [Port(n, paths.next_port(slot, n, a)) for n in follow(net, paths, slot, b, a)]
            assert [ends[port] for port in reversed(there[:-1])] == back[:-1]


@given(networks())
@settings(max_examples=60)
def test_a_broadcast_reaches_every_node_that_can_be_reached_exactly_once(net):
    paths, graph = slot_paths(net), graph_of(net)
    ends = {link.a: link.b for link in net.links} | {link.b: link.a for link in net.links}
    for slot in (0, 7):
        ports = paths.flood_ports(slot)
        for start in net.nodes:
            arrived, queue = [start], [(start, None)]
            for node, came_in in queue:
                for port in ports[node] - {came_in}:
                    end = ends[Port(node, port)]
                    arrived.append(end.node)
                    queue.append((end.node, end.number))
                    assert len(arrived) <= len(net.nodes), "a storm"
            assert sorted(arrived) == sorted(nx.node_connected_component(graph, start))


def test_slots_are_shared_by_the_branches_of_a_diamond_and_broadcasts_follow_them():
    paths = slot_paths(of(DIAMOND, {"a": "s1:3", "b": "s4:3"}))
    by_branch = {"s2": set(), "s3": set()}
    for slot in range(SLOTS):
        first, branch, last = paths.route(slot, "a", "b")
        assert (first, last) == ("s1", "s4")
        by_branch[branch].add(slot)
        assert paths.flood_route(slot, "a", "b") == (first, branch, last)
        assert paths.common_between(slot, [("s1", "s4")]) == {first, branch, last}
    assert min(len(slots) for slots in by_branch.values()) >= 4, by_branch


def test_a_slot_prefers_one_spine_for_all_pairs_of_leaves():
    links = [f"l{i}:{j} p{j}:{i}" for i in range(1, 6) for j in range(1, 4)]
    net = of(links, {f"h{i}": f"l{i}:9" for i in range(1, 6)})
    paths = slot_paths(net)
    for slot in range(SLOTS):
        pairs = combinations(net.hosts, 2)
        assert len({paths.route(slot, a, b)[1] for a, b in pairs}) == 1


def test_parallel_links_are_shared_by_slot():
    net = of(["s1:1 s2:1", "s1:2 s2:2", "s1:3 s2:3"], {"a": "s1:9", "b": "s2:9"})
    paths = slot_paths(net)
    used = [paths.next_port(slot, "s1", "s2") for slot in range(SLOTS)]
    assert set(used) == {1, 2, 3}
    assert used == [paths.next_port(slot, "s2", "s1") for slot in range(SLOTS)]


def test_some_slots_paths_may_be_those_of_another_network():
    hosts = {"a": "s1:3", "b": "s4:3"}
    whole, cut = slot_paths(of(DIAMOND, hosts)), slot_paths(of(DIAMOND[:1] + DIAMOND[2:3], hosts))
    moved = whole.with_slots({3}, cut)
    assert moved.route(3, "a", "b") == ("s1", "s2", "s4")
    others = [slot for slot in range(SLOTS) if slot != 3]
    assert [moved.route(s, "a", "b") for s in others] == [whole.route(s, "a", "b") for s in others]
    assert moved.network(3) is not moved.network(4)


def test_hosts_of_one_node_have_that_node_as_their_route():
    paths = slot_paths(of(["s1:1 s2:1"], {"a": "s1:3", "b": "s1:4"}))
    assert paths.route(0, "a", "b") == ("s1",)
    with pytest.raises(KeyError):
        paths.route(0, "a", "nobody")


def test_a_network_of_a_thousand_nodes_costs_nothing_until_asked_and_little_then():
    names = [f"n{i:03}" for i in range(1000)]
    net = of([], {"a": "n000:9"})
    nodes = dict.fromkeys(names, net.nodes["n000"])
    links = tuple(
        Link(Port(names[i], 10 + k), Port(names[(i + 37 * k + 1) % 1000], 30 + k))
        for i in range(1000)
        for k in range(10)
    )
    big = net.__class__(net.programs, nodes, links, net.hosts, {}, {}, {})
    began = time.process_time()
    paths = slot_paths(big)
    assert time.process_time() - began < 0.005
    hops = [paths.hops(0, name, "n500") for name in names]
    assert max(hops) == 19
    began = time.process_time()
    ports = [paths.next_port(slot, name, "n500") for slot in range(SLOTS) for name in names]
    assert sum(port is not None for port in ports) == SLOTS * 999
    assert time.process_time() - began < 1.0  # 16 trees of 1,000 nodes; 0.1 s in 2026


@given(networks(), st.data())
def test_common_nodes_are_those_on_every_way(net, data):
    paths = slot_paths(net)
    pairs = data.draw(st.sets(st.sampled_from(list(combinations(net.hosts, 2))), min_size=1))
    for slot in (0, 7):
        ways = [paths.route(slot, *pair) for pair in pairs]
        ways += [paths.flood_route(slot, *pair) for pair in pairs]
        ways = [set(way) for way in ways if way]
        expected = set.intersection(*ways) if ways else set()
        homes = [(net.hosts[a].attached.node, net.hosts[b].attached.node) for a, b in pairs]
        assert paths.common_between(slot, homes) == expected
