"""No frame goes round at any moment: unknown destinations and broadcasts among entries that come.

All links carry frames all the time, also those that are not seen yet or not any more; so what is
seen here of the network may be as wrong as it likes, and the nodes' turns within a stage as unfair.
"""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from test_forwarding import SLOTS, all_wanted, one_by_one, plan, with_macs, without_links
from test_paths import networks, of

from controller.forwarding.tables import FLOOD_BY_SLOT, FORWARD, SPREAD, Forwarding, mac_number
from controller.forwarding.wanted import Wanted

HOST_PORT = 100
STRANGER = 0xFFFF_FFFF_FFFF
"A destination without an entry anywhere: broadcast."


def copies(node, slot, mac):
    """Return the ports by which a node would send a frame, were it not for where it came from."""
    following = node.destinations.get(mac)
    if following is None:
        default = node.unknown
        first = 1 if default is None else default.value
        by_slot = default is not None and default.action == FLOOD_BY_SLOT
        return node.floods.get(first + slot if by_slot else first, frozenset())
    if following.action == SPREAD:
        port = node.paths.get((following.value, slot))
        return frozenset() if port is None else frozenset({port})
    assert following.action == FORWARD
    return frozenset({following.value})


def assert_nothing_goes_round(ends, held, slot, mac):
    """Follow all copies of a frame from every host; a place and port passed again is a loop."""
    done, under_way = set(), set()

    def follow(node, came_in):
        here = (node, came_in)
        assert here not in under_way, f"slot {slot}, to {mac:#x}: round by {sorted(under_way)}"
        if here in done:
            return
        under_way.add(here)
        for port in copies(held[node], slot, mac) - {came_in}:
            if (node, port) in ends:
                follow(*ends[node, port])
        under_way.discard(here)
        done.add(here)

    for node in held:
        follow(node, HOST_PORT)


def assert_calm(net, held):
    ends = {}
    for link in net.links:
        (a, b) = ((end.node, end.number) for end in (link.a, link.b))
        ends |= {a: b, b: a}
    for mac in (STRANGER, *(mac_number(host.mac) for host in net.hosts.values())):
        for slot in SLOTS:
            assert_nothing_goes_round(ends, held, slot, mac)


class Story:
    """A network whose forwarding is brought along while what is seen of it changes."""

    def __init__(self, net, seed):
        self.net = net
        self.held = dict.fromkeys(net.nodes, Forwarding())
        self.hosts = set()
        self.done = Wanted()
        self._random = random.Random(seed)

    def look(self, links, hosts, away=frozenset()):
        """Bring nodes to what is seen: without some links, some hosts; some nodes are away."""
        seen = without_links(self.net, links)
        seen = replace(seen, hosts={n: h for n, h in self.net.hosts.items() if n not in hosts})
        ready = {name for name in self.net.nodes if name not in away}
        shall = all_wanted(seen, ready, slots=len(SLOTS), whole=self.net)
        there = {name: self.held[name] for name in sorted(ready)}
        self.hosts |= set(shall.homes)
        for stage in plan(seen, there, shall, self.hosts - set(shall.homes)):
            self._play(stage)
        self.done = shall

    def _play(self, stage):
        """Change nodes side by side: in any order, but each node's own order is kept."""
        queues = {node: list(one_by_one(update)) for node, update in stage.items()}
        turns = [node for node, steps in queues.items() for _ in steps]
        self._random.shuffle(turns)
        for node in turns:
            self.held[node] = queues[node].pop(0).applied_to(self.held[node])
            assert_calm(self.net, self.held)

    def restart(self, names, *, known):
        """Nodes come back empty, or with what they are given with their program."""
        self.held |= {name: self.done.given(name) if known else Forwarding() for name in names}
        assert_calm(self.net, self.held)


def some(data, of, most=3):
    return data.draw(st.sets(st.sampled_from(sorted(of)), max_size=most)) if of else set()


def test_nodes_that_flood_by_one_tree_never_mix_it_with_the_trees_of_slots():
    net = with_macs(of(["s1:1 s2:1", "s1:2 s2:2"], {"a": "s1:9", "b": "s2:9"}))
    trees = {n: f.floods for n, f in all_wanted(net, slots=len(SLOTS)).nodes.items()}
    assert trees["s1"][1] != trees["s1"][2]
    for seed in range(20):
        story = Story(net, seed)
        story.held = {n: Forwarding(floods=floods) for n, floods in trees.items()}
        assert_calm(net, story.held)
        story.look(set(), set())
        assert {n: held.floods for n, held in story.held.items()} == trees


@given(networks(6, least_links=5), st.data(), st.integers())
@settings(max_examples=60)
def test_nothing_goes_round_from_empty_nodes_on(net, data, seed):
    story = Story(with_macs(net), seed)
    links = range(len(net.links))
    story.look(some(data, links), some(data, net.hosts), some(data, net.nodes, 1))
    story.look(set(), set())


@given(networks(6, least_links=5), st.data(), st.integers())
@settings(max_examples=60)
def test_nothing_goes_round_when_links_hosts_and_nodes_come_and_go(net, data, seed):
    story = Story(with_macs(net), seed)
    links = range(len(net.links))
    story.look(some(data, links), set())
    for _ in range(2):
        story.restart(some(data, net.nodes, 2), known=data.draw(st.booleans()))
        story.look(some(data, links), some(data, net.hosts), some(data, net.nodes, 1))
    story.look(some(data, links), set())
