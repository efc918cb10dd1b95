"""Discovery on real nodes: what is found, how soon failures are noticed, and what outlives whom."""

import signal
import subprocess
import time
from dataclasses import asdict

import pytest
from stage import Stage
from traces import wait_for

from controller.model.network import NetworkDescription
from controller.operator.client import RpcClient
from topo.deployment import bring_up
from topo.topologies import line

pytestmark = [pytest.mark.system, pytest.mark.alone]

LINK = [("s1:2", "s2:1")]
MISSES = 6
"Of frames, twice as many as by default: on a busy machine some wait for a second."
BOUND_S = (MISSES + 0.2) * 0.25
"So many intervals of 0.25 s, and a fifth of one."
SPARE_S = 10.0
"For a machine that is busy with other things as well; tests/unit/test_topology.py has exact times."


@pytest.fixture
def up(node_kind):
    """The line with its management entity; a client asks it without a process for each question."""
    with bring_up(line(), node_kind) as deployment:
        with deployment.configuration.me.open("a") as options:
            options.write(f"\n[discovery]\nmisses = {MISSES}\n")
        stage = Stage(deployment)
        stage.start_me()
        yield stage


def ask(stage, command, **arguments):
    with RpcClient(stage.deployment.configuration.rpc_socket) as client:
        return client.call(command, arguments)


def links(stage):
    return [(link["a"], link["b"]) for link in ask(stage, "links")["links"]]


def set_link(state):
    subprocess.run(["ip", "link", "set", "dev", "s1-eth2", state], check=True)


def told(stage, kind):
    return ask(stage, "events", kinds=[kind])["events"]


def test_a_cut_link_is_noticed_within_the_bound_and_held_back_longer_each_time(up):
    time.sleep(1.2 * BOUND_S)  # from here on it counts what is heard
    assert links(up) == LINK
    for failures, hold_s in enumerate((0.5, 1.0, 2.0), 1):
        set_link("down")
        cut_at = time.time()
        wait_for(lambda: not links(up), "the link is gone")
        event = told(up, "link_delete")[-1]
        assert event["link"] == ["s1:2", "s2:1"]
        assert event["at"] - cut_at < BOUND_S + SPARE_S
        mended_at = time.time()
        set_link("up")
        wait_for(lambda: links(up) == LINK, "the link is back")
        assert told(up, "link_add")[-1]["at"] - mended_at >= hold_s
        assert len(told(up, "link_delete")) == len(told(up, "link_add")) == failures


def test_nodes_and_the_management_entity_may_restart(up):
    network = up.deployment.network
    time.sleep(1.2 * BOUND_S)
    network.node("s2").stop()
    wait_for(lambda: not links(up), "the link of a node that ended is gone", BOUND_S + SPARE_S)
    assert [event["node"] for event in told(up, "node_leave")] == ["s2"]
    network.restart_node("s2")
    wait_for(lambda: links(up) == LINK, "the node is back with its link")
    register_anew(up, "s2")
    wait_for(lambda: links(up) == LINK, "a registered node has its link")
    up.me.process.finish(signal.SIGTERM, 20)
    up.start_me()
    time.sleep(1.2 * BOUND_S)
    assert links(up) == LINK
    assert told(up, "link_delete") == []


def register_anew(stage, name):
    """Take a node out of the network and register it by RPC, as one that nobody described."""
    node = NetworkDescription.read(stage.deployment.configuration.network).nodes[name]
    fields = {key: value for key, value in asdict(node).items() if value is not None}
    assert name not in ask(stage, "node_remove", node=name)["nodes"]
    wait_for(lambda: not links(stage), "a node that was removed has no link")
    assert name in ask(stage, "node_add", **fields)["nodes"]


def test_hosts_are_found_where_they_send_and_followed_when_they_move(up):
    unknown = "02:00:00:00:00:77"

    def is_found():
        send_as(up, unknown)
        return unknown in hosts(up)

    wait_for(is_found, "an unknown host is found, once it is known which ports lead to no node")
    assert hosts(up)[unknown]["attached"] == "s2:2"
    assert hosts(up)[unknown]["ip"] == ["10.0.0.2"]
    send_as(up, "00:00:00:00:00:0a")
    wait_for(lambda: hosts(up)["hA"]["attached"] == "s2:2", "a known host has moved")
    wait_for(lambda: table(up, "s1", "NodeIngress.hosts.host") == [], "it is known in one place")
    known = " ".join(entry["match"] for entry in table(up, "s2", "NodeIngress.hosts.host"))
    assert "src_addr=0x20000000077" in known
    up.me.process.finish(signal.SIGTERM, 20)
    up.start_me()
    wait_for(lambda: unknown in hosts(up), "another process learns it from the node")


def send_as(stage, mac):
    """Have hB send with another address."""
    pid = stage.deployment.network.net.nameToNode["hB"].pid
    for command in (
        f"ip link set dev hB-eth0 address {mac}",
        "ip neighbour flush dev hB-eth0",
        "ping -c 1 -W 1 10.0.0.1",
    ):
        subprocess.run(["mnexec", "-a", str(pid), *command.split()], check=False)


def hosts(stage):
    return {host["name"]: host for host in ask(stage, "hosts")["hosts"]}


def table(stage, node, name):
    return ask(stage, "tables", node=node, table=name)["entries"]
