"""A node that enforces is killed where there is a second path, and then the management entity too.

s2 enforces the slots whose paths lead through it, and is killed under traffic. s3, on the other
branch, does not even have the firewall: it is reloaded with it, gets what was recorded, and then
the paths move there. Flows that were recorded go on, and what nobody asked for gets through at no
time. When s2 is back, nothing that works is moved. A restarted management entity does not know that
paths were moved; it takes slots and paths to where it wants them, without a loss.

By then the policy is fail-open, and s2 is killed once more, while no other node may have its slots:
their paths move at once, and all their packets pass. When s3 may have them it takes them over, with
what was recorded, and nothing gets in any more.
"""

import os
import signal
import struct
import time
from ipaddress import ip_address
from socket import IPPROTO_UDP
from zlib import crc32

import pytest
from stage import Stage, change_policy, let_through, take_checkpoints_often, uninvited
from traces import wait_for

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
        take_checkpoints_often(deployment)
        change_policy(deployment, nodes=["s2", "s3"])
        up = Stage(deployment)
        up.start_me()
        yield up


def slots_by_s2(stage):
    """Return the slots whose paths lead through s2."""
    paths = slot_paths(NetworkDescription.read(stage.deployment.configuration.network))
    return frozenset(slot for slot in ALL if "s2" in paths.route(slot, "hA", "hB"))


def slot_of(flow):
    """Return the slot of a UDP flow whose sender has the lesser address (p4/include/flow.p4)."""
    (low, low_port), (high, high_port) = flow.sender, flow.receiver
    ends = (ip_address(f"::ffff:{address}").packed for address in (low, high))
    return crc32(struct.pack("!16s16sBHH", *ends, IPPROTO_UDP, low_port, high_port)) >> 28


def told_since(stage, at, kind):
    """Return the events of a kind since a time, epoch seconds."""
    return [e for e in stage.ask("events", kinds=[kind])["events"] if e["at"] > at]


def kill(stage, name):
    os.kill(stage.deployment.network.node(name).process.pid, signal.SIGKILL)


def test_a_dead_enforcer_is_replaced_and_nothing_gets_in(stage):
    network, by_s2 = stage.deployment.network, slots_by_s2(stage)
    stage.move("s1", "s2", "pm", "--slots", format_slots(by_s2))
    traffic = stage.send([*let_through(FLOWS, RATE_PPS), *uninvited(FLOWS, RATE_PPS)])
    wait_for(lambda: connections_kept(stage) == FLOWS, "all connections are in a checkpoint")

    before = stage.paths_moved()
    kill(stage, "s2")
    wait_for(lambda: placement(stage).get("s3") == by_s2, "s3 enforces in its place")
    wait_for(lambda: stage.paths_moved() > before, "paths move")
    moved_ns = time.time_ns()

    network.restart_node("s2")
    stage.wait_ready()
    time.sleep(1.5)
    assert placement(stage) == {"s1": ALL - by_s2, "s3": by_s2}

    os.kill(stage.me.process.pid, signal.SIGKILL)
    time.sleep(0.3)
    change_policy(stage.deployment, on_failure="open")
    stage.start_me()
    wanted = {"s1": ALL - by_s2, "s2": by_s2}
    wait_for(lambda: placement(stage) == wanted, "all slots are on their paths")
    time.sleep(1.0)

    recording = traffic.stop()
    leaked = {n: count(r).arrived for n, r in recording.flows.items() if n.startswith("block")}
    assert not any(leaked.values()), leaked
    assert not lost_since(recording, moved_ns)
    assert not stage.me.command("placement")["conflicts"]
    passes_unfiltered_until_it_is_taken_over(stage, by_s2)


def passes_unfiltered_until_it_is_taken_over(stage, by_s2):
    stage.me.command("drain", "s3")
    traffic = stage.send([*let_through(FLOWS, RATE_PPS), *uninvited(FLOWS, RATE_PPS)])
    killed_at = time.time()
    kill(stage, "s2")
    wait_for(lambda: told_since(stage, killed_at, "paths_moved"), "paths move")
    moved_ns = time.time_ns()
    wait_for(lambda: told_since(stage, killed_at, "plan"), "nobody may take over")
    time.sleep(1.0)  # packets pass
    unfiltered = Window(moved_ns, time.time_ns())
    stage.me.command("undrain", "s3")
    wait_for(lambda: placement(stage).get("s3") == by_s2, "s3 enforces")
    taken_ns = time.time_ns()
    time.sleep(1.0)  # packets are filtered
    recording = traffic.stop()

    strangers = {n: r for n, r in recording.flows.items() if n.startswith("block")}
    during = {name: count(record, unfiltered) for name, record in strangers.items()}
    theirs = {f.name for f in uninvited(FLOWS, RATE_PPS) if slot_of(f) in by_s2}
    assert 0 < len(theirs) < FLOWS
    assert {name: c.lost for name, c in during.items() if name in theirs} == dict.fromkeys(
        theirs, 0
    )
    assert not any(c.arrived for name, c in during.items() if name not in theirs), during
    assert not lost_since(recording, moved_ns)
    after = {name: count(record, Window(taken_ns, 2**63)) for name, record in strangers.items()}
    assert not any(c.arrived for c in after.values()), after
