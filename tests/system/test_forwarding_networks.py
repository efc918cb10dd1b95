"""Forwarding where there are loops: all hosts meet, broadcasts arrive once, paths move.

The network file has nodes, links and hosts; all entries and groups of l2 are forwarding's.
"""

import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from test_firewall_program import Port

from topo.demo.management import ManagementEntity
from topo.deployment import Deployment, bring_up
from topo.topologies import diamond, leaf_spine

pytestmark = [pytest.mark.system, pytest.mark.alone]

PATIENCE_S = 60.0
FLOWS = 32
"Flows with different ports: more than slots, so that every branch has some."
BOUND_S = 3.0
"Detection (under 1 s by default), and moving the paths, on a machine that does much else."


@dataclass
class Loops:
    """A network with forwarding on it."""

    deployment: Deployment

    @property
    def hosts(self):
        return {host.name: host for host in self.deployment.network.blueprint.hosts}

    def start(self, host, *command):
        pid = self.deployment.network.net.nameToNode[host].pid
        argv = ("mnexec", "-a", str(pid), *command)
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def unreached(self, count="1"):
        """Have every host ping every other one at the same time; return the pairs that fail."""
        pings = {
            (a, b): self.start(a, "ping", "-n", "-c", count, "-W", "1", self.hosts[b].address)
            for a, b in permutations(self.hosts, 2)
        }
        return {pair for pair, ping in pings.items() if ping.wait(60) != 0}

    def port(self, host):
        return Port(self.deployment.network.net.nameToNode[host].pid, f"{host}-eth0")

    def interface(self, node, port):
        return self.deployment.network.run.interface(f"{node}-eth{port}")

    def sent_by(self, node, port):
        """Return how many frames left a node by a port, as the kernel has counted them."""
        counter = Path("/sys/class/net", self.interface(node, port), "statistics/tx_packets")
        return int(counter.read_text())


@contextmanager
def loops(blueprint, kind="embedded"):
    """Bring a network up, and its management entity with forwarding; wait until hosts are reached.

    Hosts know no MAC address: the first packets are ARP broadcasts.
    """
    programs = dict.fromkeys(blueprint.node_names, "l2")
    plain = replace(blueprint.with_programs(programs), placement={})
    with bring_up(plain, kind) as deployment:
        ManagementEntity(deployment).wait_ready()
        up = Loops(deployment)
        deadline = time.monotonic() + PATIENCE_S
        while up.unreached():
            assert time.monotonic() < deadline, up.unreached()
        yield up


def test_on_a_leaf_spine_all_meet_broadcasts_arrive_once_and_spines_share_flows(node_kind):
    with loops(leaf_spine(leaves=3, spines=2, hosts=1), node_kind) as up:
        assert up.unreached("3") == set()
        ports = {host: up.port(host) for host in up.hosts}
        try:
            mac = up.hosts["h1"].mac
            frames = [
                bytes(
                    Ether(src=mac, dst="ff:ff:ff:ff:ff:ff")
                    / IP(dst="255.255.255.255")
                    / UDP(sport=s)
                )
                for s in range(1, FLOWS + 1)
            ]
            marker = bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff", type=0x88B6) / Raw(b"the end"))
            for frame in frames:
                ports["h1"].send(frame)
            time.sleep(0.3)  # for whatever goes round in circles
            ports["h1"].send(marker)
            for host in ("h2", "h3"):
                heard = ports[host].receive_until(marker)
                assert sorted(f for f in heard if f in frames) == sorted(frames), host
            uplinks = (2, 3)
            before = {p: up.sent_by("leaf1", p) for p in uplinks}
            for s in range(FLOWS):
                packet = Ether(src=mac, dst=up.hosts["h2"].mac) / IP(dst="10.0.0.2") / UDP(sport=s)
                ports["h1"].send(bytes(packet / Raw(bytes(10))))
            time.sleep(0.3)
            shares = [up.sent_by("leaf1", p) - before[p] for p in uplinks]
            assert min(shares) >= FLOWS // 8, shares
            assert sum(shares) >= FLOWS
        finally:
            for port in ports.values():
                port.close()


def test_on_a_diamond_a_cut_link_is_left_within_the_bound():
    with loops(diamond()) as up:
        ping = ("ping", "-n", "-i", "0.05", "-c", "150", "-W", "1", up.hosts["hB"].address)
        # Their identifiers decide, as ports of UDP do, which branch each takes: some take either.
        pings = [up.start("hA", *ping, "-e", str(identifier)) for identifier in range(1, 17)]
        for each in pings:
            while "icmp_seq" not in each.stdout.readline():
                assert each.poll() is None
        subprocess.run(["ip", "link", "set", up.interface("s1", 2), "down"], check=True)
        lost = [150 - received(each.communicate()[0]) for each in pings]
        assert any(lost), "no flow took the link that was cut"
        assert not all(lost), "flows on the other branch were disturbed"
        assert max(lost) * 0.05 <= BOUND_S, lost
        assert up.unreached("2") == set()


def received(text):
    """Return how many answers a ping reports."""
    return int(text.partition(" received")[0].rsplit(" ", 1)[1])
