"""Discovery as a state machine: what becomes of links, nodes and hosts, whatever happens."""

import itertools

import pytest
from discovery_world import (
    INTERVAL_S,
    NAMES,
    PATIENCE_S,
    World,
    check,
    described,
    port,
    replay,
    shown,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from controller.discovery.changes import (
    Facing,
    HostAdded,
    HostDeleted,
    HostMoved,
    LimitLeft,
    LimitReached,
    LinkAdded,
    LinkDeleted,
    NodeEntered,
    NodeLeft,
)
from controller.discovery.crowding import Limit
from controller.model.parts import NodeDescription

LINE = ("s1:2 s2:1", "s2:2 s3:1")
MAC, OTHER_MAC = "00:00:00:00:00:0a", "00:00:00:00:00:0b"
DESCRIBED_MAC = "00:00:00:00:00:01"
BOUND_S = 3 * INTERVAL_S


def line(**options):
    """A line that is as described, with everything up and settled."""
    world = World(described(LINE), LINE, **options)
    world.up(*NAMES)
    world.run(2.0)
    return world


def kinds(changes):
    return [type(change) for change in changes]


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


# Hosts


def test_a_host_is_learned_at_an_edge_port_and_named_by_its_mac_address():
    world = line()
    (change,) = world.see("s1:1", MAC, "10.0.0.1")
    assert isinstance(change, HostAdded)
    (host,) = (host for host in world.topology.hosts.values() if host.mac == MAC)
    assert (host.name, str(host.attached), host.ip) == (MAC, "s1:1", ("10.0.0.1",))
    assert world.topology.learned == {MAC}


def test_no_host_is_learned_where_a_node_is_or_may_be():
    world = World(described(), LINE)
    world.up(*NAMES)
    assert world.see("s1:2", MAC) == [], "too early to tell"
    world.run(2.0)
    assert world.see("s2:1", MAC) == [], "there is a node"


def test_a_host_that_is_seen_elsewhere_has_moved():
    world = line()
    world.see("s1:1", MAC)
    (change,) = world.see("s3:2", MAC)
    assert isinstance(change, HostMoved)
    assert (str(change.before.attached), str(change.after.attached)) == ("s1:1", "s3:2")


def test_a_host_that_is_seen_here_and_there_is_held_for_longer_and_longer():
    world = line(hold_first_s=1.0, hold_limit_s=16.0)
    moves = 0
    for step in range(200):
        moves += len(world.see(("s1:1", "s3:2")[step % 2], MAC))
        world.now += 0.1
    assert 3 <= moves <= 6


def test_a_described_host_keeps_its_name_and_addresses_where_it_goes():
    world = World(described(LINE, {"hA": "s1:1"}), LINE)
    world.up(*NAMES)
    world.run(2.0)
    assert world.see("s1:1", DESCRIBED_MAC, "10.0.0.1") == []
    world.see("s3:3", DESCRIBED_MAC, "10.0.0.77")
    host = world.topology.hosts["hA"]
    assert (str(host.attached), host.ip) == ("s3:3", ("10.0.0.1", "10.0.0.77"))
    assert world.topology.learned == set()


def test_an_address_belongs_to_the_host_that_used_it_last():
    world = line()
    world.see("s1:1", MAC, "10.0.0.1")
    world.see("s3:2", OTHER_MAC, "10.0.0.1")
    assert world.topology.hosts[MAC].ip == ()
    assert world.topology.hosts[OTHER_MAC].ip == ("10.0.0.1",)


def test_a_silent_host_is_asked_for_and_then_gone():
    world = line(host_timeout_s=10.0)
    world.see("s1:1", MAC)
    world.explorer.learning_changed()
    world.run(5.0)
    assert world.explorer.learning_changed() == {}
    world.run(1.0)
    assert world.explorer.learning_changed()["s1"].learning.hosts == frozenset()
    assert MAC in world.topology.hosts
    world.run(5.0)
    assert MAC not in world.topology.hosts


def test_a_host_that_answers_stays():
    world = line(host_timeout_s=10.0)
    world.see("s1:1", MAC)
    for _ in range(4):
        world.run(6.0)
        world.see("s1:1", MAC)
        assert world.explorer.learning_changed()["s1"].learning.hosts == {(1, MAC)}
    assert MAC in world.topology.hosts


def limits(changes):
    """Return what is told of limits."""
    return [change for change in changes if isinstance(change, LimitReached | LimitLeft)]


def see_unknown(world, at, number):
    """A port's hosts send by so many addresses that nobody knows; return what is told of limits."""
    macs = (f"00:00:00:00:{n >> 8:02x}:{n & 0xFF:02x}" for n in range(number))
    return [told for mac in macs for told in limits(world.see(at, mac))]


def test_only_so_many_hosts_are_learned_at_a_port_and_it_is_told_once():
    world = line(hosts_per_port=3, host_timeout_s=10.0)
    (told,) = see_unknown(world, "s1:1", 10)
    assert (str(told.port), told.limit) == ("s1:1", Limit.HOSTS)
    assert "3 hosts are known there (hosts_per_port)" in told.reason
    assert len(world.topology.hosts) == 3
    assert world.topology.crowded == {(port("s1:1"), Limit.HOSTS)}
    assert world.topology.is_crowded(port("s1:1"))
    assert not world.topology.is_crowded(port("s1:3"))
    assert limits(world.run(11.0)) == [LimitLeft(port("s1:1"), Limit.HOSTS)]
    assert world.topology.crowded == frozenset()


def test_copies_that_come_as_fast_as_they_may_are_told_until_they_come_slower():
    world = line(hosts_per_port=1000)
    assert see_unknown(world, "s1:1", 150) == [], "many hosts that come up at once are no attack"
    world.run(2.0)
    (told,) = see_unknown(world, "s1:1", 200)
    assert (str(told.port), told.limit) == ("s1:1", Limit.COPIES)
    for _ in range(8):
        assert limits(world.run(0.5)) == []
        assert see_unknown(world, "s1:1", 190) == []
    assert limits(world.run(5.0)) == [LimitLeft(port("s1:1"), Limit.COPIES)]


def test_a_crowded_port_that_is_gone_is_not_told_of_any_more():
    world = line(hosts_per_port=3)
    see_unknown(world, "s1:1", 200)
    assert len(world.topology.crowded) == 2
    world.down("s1")
    world.run(5.0)
    assert world.topology.crowded == frozenset()


def test_hosts_that_a_node_knew_are_taken_over_when_the_port_turns_out_to_be_an_edge():
    world = World(described(), LINE)
    world.up(*NAMES)
    world.step(world.explorer.knew, "s1", {(1, MAC), (2, OTHER_MAC)})
    assert world.topology.hosts == {}
    world.run(2.0)
    assert {n: str(h.attached) for n, h in world.topology.hosts.items()} == {MAC: "s1:1"}


def test_nodes_shall_hold_edge_ports_and_the_hosts_there():
    world = line()
    world.see("s1:1", MAC)
    wanted = world.explorer.learning_changed()
    assert wanted["s1"].learning.edge == {1, 3, 4}
    assert wanted["s1"].learning.hosts == {(1, MAC)}
    assert wanted["s1"].told == {1, 2, 3, 4}
    assert wanted["s2"].learning.edge == {3, 4}
    assert world.explorer.learning_changed() == {}


def test_a_new_link_takes_the_place_of_hosts_and_gives_it_back_to_described_ones():
    world = World(described(LINE, {"hA": "s1:1"}), [*LINE, "s1:1 s3:4"])
    world.up(*NAMES)
    world.run(2.0)
    assert "hA" not in world.topology.hosts
    world.cut("s1:1 s3:4")
    world.run(2.0)
    assert str(world.topology.hosts["hA"].attached) == "s1:1"


# Every order of events

PORTS = st.builds(lambda n, p: f"{n}:{p}", st.sampled_from(NAMES), st.integers(1, 4))


class Histories(RuleBasedStateMachine):
    """Random histories: every snapshot is consistent, and every change was told."""

    @initialize(links=st.sampled_from([(), LINE, ("s1:1 s3:1",)]), hosts=st.booleans())
    def begin(self, links, hosts):
        self.world = World(
            described(links, {"hA": "s2:4"} if hosts else {}), LINE, host_timeout_s=4.0
        )

    @rule(name=st.sampled_from(NAMES), takes_part=st.booleans())
    def node_ready(self, name, takes_part):
        self.world.up(name, takes_part=takes_part)

    @rule(name=st.sampled_from(NAMES))
    def node_gone(self, name):
        self.world.down(name)

    @rule(name=st.sampled_from(NAMES))
    def node_removed(self, name):
        self.world.ready.pop(name, None)
        self.world.step(self.world.explorer.remove_node, name)

    @rule(name=st.sampled_from(NAMES))
    def node_added(self, name):
        node = NodeDescription(name, 1, "127.0.0.1:1", "p4runtime", None, "p", (1, 2, 3, 4))
        if name not in self.world.topology.nodes:
            self.world.step(self.world.explorer.add_node, node, ())

    @rule(one=PORTS, other=PORTS)
    def cable(self, one, other):
        """Plug a cable, out of whatever its ends were in."""
        for end in (port(one), port(other)):
            peer = self.world.cables.pop(end, None)
            self.world.cables.pop(peer, None)
        if one != other:
            self.world.plug(f"{one} {other}")

    @rule(one=PORTS, other=PORTS)
    def stray_frame(self, one, other):
        self.world.step(self.world.explorer.heard, port(one), port(other))

    @rule(
        at=PORTS,
        mac=st.sampled_from([MAC, OTHER_MAC, DESCRIBED_MAC]),
        ip=st.sampled_from([None, "10.0.0.1", "10.0.0.9"]),
    )
    def host(self, at, mac, ip):
        self.world.see(at, mac, ip)

    @rule(name=st.sampled_from(NAMES), number=st.integers(1, 4))
    def host_known_to_a_node(self, name, number):
        self.world.step(self.world.explorer.knew, name, {(number, MAC)})

    @rule(seconds=st.floats(0.01, 3.0))
    def time(self, seconds):
        self.world.run(seconds)

    @invariant()
    def consistent(self):
        if not hasattr(self, "world"):
            return
        for before, after, changes in self.world.told:
            check(after)
            assert replay(before, changes) == shown(after)
            assert (after is before) or after.version == before.version + 1
        self.world.told.clear()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=30)
