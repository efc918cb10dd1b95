"""A node that enforces is killed where there is a second path: who takes over, what gets through.

The slots whose path leads through s2 are moved there first. Then s2 is killed under traffic: flows
that were recorded go on along the other branch, and what nobody asked for gets through at no time.
"""

import os
import signal
import time

import pytest
import yaml
from stage import Stage, let_through, uninvited

from controller.model.network import NetworkDescription
from controller.model.paths import slot_paths
from controller.model.slots import format_slots, parse_slots
from topo.deployment import bring_up
from topo.topologies import diamond
from topo.traffic.accounting import Window, count

pytestmark = pytest.mark.system

FLOWS, RATE_PPS = 12, 25
DETECTED_WITHIN_S = 10.0


def wait_for(what, condition, timeout_s=DETECTED_WITHIN_S):
    """Wait until something is so."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s"
        time.sleep(0.1)


def counts_since(recording, since_ns):
    """Return, by flow, what became of the packets sent since a moment."""
    return {name: count(r, Window(since_ns, 2**63)) for name, r in recording.flows.items()}


@pytest.fixture
def stage():
    """The diamond with its management entity, which takes checkpoints often."""
    with bring_up(diamond(), "embedded", known_neighbours=True) as deployment:
        policy = deployment.configuration.policy
        document = yaml.safe_load(policy.read_text()) | {"checkpoint_interval_s": "0.5"}
        policy.write_text(yaml.safe_dump(document))
        up = Stage(deployment)
        up.start_me()
        yield up


def test_a_dead_enforcer_is_replaced_and_nothing_gets_in(stage):
    network = stage.deployment.network
    paths = slot_paths(NetworkDescription.read(stage.deployment.configuration.network))
    through_s2 = {slot for slot in range(16) if "s2" in paths.route(slot, "hA", "hB")}
    stage.move("s1", "s2", "pm", "--slots", format_slots(through_s2))
    traffic = stage.send([*let_through(FLOWS, RATE_PPS), *uninvited(FLOWS, RATE_PPS)])
    time.sleep(2.0)  # connections are open, and in a checkpoint

    os.kill(network.node("s2").process.pid, signal.SIGKILL)
    wait_for("others enforce all slots", lambda: enforced(stage, without="s2") == set(range(16)))
    time.sleep(1.0)  # paths move
    moved_ns = time.time_ns()
    time.sleep(1.0)
    network.restart_node("s2")
    stage.me.wait_ready()
    time.sleep(1.5)
    traffic.check()
    recording = traffic.stop()

    counts = counts_since(recording, moved_ns)
    lost = {name: c.lost for name, c in counts.items() if name.startswith("pass") and c.lost}
    assert not lost
    assert all(c.sent for c in counts.values())
    leaked = {n: count(r).arrived for n, r in recording.flows.items() if n.startswith("block")}
    assert not any(leaked.values()), leaked
    assert "s2" not in stage.placement()
    assert not stage.me.command("placement")["conflicts"]


def enforced(stage, without):
    """Return the slots that nodes say they enforce, one node left out."""
    found = [parse_slots(slots) for n, slots in stage.placement().items() if n != without]
    return set().union(*found)
