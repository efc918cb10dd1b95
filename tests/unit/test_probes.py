"""Probes tell that packets under way have arrived: sent over every link, both ways, until heard."""

import threading
import time
from dataclasses import replace

import pytest
from networks import line, network

from controller.errors import MigrationError, NodeUnreachable
from controller.migration.probes import Probes
from controller.model.present import FixedNetwork
from controller.southbound.controller_header import IN_PROBE, OUT_TO_PORT
from controller.southbound.driver import PacketIn

LIMIT_S = 0.3
SLOTS = frozenset({5})


class Wires:
    """Drivers whose packet-outs arrive where the links lead, unless they are lost."""

    delay_s = 0.0

    def __init__(self, description, lose=lambda sender, count: False, lingering=()):
        self.ends = {}
        for link in (*description.links, *lingering):
            self.ends[link.a], self.ends[link.b] = link.b, link.a
        self.names = list(description.nodes)
        self.sent = []
        self.lose = lose
        self.probes = Probes(FixedNetwork(description, tuple(lingering)), self.drivers(), LIMIT_S)

    def drivers(self):
        return {name: Sender(name, self) for name in self.names}

    def carry(self, port, payload):
        self.sent.append(str(port))
        if self.lose(str(port), self.sent.count(str(port))):
            return
        arrived = PacketIn(payload, {"reason": IN_PROBE}, 0)
        receiver = self.ends[port].node
        if self.delay_s:
            threading.Timer(self.delay_s, lambda: self.probes.take(receiver, arrived)).start()
        else:
            self.probes.take(receiver, arrived)


class Sender:
    def __init__(self, name, wires):
        self.name = name
        self.wires = wires

    def packet_out(self, payload, **metadata):
        assert metadata["mode"] == OUT_TO_PORT
        port = next(
            p
            for p in self.wires.ends
            if p.node == self.name and p.number == metadata["egress_port"]
        )
        self.wires.carry(port, payload)


LINE = line({"s1": "p", "s2": "p", "s3": "p"})


def test_neighbours_are_probed_both_ways():
    wires = Wires(LINE)
    wires.probes.flush("s1", "s2", SLOTS)
    assert wires.sent == ["s1:2", "s2:1"]


def test_every_hop_of_a_path_is_probed_in_its_order():
    wires = Wires(LINE)
    wires.probes.flush("s1", "s3", SLOTS)
    assert wires.sent == ["s1:2", "s2:2", "s3:1", "s2:1"]


def test_parallel_links_and_paths_are_all_probed():
    square = network(
        dict.fromkeys(("s1", "s2", "s3", "s4"), "p"),
        ["s1:1 s2:1", "s1:2 s2:2", "s2:3 s4:1", "s1:3 s3:1", "s3:2 s4:2"],
        {},
    )
    wires = Wires(square)
    wires.probes.flush("s1", "s4", SLOTS)
    ports = {"s1:1", "s1:2", "s1:3", "s2:1", "s2:2", "s2:3", "s3:1", "s3:2", "s4:1", "s4:2"}
    assert set(wires.sent) == ports


def test_a_probe_on_its_way_is_waited_for():
    wires = Wires(LINE)
    wires.delay_s = 0.05
    began = time.monotonic()
    wires.probes.flush("s1", "s2", SLOTS)
    assert time.monotonic() - began >= 2 * wires.delay_s
    assert set(wires.sent) == {"s1:2", "s2:1"}


def test_a_probe_that_is_lost_is_sent_again():
    wires = Wires(LINE, lose=lambda port, count: port == "s1:2" and count == 1)
    wires.probes.flush("s1", "s2", SLOTS)
    assert wires.sent == ["s1:2", "s1:2", "s2:1"]


def test_a_link_that_lets_nothing_through_is_told():
    wires = Wires(LINE, lose=lambda port, count: port == "s2:1")
    with pytest.raises(MigrationError, match=r"no probe from s2:1 reached s1:2 within 0\.3 s"):
        wires.probes.flush("s1", "s2", SLOTS)


def square():
    """Two ways from s1 to s3; return the network without the link s1:2-s4:1, and that link."""
    links = ["s1:1 s2:1", "s2:2 s3:1", "s4:2 s3:2", "s1:2 s4:1"]
    *_, failed = network(dict.fromkeys(("s1", "s2", "s3", "s4"), "p"), links, {}).links
    return network(dict.fromkeys(("s1", "s2", "s3", "s4"), "p"), links[:-1], {}), failed


def test_a_link_that_has_just_failed_is_probed_too():
    description, failed = square()
    wires = Wires(description, lingering=[failed])
    wires.probes.flush("s1", "s3", SLOTS)
    assert {"s1:2", "s4:1", "s4:2", "s3:2", "s1:1", "s2:1", "s2:2", "s3:1"} == set(wires.sent)


def test_a_link_that_has_failed_for_good_is_not_waited_for_when_another_way_is_left():
    description, failed = square()
    wires = Wires(description, lose=lambda port, count: port == "s1:2", lingering=[failed])
    wires.probes.flush("s1", "s3", SLOTS)
    assert {"s1:1", "s2:1", "s2:2", "s3:1"} <= set(wires.sent)


