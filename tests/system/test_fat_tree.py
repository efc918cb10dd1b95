"""A fat tree of twenty switches and sixteen hosts: all meet, and slots move about under traffic."""

import random
from itertools import permutations

import pytest
from stage import Stage, flaws
from test_forwarding_networks import Loops

from controller.model.network import NetworkDescription
from controller.model.paths import slot_paths
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from topo.configuration import Behaviour
from topo.deployment import bring_up
from topo.topologies import fat_tree
from topo.traffic.flow import Flow

pytestmark = [pytest.mark.system, pytest.mark.alone]

MIGRATIONS = 5
READY_TIMEOUT_S = 60.0
SEED = 4
"Decides slots, nodes and ports; another one is as good."


@pytest.fixture
def tree():
    """The tree with its management entity, ready; no node is idle, so that no slot is gathered."""
    busy = Behaviour(low_pps=0)
    with bring_up(fat_tree(4), "embedded", known_neighbours=True, behaviour=busy) as deployment:
        stage = Stage(deployment)
        stage.start_me(READY_TIMEOUT_S)
        stage.me.wait_for_paths(READY_TIMEOUT_S)
        yield stage


def light_traffic(blueprint, receiver, chance):
    """Return flows from outside: twelve that the receiver opens, and four that nobody does."""
    sender = next(host for host in blueprint.hosts if host.zone == "outside")
    names = [*(f"pass{n}" for n in range(12)), *(f"block{n}" for n in range(4))]
    ports = chance.sample(range(10_000, 60_000), 2 * len(names))
    return sender.name, [
        Flow(
            name,
            (sender.address, ports[2 * n]),
            (blueprint.host(receiver).address, ports[2 * n + 1]),
            rate_pps=20,
            opened_by_receiver=name.startswith("pass"),
        )
        for n, name in enumerate(names)
    ]


def random_moves(stage, chance):
    """Yield slots with where they are and a place on their paths, as often as they are to move."""
    files = stage.deployment.configuration
    network = NetworkDescription.read(files.network)
    reach = Reach(network, slot_paths(network), Policy.read(files.policy))
    zoned = {node for node in network.nodes if network.entries[node]}
    places = {slot: sorted(reach.common("firewall", slot) & zoned) for slot in range(16)}
    movable = [slot for slot in places if len(places[slot]) > 1]
    at = {slot: node for node, slots in network.functions["firewall"].items() for slot in slots}
    for _ in range(MIGRATIONS):
        slot = chance.choice(movable)
        destination = chance.choice([node for node in places[slot] if node != at[slot]])
        yield slot, at[slot], destination
        at[slot] = destination


def test_all_hosts_meet_and_five_random_migrations_lose_nothing(tree):
    blueprint, chance = tree.deployment.network.blueprint, random.Random(SEED)
    outside = {host.name for host in blueprint.hosts if host.zone == "outside"}
    names = [host.name for host in blueprint.hosts]
    refused = {(a, b) for a, b in permutations(names, 2) if a in outside}
    # Nothing is refused but what comes, uninvited, from outside.
    assert Loops(tree.deployment).unreached("2") == refused

    receivers = ("h3", names[-1])
    traffic = []
    for receiver in receivers:
        sender, flows = light_traffic(blueprint, receiver, chance)
        traffic.append(tree.send(flows, sender, receiver))
    for slot, source, destination in random_moves(tree, chance):
        moved = tree.move(source, destination, "pm", "--slots", str(slot))
        assert moved.slots == {slot}
    recordings = [playback.stop() for playback in traffic]
    assert [flaws(recording) for recording in recordings] == [{}, {}]
    assert all(record.sent_ns.size for r in recordings for record in r.flows.values())
