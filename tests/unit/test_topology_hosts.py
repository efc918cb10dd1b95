"""Discovery as a state machine: what becomes of hosts, and how many are learned."""

from discovery_world import DESCRIBED_MAC, LINE, MAC, NAMES, OTHER_MAC, World, described, line, port

from controller.discovery.changes import HostAdded, HostMoved, LimitLeft, LimitReached
from controller.discovery.crowding import Limit


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


def test_moves_of_a_host_that_is_gone_are_forgotten_when_they_are_forgiven():
    world = line(host_timeout_s=10.0, forgive_s=60.0)
    world.see("s1:1", MAC)
    world.see("s3:2", MAC)
    moves = world.explorer._hosts._moves
    world.run(12.0)
    assert MAC not in world.topology.hosts
    assert moves.keys() == {MAC}
    world.run(60.0)
    assert not moves


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
