"""Links fail and come back, several at once, and hosts move, while a function judges packets.

It judges them by the ports at which they come in. The gate, the choice of new enforcers and
forwarding's stages act as they do in the management entity, on random networks with ports labelled
at random or as is usual. After each single change of a node, packets from outside and broadcasts
are followed along all ways: none comes in unjudged. What may take new paths is then judged rightly
there in both directions. Hosts are never cut off altogether: what nodes hold of such hosts is left
as it is (docs/design.md). What a host that has moved hears before it is led to, by floods to the
port of which nobody knew, counts for nothing.
"""

import random
from dataclasses import replace

import networkx as nx
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from networks import network
from planner_lab import LIMITS, zoned
from test_forwarding import cabled, one_by_one, with_macs, without_links
from test_paths import graph_of, networks

from controller.forwarding.tables import DROP, SPREAD, Forwarding, mac_number
from controller.forwarding.update import stages
from controller.forwarding.wanted import hosts_as_led_to, paths_to_use, wanted
from controller.forwarding.ways import WaysNow
from controller.model.parts import Port
from controller.model.paths import slot_paths
from controller.model.placement import FunctionFacts, NodeFacts, Placement
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach
from controller.planning.takeover import replace_dead
from controller.planning.view import NetworkView
from controller.scaling.gate import judge
from controller.state.port_labels import Labelling

SLOTS = (0, 1)
OTHER = {"outside": "inside", "inside": "outside"}
SPARE = 90
"A port of each node that hosts from the inside may move to."
POLICY = Policy(functions={"fw": FunctionPolicy(between=("outside", "inside"))}, defaults=LIMITS)
OUTSIDE, INSIDE = (frozenset({("zone", side)}) for side in ("outside", "inside"))


def usual_labels(net):
    """Label each port by the zone of the hosts behind it on shortest ways, if it is one zone."""
    graph, found = graph_of(net), {}
    hops = dict(nx.all_pairs_shortest_path_length(graph))
    for host in net.hosts.values():
        label, home = (OUTSIDE if host.zone == "outside" else INSIDE), host.attached.node
        found.setdefault(host.attached, set()).add(label)
        for link in net.links:
            for near, far in (link, link[::-1]):
                if hops[near.node].get(home) == hops[far.node].get(home, -2) + 1:
                    found.setdefault(near, set()).add(label)
    return {port: labels.pop() for port, labels in found.items() if len(labels) == 1}


def joined(net):
    """Tell whether all hosts have ways to each other."""
    homes = {host.attached.node for host in net.hosts.values()}
    return any(homes <= part for part in nx.connected_components(graph_of(net)))


@st.composite
def worlds(draw):
    """Draw a network with hosts outside and inside at some nodes, and labels of its ports."""
    net = draw(networks(7, least_links=7))
    names = sorted(net.nodes)
    kept = draw(st.sets(st.sampled_from(names), min_size=2, max_size=4))
    outside = draw(st.sampled_from(sorted(kept)))
    hosts = {
        f"{'o' if h.attached.node == outside else 'i'}{n}": replace(
            h, name=f"{'o' if h.attached.node == outside else 'i'}{n}"
        )
        for n, h in net.hosts.items()
        if h.attached.node in kept
    }
    net = zoned(with_macs(replace(net, hosts=hosts)))
    assume(joined(net))
    labels = usual_labels(net)
    ends = sorted(cabled(net))
    odd = draw(st.dictionaries(st.sampled_from(ends), st.sampled_from([None, OUTSIDE, INSIDE])))
    labels |= odd if draw(st.booleans()) else {}
    labels |= {Port(name, SPARE): INSIDE for name in net.nodes}
    return net, {port: label for port, label in labels.items() if label}


def moves_in(net):
    """Draw hosts from the inside, and the nodes that they are at now."""
    inside = sorted(name for name, host in net.hosts.items() if host.zone == "inside")
    nodes = st.sampled_from(sorted(net.nodes))
    return st.dictionaries(st.sampled_from(inside), nodes, max_size=1)


def with_moves(net, moves):
    moved = {n: replace(net.hosts[n], attached=Port(at, SPARE)) for n, at in moves.items()}
    return replace(net, hosts={**net.hosts, **moved})


