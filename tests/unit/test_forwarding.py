"""Forwarding as values: what nodes shall hold, and coming there without loop or loss."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_paths import DIAMOND, networks, of

from controller.forwarding.tables import (
    DROP,
    FORWARD,
    SPREAD,
    Forwarding,
    Next,
    Update,
    entries_of,
    held_by,
    mac_number,
    updates,
)
from controller.forwarding.update import stages
from controller.forwarding.wanted import Described, group_numbers, wanted
from controller.model.parts import Host, Port
from controller.model.paths import slot_paths
from controller.southbound.driver import replicas_of

SLOTS = (0, 1)
"Two slots say as much as sixteen where networks are random."


def with_macs(net):
    """Return a network whose hosts have different MAC addresses."""
    hosts = {
        name: Host(name, host.attached, f"00:00:00:00:01:{i:02x}", ())
        for i, (name, host) in enumerate(net.hosts.items())
    }
    return net.__class__(**{**vars(net), "hosts": hosts})


def without_links(net, lost):
    links = tuple(link for i, link in enumerate(net.links) if i not in lost)
    return net.__class__(**{**vars(net), "links": links})


def cabled(net):
    return {port for link in net.links for port in (link.a, link.b)}


def all_wanted(net, ready=None, described=None, slots=16, whole=None):
    """Return what nodes shall hold; ``whole`` is the network with all links that ever were."""
    ready = net.nodes if ready is None else ready
    return wanted(net, slot_paths(net, slots), ready, described or {}, cabled(whole or net))


def plan(net, held, shall, gone=()):
    paths = slot_paths(net, 1)
    return stages(held, shall, lambda n, home: paths.hops(0, n, home) or 0, gone)


def settled(net, slots=16, whole=None):
    """Return what all nodes hold when forwarding has done its work on them, from nothing."""
    held = dict.fromkeys(net.nodes, Forwarding())
    for stage in plan(net, held, all_wanted(net, slots=slots, whole=whole)):
        held |= {node: update.applied_to(held[node]) for node, update in stage.items()}
    return held


def one_by_one(update):
    """Split a node's update as it reaches its tables: see ``Nodes`` and ``updates``."""
    for group, ports in update.floods.items():
        yield Update(floods={group: ports})
    for key, port in update.paths.items():
        if port is not None:
            yield Update(paths={key: port})
    for mac, following in update.destinations.items():
        if following is not None:
            yield Update(destinations={mac: following})
    if update.unknown is not None:
        yield Update(unknown=update.unknown)
    for mac, following in update.destinations.items():
        if following is None:
            yield Update(destinations={mac: None})
    for key, port in update.paths.items():
        if port is None:
            yield Update(paths={key: None})


def walk(net, held, slot, start, mac):
    """Follow a packet; return the node and port where it left the network, None if it is lost."""
    ends = {link.a: link.b for link in net.links} | {link.b: link.a for link in net.links}
    node = start
    for _ in range(len(net.nodes) + 1):
        following = held[node].destinations.get(mac)
        if following is None:
            return None
        port = following.value
        if following.action == SPREAD:
            port = held[node].paths.get((following.value, slot))
        if port is None or following == DROP:
            return None
        out = Port(node, port)
        if out not in ends:
            return out
        node = ends[out].node
    raise AssertionError(f"slot {slot}: a loop from {start} to {mac:#x}")


def arrivals(net, held, slot, start):
    """Flood a frame from a host at a node; return the ports by which it left the network."""
    ends = {link.a: link.b for link in net.links} | {link.b: link.a for link in net.links}
    left, queue = [], [(start, 100)]
    for node, came_in in queue:
        for port in held[node].floods.get(1 + slot, frozenset()) - {came_in}:
            far = ends.get(Port(node, port))
            if far is None:
                left.append(Port(node, port))
            else:
                queue.append((far.node, far.number))
        assert len(queue) <= 2 * len(net.nodes), "a storm"
    return left


@given(networks())
@settings(max_examples=40)
def test_all_hosts_that_a_way_leads_to_are_reached_and_no_others(net):
    net = with_macs(net)
    held, paths = settled(net, len(SLOTS)), slot_paths(net, len(SLOTS))
    for host in net.hosts.values():
        for node in net.nodes:
            for slot in SLOTS:
                found = walk(net, held, slot, node, mac_number(host.mac))
                reachable = paths.hops(0, node, host.attached.node) is not None
                assert found == (host.attached if reachable else None)


