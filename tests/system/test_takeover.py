"""A node that enforces is killed where there is a second path, and then the management entity too.

s2 enforces the slots whose paths lead through it, and is killed under traffic. s3, on the other
branch, does not even have the firewall: it is reloaded with it, gets what was recorded, and then
the paths move there. Flows that were recorded go on, and what nobody asked for gets through at no
time. When s2 is back, nothing that works is moved. A restarted management entity does not know that
paths were moved; it takes slots and paths to where it wants them, without a loss.
"""

import os
import signal
import time

import pytest
from stage import Stage, let_through, take_checkpoints_often, uninvited

from controller.model.network import NetworkDescription
from controller.model.paths import slot_paths
from controller.model.slots import format_slots, parse_slots
from controller.state.checkpoint_store import CheckpointStore
from topo.deployment import bring_up
from topo.topologies import diamond
from topo.traffic.accounting import Window, count

pytestmark = [pytest.mark.system, pytest.mark.alone]

FLOWS, RATE_PPS = 12, 25
ALL = frozenset(range(16))
WITHIN_S = 15.0


def wait_for(what, condition):
    """Wait until something is so."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {WITHIN_S:g} s"
        time.sleep(0.2)


def lost_since(recording, since_ns):
    """Return the flows to be let through that lost packets sent since a moment."""
    counts = {name: count(r, Window(since_ns, 2**63)) for name, r in recording.flows.items()}
    assert all(c.sent for c in counts.values())
    return {name: c.lost for name, c in counts.items() if name.startswith("pass") and c.lost}


def placement(stage):
    """Return what the management entity says: node to slots."""
    return {name: parse_slots(slots) for name, slots in stage.placement().items()}


def connections_kept(stage):
    """Return how many connections there are in checkpoints."""
    journal = stage.deployment.configuration.journal
    store = CheckpointStore(journal.with_name(f"{journal.stem}-checkpoints.sqlite"))
    kept = [store.get("firewall", slot) for slot in ALL]
    store.close()
    return sum(len(cells) for one in kept if one for cells in one.cells.values())


@pytest.fixture
def stage(node_kind):
    """The diamond, its firewall for the branches only, checkpoints taken often."""
    blueprint = diamond().with_programs({"s3": "l2"})
    with bring_up(blueprint, node_kind, known_neighbours=True) as deployment:
        take_checkpoints_often(deployment, nodes=["s2", "s3"])
        up = Stage(deployment)
        up.start_me()
        yield up


def test_a_dead_enforcer_is_replaced_and_nothing_gets_in(stage):
    network = stage.deployment.network
    paths = slot_paths(NetworkDescription.read(stage.deployment.configuration.network))
    by_s2 = frozenset(slot for slot in ALL if "s2" in paths.route(slot, "hA", "hB"))
    stage.move("s1", "s2", "pm", "--slots", format_slots(by_s2))
    traffic = stage.send([*let_through(FLOWS, RATE_PPS), *uninvited(FLOWS, RATE_PPS)])
    wait_for("all connections are in a checkpoint", lambda: connections_kept(stage) == FLOWS)

    os.kill(network.node("s2").process.pid, signal.SIGKILL)
    wait_for("s3 enforces in its place", lambda: placement(stage).get("s3") == by_s2)
    time.sleep(1.0)  # paths move
    moved_ns = time.time_ns()

    network.restart_node("s2")
    stage.wait_ready()
    time.sleep(1.5)
    assert placement(stage) == {"s1": ALL - by_s2, "s3": by_s2}

    os.kill(stage.me.process.pid, signal.SIGKILL)
    time.sleep(0.3)
    stage.start_me()
    wanted = {"s1": ALL - by_s2, "s2": by_s2}
    wait_for("all slots are on their paths", lambda: placement(stage) == wanted)
    time.sleep(1.0)

    recording = traffic.stop()
    leaked = {n: count(r).arrived for n, r in recording.flows.items() if n.startswith("block")}
    assert not any(leaked.values()), leaked
    assert not lost_since(recording, moved_ns)
    assert not stage.me.command("placement")["conflicts"]
