"""Nodes that come and go at run time: what is refused, and what outlives a restart."""

import json
from dataclasses import replace

import pytest
from networks import line

from controller.discovery.options import DiscoveryOptions
from controller.discovery.watch import TopologyWatch
from controller.errors import RequestError
from controller.migration.journal import SqliteJournal
from controller.model.parts import Entry, NodeDescription
from controller.nodes.registration import Registry

NODE = NodeDescription("s9", 9, "127.0.0.1:50009", "p4runtime", None, "plain", (1, 2))
DESCRIBED = line({"s1": "plain", "s2": "plain"})
ENTRIES = (Entry("punt", {"ether_type": 1}, "to_controller", {}),)


class Watch:
    """Notes which nodes are to be reached."""

    def __init__(self):
        self.nodes = set(DESCRIBED.nodes)

    def add(self, node):
        self.nodes.add(node.name)

    def remove(self, name):
        self.nodes.remove(name)

    forget = remove


@pytest.fixture
def journal(tmp_path):
    return SqliteJournal(tmp_path / "journal.sqlite")


def registry(journal):
    """Return what a process begins with over a journal."""
    topology, watch = TopologyWatch(DESCRIBED, DiscoveryOptions(), 10.0), Watch()
    made = Registry(DESCRIBED, DESCRIBED.programs, ENTRIES, journal, topology, watch)
    made.restore()
    return made, topology, watch


def allow(_name):
    """Let every node be removed."""


def test_a_node_that_is_added_is_reached_and_shall_hold_what_all_nodes_hold(journal):
    made, topology, watch = registry(journal)
    made.add(NODE)
    assert topology.network.nodes["s9"] == NODE
    assert topology.network.entries["s9"] == ENTRIES
    assert watch.nodes == {"s1", "s2", "s9"}


def test_added_and_removed_nodes_are_so_after_a_restart(journal):
    made, _, _ = registry(journal)
    made.add(NODE)
    made.remove("s2", allow)
    _, topology, watch = registry(journal)
    assert set(topology.network.nodes) == watch.nodes == {"s1", "s9"}
    assert topology.network.links == ()
    assert set(topology.network.hosts) == {"hA"}, "the other one was attached to s2"


def test_an_added_node_that_is_removed_leaves_nothing(journal):
    made, topology, _ = registry(journal)
    made.add(NODE)
    made.remove("s9", allow)
    assert set(topology.network.nodes) == {"s1", "s2"}
    assert journal.registrations() == {}


def test_a_described_node_may_come_back_at_another_address(journal):
    made, _, _ = registry(journal)
    made.remove("s2", allow)
    moved = replace(NODE, name="s2")
    made.add(moved)
    _, topology, watch = registry(journal)
    assert topology.network.nodes["s2"] == moved
    assert watch.nodes == {"s1", "s2"}


def test_a_node_that_is_needed_stays(journal):
    made, topology, watch = registry(journal)

    def refuse(name):
        raise RequestError(f"{name} enforces gate, slots 0-1: move them elsewhere first")

    with pytest.raises(RequestError, match="enforces gate"):
        made.remove("s1", refuse)
    assert "s1" in topology.network.nodes
    assert "s1" in watch.nodes
    assert journal.registrations() == {}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "s1"}, "already"),
        ({"name": "hA"}, "already"),
        ({"name": "s 9"}, "cannot be called"),
        ({"program": "x"}, "would do: plain"),
        ({"ports": ()}, "needs ports"),
        ({"ports": (0, 1)}, "positive"),
        ({"ports": (1, 1)}, "twice"),
        ({"grpc": DESCRIBED.nodes["s1"].grpc}, "address of s1"),
        ({"driver": "bmv2"}, "Thrift"),
        ({"grpc": "s9.example"}, "must be host:port"),
        ({"driver": "bmv2", "thrift": "s9.example:0"}, "must be host:port"),
        ({"device_id": 2**64}, "64 bits"),
    ],
)
def test_a_node_that_cannot_be_is_refused_and_nothing_is_kept(journal, change, text):
    made, topology, _ = registry(journal)
    with pytest.raises(RequestError, match=text):
        made.add(replace(NODE, **change))
    assert set(topology.network.nodes) == {"s1", "s2"}
    assert journal.registrations() == {}


def test_what_does_not_fit_any_more_is_told_and_left_out(journal, caplog):
    made, _, _ = registry(journal)
    made.add(NODE)
    body = json.loads(journal.registrations()["s9"])
    journal.register("s9", json.dumps({**body, "program": "gone"}))
    journal.register("s8", "nonsense")
    _, topology, _ = registry(journal)
    assert set(topology.network.nodes) == {"s1", "s2"}
    assert "s9: registered before, and not taken in now: no program 'gone'" in caplog.text
    assert "s8: registered before" in caplog.text