@given(networks())
@settings(max_examples=40)
def test_a_broadcast_arrives_once_at_every_other_host(net):
    net = with_macs(net)
    held, paths = settled(net, len(SLOTS)), slot_paths(net, len(SLOTS))
    for host in net.hosts.values():
        others = [
            other.attached
            for other in net.hosts.values()
            if other is not host
            and paths.hops(0, host.attached.node, other.attached.node) is not None
        ]
        for slot in SLOTS:
            left = arrivals(net, held, slot, host.attached.node)
            assert sorted(port for port in left if port.number == 100) == sorted(others)
            assert all(port not in cabled(net) for port in left)


@given(networks(7, least_links=9), st.data())
@settings(max_examples=40)
def test_paths_move_without_a_loop_and_lose_nothing_that_has_a_way_before_and_after(net, data):
    net = with_macs(net)
    some = st.sets(st.integers(0, max(0, len(net.links) - 1)), max_size=4)
    before = without_links(net, data.draw(some))
    after = without_links(net, data.draw(some))
    shuffled = random.Random(data.draw(st.integers()))
    slots = len(SLOTS)
    held = settled(before, slots, net)
    # Where nothing that was in use has failed, nothing may be lost.
    survives = set(before.links) <= set(after.links)
    shall = all_wanted(after, slots=slots, whole=net)
    macs = {mac_number(h.mac): h.attached for h in net.hosts.values()}
    paths = (slot_paths(before, slots), slot_paths(after, slots))
    for stage in plan(after, held, shall):
        steps = [(node, step) for node, update in stage.items() for step in one_by_one(update)]
        # Nodes are changed side by side: in any order, but each node's own order is kept.
        turns = [node for node, _ in steps]
        shuffled.shuffle(turns)
        queues = {node: [s for n, s in steps if n == node] for node in turns}
        for node in turns:
            held[node] = queues[node].pop(0).applied_to(held[node])
            for slot in SLOTS:
                for start in net.nodes:
                    arrivals(net, held, slot, start)  # no storm
                    for mac, port in macs.items():
                        found = walk(net, held, slot, start, mac)
                        ways = [p.hops(slot, start, port.node) is not None for p in paths]
                        if survives and all(ways):
                            assert found == port
    for start in net.nodes:
        for mac, port in macs.items():
            if paths[1].hops(0, start, port.node) is not None:
                assert walk(after, held, 0, start, mac) == port
    assert plan(after, held, shall) == []


def diamond():
    return with_macs(of(DIAMOND, {"a": "s1:3", "b": "s4:3", "c": "s4:4"}))


def test_one_port_is_an_entry_and_several_are_spread_by_slot():
    shall = all_wanted(diamond())
    group = group_numbers(["s1", "s4"])["s4"]
    a, b = (mac_number(diamond().hosts[h].mac) for h in "ab")
    assert shall.nodes["s1"].destinations[a] == Next(FORWARD, 3)
    assert shall.nodes["s1"].destinations[b] == Next(SPREAD, group)
    assert {port for (g, _), port in shall.nodes["s1"].paths.items() if g == group} == {1, 2}
    assert len(shall.nodes["s1"].paths) == 16
    assert shall.nodes["s2"].destinations[b] == Next(FORWARD, 2)
    assert shall.nodes["s2"].paths == {}


def test_what_is_described_wins():
    b = mac_number(diamond().hosts["b"].mac)
    described = {"s1": Described(frozenset({b}), True, frozenset({1}))}
    node = all_wanted(diamond(), described=described).nodes["s1"]
    assert b not in node.destinations
    assert node.unknown is None
    assert 1 not in node.floods
    assert 2 in node.floods


def test_a_node_that_nobody_can_write_to_holds_up_those_that_send_to_it_and_only_those():
    net = diamond()
    shall = all_wanted(net, ready={"s1", "s2", "s4"})
    slots = {s for s in range(16) if slot_paths(net).route(s, "a", "b")[1] == "s2"}
    assert {slot for _, slot in shall.nodes["s1"].paths} == slots
    b = mac_number(net.hosts["b"].mac)
    assert b not in shall.nodes["s1"].destinations  # it has no way for the other slots
    assert shall.nodes["s2"].destinations[b] == Next(FORWARD, 2)


