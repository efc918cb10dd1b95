"""Descriptions of networks: ports, routes and zones follow from hosts, nodes and links."""

import pytest

from topo.blueprint import Blueprint, End, HostSpec, NodeSpec
from topo.errors import BlueprintError
from topo.topologies import TOPOLOGIES, diamond, fat_tree, leaf_spine, line

OUTSIDE = HostSpec("hA", "10.0.0.1/24", "00:00:00:00:00:0a", "outside")
INSIDE = HostSpec("hB", "10.0.0.2/24", "00:00:00:00:00:0b", "inside")


def test_ports_are_numbered_in_the_order_of_the_links():
    network = diamond()
    assert network.ports("s1") == [1, 2, 3]
    assert network.peers[End("s1", 3)] == End("s3", 1)
    assert network.peers[End("hB", 0)] == End("s4", 3)


def test_the_line_is_the_papers():
    network = line()
    links = [(str(a), str(b)) for a, b in network.links]
    assert links == [("hA", "s1:1"), ("s1:2", "s2:1"), ("s2:2", "hB")]
    assert network.host("hA").zone == "outside"
    assert network.host("hB").zone == "inside"
    assert network.placement == {"firewall": "s1"}


def test_routes_are_shortest_paths():
    routes = diamond().routes
    assert routes["s1"] == {"hA": 1, "hB": 2}
    assert routes["s4"] == {"hA": 1, "hB": 3}
    assert routes["s3"] == {"hA": 1, "hB": 2}


def test_a_topology_comes_in_its_default_size_or_in_another():
    assert len(TOPOLOGIES["leaf-spine"].blueprint().nodes) == 6
    assert len(TOPOLOGIES["leaf-spine"].blueprint(leaves=3, spines=3).nodes) == 6


def test_a_port_faces_the_zone_of_the_hosts_behind_it():
    network = line()
    assert [network.zone("s1", port) for port in (1, 2)] == ["outside", "inside"]
    assert [network.zone("s2", port) for port in (1, 2)] == ["outside", "inside"]


def test_all_shortest_ways_count():
    assert diamond().zones("s1") == {1: "outside", 2: "inside", 3: "inside"}
    assert diamond().zones("s2") == {1: "outside", 2: "inside"}


def test_a_port_that_leads_to_no_host_faces_no_zone():
    pairs = [("hA", "s1"), ("s1", "s2"), ("s1", "s3"), ("s2", "hB")]
    nodes = [NodeSpec(f"s{n}", n) for n in range(1, 4)]
    network = Blueprint.wire("stub", [OUTSIDE, INSIDE], nodes, pairs, {})
    assert network.zone("s1", 3) is None
    assert network.zones("s1") == {1: "outside", 2: "inside"}


MIXED = (
    [OUTSIDE, INSIDE, HostSpec("hC", "10.0.0.3/24", "00:00:00:00:00:0c", "outside")],
    [NodeSpec("s1", 1), NodeSpec("s2", 2)],
    [("hA", "s1"), ("s1", "s2"), ("s2", "hB"), ("s2", "hC")],
)


def test_where_a_port_faces_both_zones_nothing_is_known_of_the_node():
    network = Blueprint.wire("mixed", *MIXED, {})
    assert network.zone("s1", 2) is None
    assert network.zones("s1") is None
    assert network.zones("s2") == {1: "outside", 2: "inside", 3: "outside"}


def test_a_function_is_not_placed_where_a_port_faces_both_zones():
    with pytest.raises(BlueprintError, match="firewall cannot be placed at s1"):
        Blueprint.wire("mixed", *MIXED, {"firewall": "s1"})


def test_programs_are_chosen_by_node():
    chosen = line().with_programs({"s2": "l2"})
    assert [node.program for node in chosen.nodes] == ["guarded", "l2"]


def test_a_program_for_an_unknown_node_is_refused_with_the_nodes_there_are():
    with pytest.raises(BlueprintError, match="no node s9 in line: there are s1, s2"):
        line().with_programs({"s9": "l2"})


@pytest.mark.parametrize(
    ("hosts", "nodes", "pairs", "message"),
    [
        ([OUTSIDE], [NodeSpec("hA", 1)], [], "names are not unique"),
        ([], [NodeSpec("s1", 1), NodeSpec("s2", 1)], [], "same device id"),
        ([OUTSIDE], [NodeSpec("s1", 1)], [], "exactly one link"),
        ([OUTSIDE], [NodeSpec("s1", 1)], [("hA", "s1"), ("hA", "s1")], "exactly one link"),
        ([], [NodeSpec("s1", 1)], [("s1", "s7")], "s7, which is neither host nor node"),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(hosts, nodes, pairs, message):
    with pytest.raises(BlueprintError, match=message):
        Blueprint.wire("wrong", hosts, nodes, pairs, {})


ALL = [
    line(),
    diamond(),
    *(leaf_spine(*sizes) for sizes in ((2, 1, 1), (4, 2, 1), (5, 3, 2))),
    *(fat_tree(k) for k in (2, 4, 6)),
]


@pytest.mark.parametrize("network", ALL, ids=lambda n: f"{n.name}-{len(n.nodes)}")
def test_every_topology_reaches_every_host_from_every_node(network):
    hosts = {host.name for host in network.hosts}
    assert all(network.routes[node].keys() == hosts for node in network.node_names)
    assert len({host.mac for host in network.hosts}) == len(hosts)
    assert len({host.address for host in network.hosts}) == len(hosts)
    assert {host.zone for host in network.hosts} == {"inside", "outside"}


def test_only_networks_with_more_than_one_way_are_looped():
    looped = {f"{network.name}-{len(network.nodes)}" for network in ALL if network.looped}
    assert looped == {"diamond-4", "leaf-spine-6", "leaf-spine-8", "fat-tree-20", "fat-tree-45"}


@pytest.mark.parametrize("k", [2, 4, 6])
def test_a_fat_tree_has_the_nodes_hosts_and_links_of_its_size(k):
    network = fat_tree(k)
    assert len(network.nodes) == 5 * k * k // 4
    assert len(network.hosts) == k**3 // 4
    assert all(len(network.ports(node)) == k for node in network.node_names)


def test_behind_the_border_spines_can_tell_outside_from_inside_and_leaves_cannot():
    network = leaf_spine(4, 2)
    able = {node for node in network.node_names if network.zones(node)}
    assert able == {"leaf1", "spine1", "spine2"}


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("leaf-spine", {"spines": 0}, "spines 0: at least 1 would do"),
        ("leaf-spine", {"leaves": 1}, "leaves 1: at least 2 would do"),
        ("fat-tree", {"k": 5}, "k 5: must be even"),
        ("leaf-spine", {"hosts": 70_000}, "more than 62500 hosts"),
    ],
)
def test_a_size_that_will_not_do_is_refused(name, sizes, message):
    with pytest.raises(BlueprintError, match=message):
        TOPOLOGIES[name].blueprint(**sizes)
