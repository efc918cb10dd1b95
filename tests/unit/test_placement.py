"""The placement view: what it derives from what nodes say."""

import networkx as nx
import pytest
from networks import line, network

from controller.model.placement import ConflictKind, FunctionFacts, NodeFacts, Placement

ALL = frozenset(range(4))


def facts(name, enforce=None, *, learn=frozenset(), reachable=True, program="gated"):
    functions = {} if enforce is None else {"gate": FunctionFacts(4, learn, frozenset(enforce))}
    return NodeFacts(name, reachable, program, functions)


def view(*nodes, placed=ALL):
    names = {f"s{i}": "gated" for i in range(1, 4)}
    return Placement(line(names), {n.name: n for n in nodes}, {"gate": placed})


def test_the_graph_has_nodes_hosts_and_links():
    graph = view().graph
    assert nx.shortest_path(graph, "hA", "hB") == ["hA", "s1", "s2", "s3", "hB"]
    assert graph.nodes["s2"]["kind"] == "node"
    assert graph.nodes["hA"]["kind"] == "host"
    assert [str(link.a) for link in graph.edges["s1", "s2"]["links"]] == ["s1:2"]


def test_two_links_between_the_same_nodes_are_both_kept():
    two = network({"s1": "p", "s2": "p"}, ["s1:2 s2:1", "s1:3 s2:3"], {})
    links = Placement(two, {}, {}).graph.edges["s1", "s2"]["links"]
    assert [link.a.number for link in links] == [2, 3]


def test_a_snapshot_cannot_be_changed():
    with pytest.raises(nx.NetworkXError):
        view().graph.add_node("s9")


def test_the_nodes_words_say_who_enforces():
    here = view(facts("s1", {0, 1}), facts("s2", {2, 3}), facts("s3"))
    assert here.by_node("gate") == {"s1": {0, 1}, "s2": {2, 3}}
    assert here.conflicts() == ()


def test_a_slot_that_nobody_enforces_is_a_conflict():
    (conflict,) = view(facts("s1", {0, 1}), facts("s2", {3}), facts("s3")).conflicts()
    assert (conflict.kind, conflict.slots) == (ConflictKind.NOWHERE, {2})
    assert str(conflict) == "gate, slots 2: enforced nowhere"


def test_what_a_silent_node_does_is_not_guessed():
    (conflict,) = view(facts("s1", {0, 1}), facts("s2", reachable=False), facts("s3")).conflicts()
    assert (conflict.kind, conflict.slots) == (ConflictKind.UNKNOWN, {2, 3})
    assert conflict.nodes == {"s2"}


def test_a_node_that_was_not_asked_is_silent():
    (conflict,) = view(facts("s1", {0, 1}), facts("s3")).conflicts()
    assert conflict.kind is ConflictKind.UNKNOWN


def test_a_slot_that_two_nodes_enforce_is_a_conflict():
    (conflict,) = view(facts("s1", ALL), facts("s2", {1}), facts("s3")).conflicts()
    assert (conflict.kind, conflict.slots) == (ConflictKind.TWICE, {1})
    assert conflict.nodes == {"s1", "s2"}


def test_a_function_that_is_placed_nowhere_on_purpose_is_no_conflict():
    nodes = (facts("s1", ()), facts("s2", ()), facts("s3"))
    assert view(*nodes, placed=frozenset()).conflicts() == ()


def test_the_view_becomes_plain_data():
    data = view(facts("s1", ALL, learn=ALL), facts("s2", ()), facts("s3")).to_dict()
    assert data["functions"] == {"gate": {"slots": 4, "placement": {"s1": "0-3"}}}
    assert data["nodes"][0]["functions"] == {"gate": {"learn": "0-3", "enforce": "0-3"}}
    assert data["links"][0] == ["s1:2", "s2:1"]
    assert data["conflicts"] == []
