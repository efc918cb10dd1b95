"""The forwarder at work: nodes in memory with real P4Runtime entries, a network that changes."""

import copy
import queue
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from finsy.p4schema import P4UpdateType
from p4info_samples import P4InfoBuilder
from test_forwarding import diamond, entries_of, type_of, walk, without_links

from controller.discovery.topology import Topology
from controller.errors import NodeUnreachable, UpdateFailure, WriteFailed
from controller.forwarding.forwarder import Forwarder
from controller.forwarding.options import ForwardingOptions
from controller.forwarding.tables import DMAC, held_by, mac_number
from controller.model.parts import Port
from controller.model.paths import SLOTS, slot_paths
from controller.state.entries import key_of

PROGRAM = (
    P4InfoBuilder()
    .table(
        DMAC,
        {"dst_addr": (48, "exact")},
        {
            "NodeIngress.l2.forward": {"port": 9},
            "NodeIngress.l2.flood": {"group": 16},
            "NodeIngress.l2.flood_by_slot": {"first_group": 16},
            "NodeIngress.l2.spread": {"group": 16},
        },
    )
    .table(
        "NodeIngress.l2.path",
        {"group": (16, "exact"), "slot": (4, "exact")},
        {"NodeIngress.l2.forward": {"port": 9}},
    )
    .program("l2")
)

LIMIT_S = 30.0


class TableNode:
    """A node's tables and groups; refuses what a node would refuse."""

    def __init__(self, name):
        self.name = name
        self.schema = PROGRAM.schema
        self.pending = False
        self.up = True
        self.entries = {}
        self.groups = {}
        self.writes = 0

    def table_entries(self):
        self._check("read")
        return [copy.deepcopy(entry) for entry in self.entries.values()]

    def multicast_groups(self):
        self._check("read")
        return dict(self.groups)

    def set_multicast_group(self, group, replicas):
        self._check("set of group")
        self.groups[group] = frozenset(replicas)

    def write(self, updates):
        self._check("write")
        self.writes += 1
        failures = []
        for update in updates:
            update.encode_update(self.schema)
            key, kind = key_of(update), update._update_type
            if not update.is_default_action:
                there = key in self.entries
                if there == (kind is P4UpdateType.INSERT):
                    failures.append(UpdateFailure(update, type_of(update), "refused"))
                    continue
            if kind is P4UpdateType.DELETE:
                del self.entries[key]
            else:
                self.entries[key] = copy.deepcopy(update)
        if failures:
            raise WriteFailed(self.name, "write", failures)

    def _check(self, asked):
        if not self.up:
            raise NodeUnreachable(self.name, asked, "it is off")

    def held(self):
        return held_by(list(self.entries.values()), self.groups)


class Scene:
    """Nodes, a topology that can change, and a forwarder."""

    def __init__(self, net):
        self.topology = Topology(net, settled=True)
        self.nodes = {name: TableNode(name) for name in net.nodes}
        self.told = queue.Queue()
        self.locks = {name: threading.Lock() for name in net.nodes}
        options = ForwardingOptions(enabled=True, settle_s=60.0, retry_s=0.02, gate_retry_s=0.02)
        self.looks = 0
        self.forwarder = Forwarder(self.look, self.nodes, self.hold, options, self.told.put)

    def look(self):
        """Return the topology; the forwarder asks for it at the beginning of each look."""
        self.looks += 1
        return self.topology

    def wait_for_a_look(self):
        """Wait until a look that begins from now on has ended; it has been asked for again."""
        seen = self.looks
        eventually(lambda: self.looks >= seen + 2)

    @contextmanager
    def hold(self, name):
        with self.locks[name]:
            yield

    def start(self):
        self.forwarder.start()
        for name in self.nodes:
            self.forwarder.node_ready(name)
        return self.moved()

    def change(self, net):
        self.topology = replace(self.topology, network=net)
        self.forwarder.changed()

    def moved(self):
        return self.told.get(timeout=LIMIT_S)

    def reached(self, net, slot, start, host):
        """Walk from a node to a host through what the nodes hold now."""
        held = {name: node.held() for name, node in self.nodes.items()}
        found = walk(net, held, slot, start, mac_number(net.hosts[host].mac))
        return found == net.hosts[host].attached


@pytest.fixture
def scene():
    made = Scene(diamond())
    yield made
    made.forwarder.close()


def all_reached(scene, net):
    return all(
        scene.reached(net, slot, host.attached.node, other)
        for slot in range(SLOTS)
        for host in net.hosts.values()
        for other in net.hosts
    )


def eventually(check):
    deadline = time.monotonic() + LIMIT_S
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_hosts_reach_each_other_and_paths_move_when_a_link_fails(scene):
    scene.start()
    assert all_reached(scene, diamond())
    cut = without_links(diamond(), {0})
    scene.change(cut)
    moved = scene.moved()
    assert all_reached(scene, cut)
    assert "s1" in moved.nodes
    assert moved.withheld == frozenset()


