"""Discovery as a state machine: what becomes of links and nodes, whatever happens."""

import itertools

import pytest
from discovery_world import (
    BOUND_S,
    INTERVAL_S,
    LINE,
    MAC,
    NAMES,
    PATIENCE_S,
    World,
    check,
    described,
    kinds,
    line,
    port,
)

from controller.discovery.changes import (
    Facing,
    HostDeleted,
    LinkAdded,
    LinkDeleted,
    NodeEntered,
    NodeLeft,
)
from controller.model.parts import NodeDescription

# Links


def test_links_that_nobody_described_are_found():
    world = World(described(), LINE)
    world.up(*NAMES)
    assert kinds(world.run(INTERVAL_S)).count(LinkAdded) == 2
    assert world.links == set(LINE)


def test_described_links_count_until_they_had_the_chance_to_be_heard():
    world = World(described(["s1:2 s2:1", "s2:2 s3:1"]), ["s1:2 s2:1"])
    world.up(*NAMES)
    world.run(BOUND_S)
    assert world.links == set(LINE)
    assert not world.topology.settled
    changes = world.run(INTERVAL_S)
    assert [str(c.link.a) for c in changes if isinstance(c, LinkDeleted)] == ["s2:2"]
    assert world.topology.settled


def test_described_links_of_nodes_that_are_not_there_count_as_long_as_those_are_waited_for():
    world = World(described(LINE), LINE)
    world.up("s1", "s2")
    world.run(PATIENCE_S)
    assert world.links == set(LINE)
    world.run(INTERVAL_S)
    assert world.links == {"s1:2 s2:1"}
    assert world.topology.settled


def test_a_cable_that_leads_elsewhere_than_described_is_believed():
    world = World(described(["s1:2 s2:1"]), ["s1:2 s3:1"])
    world.up(*NAMES)
    world.run(INTERVAL_S)
    assert world.links == {"s1:2 s3:1"}


def test_a_failed_link_is_noticed_within_the_bound():
    world = line()
    world.cut("s1:2 s2:1")
    assert world.run(BOUND_S) == []
    changes = world.run(INTERVAL_S)
    assert LinkDeleted in kinds(changes)
    assert world.links == {"s2:2 s3:1"}
    assert world.explorer.lingering(world.now) == (next(iter(described(LINE).links)),)


def test_a_link_that_flaps_is_held_back():
    world = line()
    for _ in range(3):
        world.cut("s1:2 s2:1")
        world.run(1.0)
        world.plug("s1:2 s2:1")
        world.run(0.5)
    assert "s1:2 s2:1" not in world.links
    added = [c for _, _, changes in world.told for c in changes if isinstance(c, LinkAdded)]
    assert len(added) <= 2
    world.run(4.0)
    assert "s1:2 s2:1" in world.links


def test_a_port_whose_link_failed_does_not_lead_to_hosts_for_a_while():
    world = line(edge_after_s=5.0)
    world.cut("s1:2 s2:1")
    world.run(4.0)
    assert world.topology.ports[port("s1:2")] is Facing.NODE
    world.run(2.0)
    assert world.topology.ports[port("s1:2")] is Facing.EDGE


def test_links_of_a_node_that_cannot_take_part_count_as_described():
    world = World(described(LINE), LINE)
    world.up("s1", "s2")
    world.up("s3", takes_part=False)
    world.run(PATIENCE_S + 2.0)
    assert world.links == set(LINE)
    assert world.topology.settled
    world.down("s3")
    assert world.links == {"s1:2 s2:1"}
    world.up("s3", takes_part=False)
    assert world.links == set(LINE)


def test_a_program_that_can_take_part_has_its_links_heard():
    world = World(described(LINE), ["s1:2 s2:1"])
    world.up("s1", "s2")
    world.up("s3", takes_part=False)
    world.run(2.0)
    world.up("s3")
    world.run(BOUND_S + INTERVAL_S)
    assert world.links == {"s1:2 s2:1"}


def test_without_discovery_the_description_counts():
    world = World(described(LINE, {"hA": "s1:1"}), [], enabled=False)
    world.up("s1", takes_part=False)
    world.run(PATIENCE_S + 5.0)
    assert world.links == set(LINE)
    assert world.topology.up == {"s1"}
    assert world.topology.settled


# Nodes


def test_a_node_enters_with_its_ports_before_anything_happens_at_it():
    world = World(described(LINE), LINE)
    world.up("s1")
    assert kinds(world.told[-1][2])[0] is NodeEntered
    assert {at for at in world.topology.ports if at.node == "s1"} == {
        port(f"s1:{n}") for n in range(1, 5)
    }


def test_a_node_whose_session_is_lost_leaves_at_once_with_its_links_and_hosts():
    world = line()
    world.see("s2:3", MAC)
    world.down("s2")
    *_, changes = world.told[-1]
    assert kinds(changes).count(LinkDeleted) == 2
    assert HostDeleted in kinds(changes)
    assert kinds(changes)[-1] is NodeLeft
    assert world.links == set()


def test_a_node_that_lets_nothing_through_leaves_within_the_bound_and_comes_back():
    world = line()
    world.silent.add("s2")
    changes = world.run(BOUND_S + INTERVAL_S)
    left = [change for change in changes if isinstance(change, NodeLeft)]
    assert left == [NodeLeft("s2", "nothing passed it for 0.75 s")]
    world.silent.clear()
    world.run(2.0)
    assert world.topology.up == set(NAMES)
    assert world.links == set(LINE)


def test_a_node_without_links_is_up_as_long_as_frames_come_back_through_it():
    world = World(described())
    world.up("s1")
    world.run(5.0)
    assert world.topology.up == {"s1"}
    world.silent.add("s1")
    world.run(1.0)
    assert world.topology.up == set()


def test_a_node_that_comes_back_gets_its_links_back_without_being_held():
    world = line()
    world.down("s2")
    world.run(3.0)
    world.up("s2")
    world.run(INTERVAL_S)
    assert world.links == set(LINE)


@pytest.mark.parametrize("order", list(itertools.permutations(NAMES)))
def test_the_order_of_start_does_not_matter(order):
    world = World(described(), LINE)
    for name in order:
        world.up(name)
        world.run(0.7)
    assert world.links == set(LINE)
    assert world.topology.up == set(NAMES)


def test_a_pause_of_the_process_is_no_failure_of_the_network():
    world = line()
    world.now += 20.0
    world.explorer.stood_still(20.0)
    assert world.step(world.explorer.tick) == []
    assert world.run(2.0) == []


def test_nodes_are_registered_and_removed():
    world = line()
    node = NodeDescription("s4", 4, "127.0.0.1:50004", "p4runtime", None, "p", (1, 2))
    world.step(world.explorer.add_node, node, ())
    assert world.topology.nodes["s4"] == node
    world.up("s4")
    world.plug("s3:2 s4:1")
    world.run(1.0)
    assert "s3:2 s4:1" in world.links
    changes = world.step(world.explorer.remove_node, "s4")
    assert kinds(changes)[0] is LinkDeleted
    assert "s4" not in world.topology.nodes
    world.run(1.0)
    check(world.topology)


def test_the_interval_grows_with_the_number_of_ports():
    assert line().explorer.interval_s == INTERVAL_S
    assert line(frames_per_s=30).explorer.interval_s == 0.5  # 12 ports and 3 nodes
