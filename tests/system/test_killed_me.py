"""The management entity is killed again and again, with all that it does by itself switched on.

A diamond whose links to s2 are down, so that the network is not as it is described: paths lead
through s3. Load makes the entity spread the firewall. It is killed in the middle of a move that it
chose itself, before and after the commit point, while it drains a node, at rest, and while it
starts. Each time it finds the network as it is, brings what was under way to an end, and goes on
draining; and of all packets that are sent meanwhile none is lost, doubled, reordered or leaked.
"""

import os
import signal
import subprocess
import sys
import time

import accident_manager
import pytest
from stage import Stage, flaws, let_through, uninvited
from traces import wait_for

from topo.configuration import Behaviour
from topo.demo.management import ManagementEntity, slot_numbers
from topo.deployment import bring_up
from topo.topologies import diamond

pytestmark = [pytest.mark.system, pytest.mark.alone]

LOAD = Behaviour(
    *(700, 10, 2_000),
    hold_s=0.0,
    cool_down_s=1.0,
    poll_interval_s=0.25,
    smoothing_s=0.0,
)
"Packets/s: 960 are sent, and above 700 a node is loaded."
LEFT = {frozenset(("s1", "s3")), frozenset(("s3", "s4"))}
ALL = frozenset(range(16))


@pytest.fixture
def up(node_kind, tmp_path):
    launcher = (sys.executable, accident_manager.__file__, str(tmp_path))
    with bring_up(diamond(), node_kind, known_neighbours=True, behaviour=LOAD) as deployment:
        stage = Stage(deployment, launcher)
        stage.start_me()
        stage.me.wait_for_paths()
        for port in deployment.network.node("s2").interfaces().values():
            subprocess.run(["ip", "link", "set", "dev", port, "down"], check=True)
        wait_for(lambda: links(stage) == LEFT, "the links are gone")
        yield stage


def links(stage):
    found = stage.ask("links")["links"]
    return {frozenset(link[end].partition(":")[0] for end in ("a", "b")) for link in found}


def migrations(stage):
    return stage.ask("migrations")["migrations"]


def placement_of(told):
    """Return node to slots."""
    nodes = told["functions"]["firewall"]["placement"]
    return {node: slot_numbers(text) for node, text in nodes.items()}


def placement(stage):
    return placement_of(stage.ask("placement"))


def at_rest(stage):
    """Tell whether nothing is under way, and nobody is loaded."""
    loads = [node["load"] for node in stage.ask("load")["nodes"]]
    quiet = all(load and load["pps"] < LOAD.high_pps for load in loads)
    ended = all(move["state"] in ("finished", "undone") for move in migrations(stage))
    return quiet and ended and stage.ask("scaling")["plan"] is None


def kill(stage):
    os.kill(stage.me.process.pid, signal.SIGKILL)
    wait_for(lambda: not stage.me.process.alive, "the end")


def restart(stage):
    """Start it where an accident has ended it; it must find the network as it is."""
    wait_for(lambda: not stage.me.process.alive, "the accident")
    stage.start_me()
    wait_for(lambda: links(stage) == LEFT, "links are known by hearing")


def test_a_killed_management_entity_disturbs_nothing_and_goes_on(up, tmp_path):
    accident_manager.arm(tmp_path, "copy")
    traffic = up.send([*let_through(64, 10), *uninvited(32, 10)])
    wait_for(lambda: not up.me.process.alive, "the accident")

    accident_manager.arm(tmp_path, "enforce off")  # of what it chooses next
    up.start_me()
    wait_for(lambda: not up.me.process.alive, "the next accident")
    restart(up)
    wait_for(lambda: at_rest(up), "load is spread", 90)
    first, *_ = moves = migrations(up)
    assert first["state"] == "undone"
    assert "finished" in {move["state"] for move in moves}

    accident_manager.arm(tmp_path, "enforce on")
    drained = next(node for node in ("s3", "s4") if placement(up).get(node))
    up.me.command("drain", drained, "--no-wait")
    restart(up)
    wait_for(lambda: drained not in placement(up) and at_rest(up), "it is drained", 90)

    before = placement(up)
    kill(up)
    up.me = ManagementEntity(up.deployment, up.launcher)
    time.sleep(1.2)
    kill(up)
    restart(up)
    time.sleep(1.0)
    now = up.ask("placement")
    assert up.ask("scaling")["draining"] == [drained]
    assert flaws(traffic.stop()) == {}
    assert placement_of(now) == before
    assert frozenset().union(*before.values()) == ALL
    assert not now["conflicts"]
