"""Descriptions of networks: ports, routes and zones follow from hosts, nodes and links."""

import pytest

from topo.blueprint import Blueprint, End, HostSpec, NodeSpec
from topo.errors import BlueprintError
from topo.topologies import TOPOLOGIES, line

OUTSIDE = HostSpec("hA", "10.0.0.1/24", "00:00:00:00:00:0a", "outside")
INSIDE = HostSpec("hB", "10.0.0.2/24", "00:00:00:00:00:0b", "inside")


def diamond():
    """s1 and s4 are joined by s2 and by s3; the hosts hang on s1 and s4."""
    nodes = [NodeSpec(f"s{n}", n) for n in range(1, 5)]
    pairs = [("hA", "s1"), ("s1", "s2"), ("s1", "s3"), ("s2", "s4"), ("s3", "s4"), ("s4", "hB")]
    return Blueprint.wire("diamond", [OUTSIDE, INSIDE], nodes, pairs, {"firewall": "s1"})


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


def test_a_port_faces_the_zone_of_the_hosts_behind_it():
    network = line()
    assert [network.zone("s1", port) for port in (1, 2)] == ["outside", "inside"]
    assert [network.zone("s2", port) for port in (1, 2)] == ["outside", "inside"]


def test_a_port_that_leads_nowhere_faces_no_zone():
    assert diamond().zone("s1", 3) is None


def test_a_port_towards_both_zones_is_refused():
    third = HostSpec("hC", "10.0.0.3/24", "00:00:00:00:00:0c", "outside")
    pairs = [("hA", "s1"), ("s1", "s2"), ("s2", "hB"), ("s2", "hC")]
    network = Blueprint.wire(
        "mixed", [OUTSIDE, INSIDE, third], [NodeSpec("s1", 1), NodeSpec("s2", 2)], pairs, {}
    )
    with pytest.raises(BlueprintError, match="s1:2 leads to hosts inside and outside"):
        network.zone("s1", 2)


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


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_every_topology_reaches_every_host_from_every_node(name):
    network = TOPOLOGIES[name]()
    hosts = {host.name for host in network.hosts}
    assert all(network.routes[node].keys() == hosts for node in network.node_names)
