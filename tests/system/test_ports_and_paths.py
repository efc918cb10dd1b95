"""Two links of a leaf-spine fail together, and a detour leads to the spines by ports without zone.

Nobody is at leaf3, so neither spine has a zone for the port to it. Each spine enforces the slots
whose paths lead through it. On the detour leaf1, spine1, leaf3, spine2, leaf2 both would misjudge
packets; so the leaves have to take the slots over before paths move. What was recorded goes on, and
what nobody asked for gets through at no time.
"""

import subprocess
import time

import pytest
from stage import Stage, let_through, take_checkpoints_often, uninvited
from test_takeover import ALL, connections_kept, lost_since, placement
from traces import wait_for

from controller.model.network import NetworkDescription
from controller.model.paths import slot_paths
from controller.model.slots import format_slots
from topo.blueprint import Blueprint, HostSpec, NodeSpec
from topo.deployment import bring_up
from topo.errors import CommandFailed
from topo.traffic.accounting import count

pytestmark = [pytest.mark.system, pytest.mark.alone]

FLOWS, RATE_PPS = 16, 20
CUT = (("leaf1", "spine2"), ("leaf2", "spine1"))


def detour():
    """Return leaves 1 to 3 below two spines, with hA outside at leaf1 and hB inside at leaf2."""
    names = ("leaf1", "leaf2", "leaf3", "spine1", "spine2")
    return Blueprint.wire(
        "leaf-spine",
        hosts=[
            HostSpec("hA", "10.0.0.1/24", "00:00:00:00:00:0a", "outside"),
            HostSpec("hB", "10.0.0.2/24", "00:00:00:00:00:0b", "inside"),
        ],
        nodes=[NodeSpec(name, number) for number, name in enumerate(names, 1)],
        pairs=[
            *(("hA", "leaf1"), ("hB", "leaf2")),
            *((f"leaf{n}", f"spine{m}") for n in (1, 2, 3) for m in (1, 2)),
        ],
        placement={"firewall": "leaf1"},
    )


def cut(deployment):
    """Fail two links at once.

    BMv2 hears nothing at any of its ports while one of its interfaces is down, and hangs for good
    if a packet comes while a port is taken from it. There the kernel drops what enters the links.
    """
    network = deployment.network
    links = {frozenset((a.owner, b.owner)): (a, b) for a, b in network.blueprint.links}
    failing = [links[frozenset(pair)] for pair in CUT]
    if network.node("leaf1").driver == "bmv2":
        command, ends = "tc", [end for link in failing for end in link]
        line = "qdisc add dev {} root pfifo limit 0"
    else:
        command, ends, line = "ip", [a for a, _ in failing], "link set {} down"
    lines = [line.format(network.run.interface(end.interface)) for end in ends]
    subprocess.run([command, "-batch", "-"], input="\n".join(lines), text=True, check=True)


@pytest.fixture
def stage(node_kind):
    with bring_up(detour(), node_kind, known_neighbours=True) as deployment:
        take_checkpoints_often(deployment)
        up = Stage(deployment)
        up.start_me()
        yield up


def test_slots_leave_spines_that_would_misjudge_before_paths_lead_there(stage):
    paths = slot_paths(NetworkDescription.read(stage.deployment.configuration.network))
    by_spine = {
        f"spine{n}": frozenset(s for s in ALL if f"spine{n}" in paths.route(s, "hA", "hB"))
        for n in (1, 2)
    }
    for spine, slots in by_spine.items():
        stage.move("leaf1", spine, "pm", "--slots", format_slots(slots))
    traffic = stage.send([*let_through(FLOWS, RATE_PPS), *uninvited(FLOWS, RATE_PPS)])
    wait_for(lambda: connections_kept(stage) >= FLOWS, "all connections are in a checkpoint")

    before = stage.paths_moved()
    cut(stage.deployment)
    wait_for(lambda: set(placement(stage)) <= {"leaf1", "leaf2"}, "the leaves enforce all slots")
    wait_for(lambda: not stage.me.command("scaling")["held"], "no path is held back")
    wait_for(lambda: stage.paths_moved() > before, "paths move")
    moved_ns = time.time_ns()
    time.sleep(0.7)

    recording = traffic.stop()
    leaked = {n: count(r).arrived for n, r in recording.flows.items() if n.startswith("block")}
    assert not any(leaked.values()), leaked
    assert not lost_since(recording, moved_ns)
    told = [one["held"] for one in stage.me.command("events", "--kinds", "paths_held")["events"]]
    reasons = " ".join(one["reason"] for held in told for one in held)
    assert "would misjudge packets" in reasons
    for spine in by_spine:
        # The latter where one cut is noticed before the other: then nothing else is wrong yet.
        told_of = (f"{spine} would misjudge packets", f"packets would pass {spine}")
        assert any(words in reasons for words in told_of), reasons
    (home, *_) = placement(stage)
    with pytest.raises(CommandFailed, match="would misjudge"):
        stage.me.command("migrate", "firewall", "--from", home, "--to", "spine2", "--dry-run")