def test_nothing_is_touched_before_all_nodes_are_there(scene):
    scene.forwarder.start()
    for name in ("s1", "s2", "s3"):
        scene.forwarder.node_ready(name)
    scene.wait_for_a_look()
    assert all(node.writes == 0 for node in scene.nodes.values())
    scene.forwarder.node_ready("s4")
    scene.moved()
    assert all_reached(scene, diamond())


def test_a_restarted_forwarder_finds_everything_and_writes_nothing(scene):
    scene.start()
    writes = {name: node.writes for name, node in scene.nodes.items()}
    again = Scene(diamond())
    again.nodes.update(scene.nodes)
    again.forwarder.start()
    for name in again.nodes:
        again.forwarder.node_ready(name)
    assert again.forwarder.wait_begun(LIMIT_S)
    again.forwarder.close()
    assert {name: node.writes for name, node in scene.nodes.items()} == writes


def test_a_node_that_lost_everything_gets_it_back(scene):
    scene.start()
    scene.forwarder.node_lost("s2")
    scene.nodes["s2"].entries, scene.nodes["s2"].groups = {}, {}
    scene.forwarder.node_ready("s2")
    assert scene.moved().nodes == {"s2"}
    assert all_reached(scene, diamond())


def test_a_node_is_given_all_entries_with_its_program_and_takes_part_in_floods_later(scene):
    scene.start()
    kept = scene.forwarder.kept("s1", PROGRAM.schema)
    held = scene.nodes["s1"].held()
    assert {key_of(e): e.action for e in kept} == {key_of(e): e.action for e in entries_of(held)}


def test_a_change_by_others_is_put_right_when_it_is_told(scene):
    scene.start()
    key, entry = next((k, e) for k, e in scene.nodes["s1"].entries.items() if e.table_id == DMAC)
    del scene.nodes["s1"].entries[key]
    scene.forwarder.reread(["s1"])
    scene.moved()
    assert scene.nodes["s1"].entries[key].action == entry.action


def test_a_node_that_refuses_is_read_and_tried_again(scene):
    scene.start()
    scene.nodes["s1"].entries.popitem()  # nobody was told: a modify of it is refused
    scene.change(without_links(diamond(), {0}))
    eventually(lambda: all_reached(scene, without_links(diamond(), {0})))


def test_a_saved_program_is_not_written_to_and_the_node_gets_its_paths_afterwards(scene):
    scene.start()
    node = scene.nodes["s1"]
    node.pending, before = True, node.writes
    scene.change(without_links(diamond(), {0}))
    scene.wait_for_a_look()
    assert node.writes == before
    node.pending = False
    eventually(lambda: all_reached(scene, without_links(diamond(), {0})))


def test_slots_that_are_held_back_keep_their_paths_until_they_may_move(scene):
    scene.start()
    net, cut = diamond(), without_links(diamond(), {0})
    mine = [s for s in range(SLOTS) if slot_paths(net).route(s, "a", "b")[1] == "s2"]
    late = frozenset(mine[:1])
    asked = []

    def gate(now, wanted, ways):
        asked.append((now.route(mine[0], "a", "b"), wanted.route(mine[0], "a", "b")))
        return frozenset(range(SLOTS)) - late

    scene.forwarder.set_gate(gate)
    scene.change(cut)
    assert scene.moved().withheld == late
    assert asked[0] == (("s1", "s2", "s4"), ("s1", "s3", "s4"))
    assert all(scene.reached(cut, slot, "s1", "b") for slot in mine[1:])
    with pytest.raises(AssertionError):  # its path still leads to where the link was
        assert scene.reached(cut, mine[0], "s1", "b")
    assert scene.forwarder.paths.route(mine[0], "a", "b") == ("s1", "s2", "s4")
    late = frozenset()
    eventually(lambda: all_reached(scene, cut))


def test_a_host_that_moved_is_led_to_where_it_was_until_all_slots_may_move(scene):
    scene.start()
    net = diamond()
    moved = replace(net.hosts["b"], attached=Port("s2", 9))
    after = replace(net, hosts={**net.hosts, "b": moved})
    may, asked = queue.Queue(), queue.Queue()

    def gate(now, wanted, ways):
        asked.put((now.route(0, "a", "b"), wanted.route(0, "a", "b")))
        return may.get(timeout=5)

    scene.forwarder.set_gate(gate)
    scene.change(after)
    may.put(frozenset(range(SLOTS)) - {3})
    may.put(frozenset(range(SLOTS)) - {3})
    assert asked.get(timeout=5) == (slot_paths(net).route(0, "a", "b"), ("s1", "s2"))
    asked.get(timeout=5)  # the first answer has been acted on, or nothing had to be done for it
    assert all_reached(scene, net)
    may.put(frozenset(range(SLOTS)))
    eventually(lambda: all_reached(scene, after))


def test_a_node_that_is_off_delays_nobody_but_those_that_send_to_it(scene):
    scene.start()
    scene.nodes["s3"].up = False
    scene.forwarder.node_lost("s3")
    cut = without_links(diamond(), {1, 3})
    scene.change(cut)
    eventually(lambda: all_reached(scene, cut))