class World:
    """A network whose slots are enforced at nodes that may have them."""

    def __init__(self, net, labels, seed):
        self.net, self.seen, self.labels = net, net, labels
        self.labelling = Labelling(frozenset({"zone"}), labels)
        self.random = random.Random(seed)
        self.held = dict.fromkeys(net.nodes, Forwarding())
        self.paths = slot_paths(net, len(SLOTS))
        self.intended, self.enforce = {}, {}
        for slot in SLOTS:
            if places := sorted(self.reach(self.paths).common("fw", slot)):
                self.intended[slot] = self.random.choice(places)
        self.enforce = {slot: {node} for slot, node in self.intended.items()}
        self.forward(quiet=True)

    def reach(self, paths, before=None):
        enforcing = {("fw", slot): nodes for slot, nodes in self.enforce.items()}
        return Reach(self.seen, paths, POLICY, {"fw": self.labelling}, before, enforcing)

    def look(self, seen):
        """Links or hosts are not what they were: do what the management entity does, then look."""
        self.seen = seen
        newest = slot_paths(self.seen, len(SLOTS))
        for _ in range(2):  # once more when slots have been taken over
            reach = self.reach(newest, WaysNow(self.held, self.seen))
            at = {"fw": self.intended}
            verdict = judge(self.paths, reach, POLICY, at, frozenset())
            for node, lost in verdict.stranded.items():
                self.take_over(reach, node, lost)
        self.paths = paths_to_use(newest, self.paths, set(SLOTS) - verdict.allowed)
        event("held" if verdict.held else "free")
        self.forward()
        steady = self.reach(self.paths)
        for slot in verdict.allowed & self.intended.keys():
            assert steady.misjudged("fw", slot, self.intended[slot]) == ""
            self.enforce[slot] = {self.intended[slot]}
            self.assert_judged_rightly(slot)
        self.assert_no_leak()

    def take_over(self, reach, node, lost):
        facts = {
            name: NodeFacts(name, True, "p", {"fw": FunctionFacts(2, frozenset(), frozenset())})
            for name in self.net.nodes
        }
        view = NetworkView(
            Placement(self.seen, facts, {}), reach, POLICY, can_run={"fw": frozenset(facts)}
        )
        for move in replace_dead(view, node, lost, {}).moves:
            event("taken over")
            for slot in move.slots:
                self.intended[slot] = move.destination
                self.enforce[slot].add(move.destination)

    def forward(self, *, quiet=False):
        """Bring nodes to the paths, one change at a time, in any order within a stage."""
        shall = wanted(self.led, self.paths, set(self.net.nodes), {}, cabled(self.net))
        hops = slot_paths(self.seen, 1).hops
        for stage in stages(self.held, shall, lambda n, home: hops(0, n, home) or 0, ()):
            queues = {node: list(one_by_one(update)) for node, update in stage.items()}
            turns = [node for node, steps in queues.items() for _ in steps]
            self.random.shuffle(turns)
            for node in turns:
                self.held[node] = queues[node].pop(0).applied_to(self.held[node])
                if not quiet:
                    self.assert_no_leak()

    @property
    def led(self):
        """The network with hosts where packets are led to them."""
        return hosts_as_led_to(self.seen, self.paths)

    # Packets

    def zone(self, zone):
        return [host for host in self.seen.hosts.values() if host.zone == zone]

    def send(self, slot, host, mac):
        """Yield where copies of a packet come out, each with the node and port of every hop."""
        ends = {a: b for link in self.seen.links for a, b in (link, link[::-1])}
        queue = [((host.attached.node, host.attached.number),)]
        for way in queue:  # grows while it is walked
            assert len(way) <= 3 * len(self.net.nodes), "it goes round"
            node, came_in = way[-1]
            for number in self.out(self.held[node], slot, mac) - {came_in}:
                port = Port(node, number)
                if port in ends:
                    queue.append((*way, tuple(ends[port])))
                elif port not in cabled(self.net):
                    yield port, way

    def out(self, node, slot, mac):
        following = node.destinations.get(mac)
        if following is None:
            return node.floods.get(1 + slot, frozenset())
        if following == DROP:
            return frozenset()
        port = following.value
        if following.action == SPREAD:
            port = node.paths.get((port, slot))
        return frozenset({port} - {None})

    def judged_as(self, slot, way):
        """Return what those who enforce a slot take the packets of a way for."""
        return {
            node: self.labels.get(Port(node, n)) for node, n in way if node in self.enforce[slot]
        }

    def assert_no_leak(self):
        inside = {host.attached: mac_number(host.mac) for host in self.zone("inside")}
        led_to = {host.attached for host in self.led.hosts.values()}
        for slot in self.intended:
            for host in self.zone("outside"):
                for mac in {0xFFFF_FFFF_FFFF, *inside.values()}:
                    floods = mac not in inside.values()
                    for port, way in self.send(slot, host, mac):
                        told = self.judged_as(slot, way)
                        heard = port in inside and (port in led_to or not floods)
                        assert not heard or OUTSIDE in told.values(), (slot, way, told)

    def assert_judged_rightly(self, slot):
        """Nothing that is between the zones is taken for what it is not, in either direction."""
        for zone, label in (("outside", OUTSIDE), ("inside", INSIDE)):
            there = self.led.hosts.values()
            others = [host for host in self.zone(OTHER[zone]) if host in there]
            for host in self.zone(zone):
                for other in others:
                    for port, way in self.send(slot, host, mac_number(other.mac)):
                        assert port == other.attached
                        assert self.judged_as(slot, way) == {self.intended[slot]: label}


@given(st.integers(0, 7))
def test_a_host_that_waited_for_a_slot_is_led_to_by_ways_that_are_judged_then(seed):
    links = ["n0:4 n1:4", "n0:2 n3:1", "n0:3 n4:1", "n1:2 n3:2", "n1:3 n4:2"]
    net = network(dict.fromkeys(("n0", "n1", "n3", "n4"), "l2"), links, {"i": "n1:1", "o": "n4:3"})
    net = zoned(with_macs(net))
    labels = dict.fromkeys((Port("n1", 1), Port("n4", 2), Port("n0", 4)), INSIDE)
    labels |= dict.fromkeys((Port("n4", 3), Port("n3", 1), Port("n0", 3), Port("n1", 3)), OUTSIDE)
    labels |= {Port(name, SPARE): INSIDE for name in net.nodes}  # of n3:2 nothing is said
    up = World(net, labels, seed)
    for failed in ({4}, set()):  # the link from n1 to n4, which then comes back
        up.look(with_moves(without_links(net, failed), {"i": "n3"}))


@given(worlds(), st.data(), st.integers())
@settings(max_examples=150, deadline=None)
def test_nothing_comes_in_unjudged_when_several_links_fail_and_hosts_move(world, data, seed):
    net, labels = world
    up = World(net, labels, seed)
    assume(up.intended)
    moves = {}
    for _ in range(3):
        failed = data.draw(st.sets(st.integers(0, len(net.links) - 1), max_size=4))
        moves = moves or data.draw(moves_in(net))  # it stays there: see docs/design.md
        seen = with_moves(without_links(net, failed), moves)
        assume(joined(seen))
        up.look(seen)