def test_slots_part_where_all_went_by_one_port_and_some_have_to_stay():
    net = with_macs(of([*DIAMOND, "s3:9 s1:9"], {"a": "s1:3", "b": "s4:3"}))
    held, b = settled(without_links(net, {1, 4})), mac_number(net.hosts["b"].mac)
    assert held["s1"].destinations[b] == Next(FORWARD, 1)  # by s2, which dies now
    cut, late = without_links(net, {0, 2}), {3, 4}
    old = slot_paths(without_links(net, {1, 4}))
    paths = slot_paths(cut).with_slots(late, old)
    ready = {"s1", "s3", "s4"}
    shall = wanted(cut, paths, ready, {}, cabled(net))
    for stage in plan(cut, {name: held[name] for name in ready}, shall):
        held |= {node: update.applied_to(held[node]) for node, update in stage.items()}
    for slot in range(16):
        out = held["s1"].paths[held["s1"].destinations[b].value, slot]
        assert out == 1 if slot in late else out in (2, 9)
        if slot not in late:
            assert walk(net, held, slot, "s1", b) == net.hosts["b"].attached
    assert plan(cut, {name: held[name] for name in ready}, shall) == []


def gone_host(described=None):
    """Return a line whose host b has gone, what its nodes hold of before, what they shall, and b.

    Node s1 has an entry besides that somebody else wrote.
    """
    net = with_macs(of(["s1:1 s2:1", "s2:2 s3:1"], {"a": "s1:3", "b": "s3:3"}))
    held, b = settled(net), mac_number(net.hosts["b"].mac)
    held["s1"] = Update(destinations={0xAA: Next(FORWARD, 3)}).applied_to(held["s1"])
    left = net.__class__(**{**vars(net), "hosts": {"a": net.hosts["a"]}})
    return left, held, all_wanted(left, described=described), b


def changes_of(mac, made):
    """Return, for each stage that changes entries of a destination, node to what it does then."""
    found = [{n: u.destinations[mac] for n, u in s.items() if mac in u.destinations} for s in made]
    return [changed for changed in found if changed]


def test_a_host_that_is_gone_is_dropped_for_by_all_before_it_is_forgotten_and_others_stay():
    left, held, shall, b = gone_host()
    made = plan(left, held, shall, {b})
    assert changes_of(b, made) == [dict.fromkeys(held, DROP), dict.fromkeys(held, None)]
    assert changes_of(0xAA, made) == []


def test_a_host_that_is_gone_is_not_forgotten_while_somebody_may_still_forward_for_it():
    left, held, shall, b = gone_host()
    there = {name: held[name] for name in ("s1", "s3")}
    made = plan(left, there, shall, {b})
    assert changes_of(b, made) == [dict.fromkeys(there, DROP)]
    held["s1"] = made[0]["s1"].applied_to(held["s1"])
    # A management entity that was restarted meanwhile knows it by that.
    assert changes_of(b, plan(left, held, shall))[-1] == dict.fromkeys(held, None)


def test_a_described_entry_stays_though_its_host_is_gone():
    b = gone_host()[-1]
    left, held, shall, b = gone_host({"s2": Described(frozenset({b}))})
    assert all("s2" not in changed for changed in changes_of(b, plan(left, held, shall, {b})))


def test_groups_that_nothing_uses_any_more_are_taken_away_last():
    net, held = diamond(), settled(diamond())
    cut = without_links(net, {0})
    made = plan(cut, held, all_wanted(cut))
    group = group_numbers(["s1", "s4"])["s4"]
    last = made[-1]["s1"]
    assert {key for key, port in last.paths.items() if port is None} == {
        (group, slot) for slot in range(16)
    }


def test_what_was_read_from_a_node_is_what_was_written_to_it():
    node = settled(diamond())["s1"]
    groups = {group: replicas_of(sorted(ports)) for group, ports in node.floods.items()}
    assert held_by(entries_of(node), groups) == node


def test_updates_are_inserts_modifies_and_deletes_as_the_node_needs_them():
    node = settled(diamond())["s1"]
    mac = next(iter(node.destinations))
    change = Update(
        destinations={mac: Next(FORWARD, 9), 0xBB: Next(FORWARD, 1), 0xCC: None},
        paths={(7, 0): 1},
    )
    kinds = [type_of(update) for update in updates(node, change)]
    assert kinds == ["INSERT", "MODIFY", "INSERT"]
    (deleted,) = updates(node, Update(destinations={mac: None}))
    assert type_of(deleted) == "DELETE"


def type_of(update):
    return update._update_type.name


@pytest.mark.parametrize("names", [[f"s{i}" for i in range(400)], ["leaf1", "leaf2"]])
def test_group_numbers_are_different_and_in_range(names):
    numbers = group_numbers(names)
    assert len(set(numbers.values())) == len(names)
    assert all(0 < number < 65_536 for number in numbers.values())