def test_the_only_way_must_let_a_probe_through_even_if_it_has_failed():
    alone = network({"s1": "p", "s2": "p"}, [], {})
    wires = Wires(alone, lose=lambda port, count: True, lingering=LINE.links[:1])
    with pytest.raises(MigrationError, match="no probe from s1:2"):
        wires.probes.flush("s1", "s2", SLOTS)


def test_nodes_without_a_way_between_them_are_told():
    alone = network({"s1": "p", "s2": "p"}, [], {})
    with pytest.raises(MigrationError, match="no link leads from s1 to s2"):
        Wires(alone).probes.flush("s1", "s2", SLOTS)


def test_a_node_that_cannot_send_is_told():
    wires = Wires(LINE)

    def refuse(payload, **metadata):
        raise NodeUnreachable("s1", "packet-out", "there is no connection")

    wires.probes._drivers["s1"].packet_out = refuse
    with pytest.raises(NodeUnreachable):
        wires.probes.flush("s1", "s2", SLOTS)


@pytest.mark.parametrize(
    ("payload", "reason"), [(b"", IN_PROBE), (bytes(60), IN_PROBE), (bytes(60), 0)]
)
def test_what_is_no_probe_of_ours_is_left_to_others(payload, reason):
    probes = Wires(LINE).probes
    assert not probes.take("s1", PacketIn(payload, {"reason": reason}, 0))


def test_a_probe_that_arrives_at_another_node_does_not_count():
    wires = Wires(LINE, lose=lambda port, count: True)
    heard = []

    def elsewhere(port, payload):
        wires.sent.append(str(port))
        heard.append(wires.probes.take("s3", PacketIn(payload, {"reason": IN_PROBE}, 0)))

    wires.carry = elsewhere
    with pytest.raises(MigrationError):
        wires.probes.flush("s1", "s2", SLOTS)
    assert heard
    assert not any(heard)


def leaves_and_spines(count):
    """Return as many leaves as spines, each joined to every other, and their links."""
    names = [f"{kind}{n}" for kind in ("leaf", "spine") for n in range(count)]
    links = [f"leaf{a}:{b + 1} spine{b}:{a + 1}" for a in range(count) for b in range(count)]
    return network(dict.fromkeys(names, "p"), links, {})


def test_where_there_are_too_many_ways_every_link_is_probed_once_for_each_possible_hop():
    description = leaves_and_spines(4)
    wires = Wires(description)
    wires.probes.flush("leaf0", "spine3", SLOTS)
    hops = len(description.nodes) - 1
    ends = {str(end) for link in description.links for end in (link.a, link.b)}
    assert {port: wires.sent.count(port) for port in ends} == dict.fromkeys(ends, hops)


def test_of_many_ways_a_link_that_lets_nothing_through_is_told():
    wires = Wires(leaves_and_spines(4), lose=lambda port, count: port == "spine1:3")
    with pytest.raises(MigrationError, match="no probe from spine1:3 reached leaf2:2"):
        wires.probes.flush("leaf0", "spine3", SLOTS)


def test_of_many_ways_one_that_has_failed_for_good_is_not_waited_for_again():
    description = leaves_and_spines(4)
    *links, failed = description.links
    less = replace(description, links=tuple(links))
    lost = {str(failed.a), str(failed.b)}
    wires = Wires(less, lose=lambda port, count: port in lost, lingering=[failed])
    wires.probes.flush("leaf0", "spine2", SLOTS)
    tries = round(LIMIT_S / 0.1)
    assert all(wires.sent.count(port) == tries for port in lost)


def ways_told(*answers):
    """Return who knows ways: gives one answer after the other, and the last one again and again."""
    left = list(answers)
    return lambda one, other, slots: left.pop(0) if len(left) > 1 else left[0]


KNOWN = frozenset({("leaf0", "spine2", "leaf1", "spine3")})


def test_of_many_ways_only_those_are_probed_that_packets_can_be_on():
    wires = Wires(leaves_and_spines(4))
    wires.probes.known_ways = ways_told(KNOWN)
    wires.probes.flush("leaf0", "spine3", SLOTS)
    there, back = ["leaf0:3", "spine2:2", "leaf1:4"], ["spine3:2", "leaf1:3", "spine2:1"]
    assert wires.sent == there + back


@pytest.mark.parametrize(
    "told",
    [
        pytest.param((None,), id="nobody knows them"),
        pytest.param((frozenset(),), id="nothing leads from one to the other"),
        pytest.param((KNOWN, None), id="they changed meanwhile"),
        pytest.param((frozenset({("leaf0", "leaf1", "spine3")}),), id="a link is gone"),
    ],
)
def test_all_ways_are_probed_if_it_is_not_known_what_packets_can_be_on(told):
    description = leaves_and_spines(3)
    wires = Wires(description)
    wires.probes.known_ways = ways_told(*told)
    wires.probes.flush("leaf0", "spine2", SLOTS)
    assert set(wires.sent) == {str(end) for link in description.links for end in link}


def test_a_known_way_that_lets_nothing_through_is_told():
    wires = Wires(leaves_and_spines(4), lose=lambda port, count: port == "leaf1:4")
    wires.probes.known_ways = ways_told(KNOWN)
    with pytest.raises(MigrationError, match="no probe from leaf1:4 reached spine3:2"):
        wires.probes.flush("leaf0", "spine3", SLOTS)
