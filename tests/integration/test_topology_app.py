"""The app of docs/apps.md: it brings the management entity with it, hears of all, and asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import me_files
import pytest
from line_network import LineNetwork
from me_process import ROOT, MeProcess

POLICY = """
defaults: {high_pps: 1000, low_pps: 10}
scaling: {hold_s: 0, cool_down_s: 600}
"""
STRANGER = "02:00:00:00:00:77"
LINE = "s1:2-s2:1"


def example() -> str:
    """Return the app that the documentation shows."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "apps.md").read_text(), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.system
@pytest.mark.parametrize("hub", ["native", "eventlet"])
def test_the_app_that_the_documentation_shows_hears_of_everything_and_asks(
    hub: str, tmp_path: Path
) -> None:
    (tmp_path / "watcher.py").write_text(example())
    (tmp_path / "policy.yaml").write_text(POLICY)
    with LineNetwork(tmp_path) as network:
        described = me_files.describe_line(network.grpc_ports)
        arguments = me_files.write_files(tmp_path, described, policy_file="policy.yaml")
        # Its own module is all that is on the command line: what it needs is loaded with it.
        command = ["watcher.py", *arguments[1:]]
        with MeProcess(tmp_path, command, hub, network.command()) as me:

            def told(*lines: str) -> None:
                for line in lines:
                    me.wait_for(lambda line=line: re.search(line, me.log), line)

            told("node_ready: s1", "node_ready: s2", "node_enter: s1", "node_enter: s2; up: .*s2")
            told("port_add: s1:1", "port_add: s2:2", "load: packets/s by node: .*s2 0")
            told("load_low: s1 handles 0 packets/s, threshold 10")
            done = me.hitless("migrate", "firewall", "--from", "s1", "--to", "s2")
            assert done.returncode == 0, done.stderr
            told("migration_started: firewall from s1 to s2 is pending")
            told("migration_ended: firewall from s1 to s2 is finished")
            told("placement_changed: .*firewall.*'placement': {'s2': '0-15'}")
            learn_and_move_hosts(network, told)
            network.kill("s2")
            told(f"link_delete: {LINE}; links: \n", "port_delete: s2:1", "node_leave: s2; up: s1\n")
            told("topology_changed: 0 links work")
            network.start("s2")
            told(f"link_add: {LINE}; links: {LINE}", "topology_changed: 1 links work")
            assert me.stop() == 0
            assert "Traceback" not in me.log


def learn_and_move_hosts(network: LineNetwork, told: Callable[..., None]) -> None:
    """Have hB send as somebody whom nobody has described, and then as hA, which was elsewhere."""
    for mac in (STRANGER, me_files.HOSTS["hA"][0]):
        network.on_host("hB", "ip", "link", "set", "dev", "eth0", "address", mac)
        network.on_host("hB", "ip", "neighbour", "flush", "dev", "eth0")
        network.on_host("hB", "ping", "-c", "1", "-W", "1", "10.0.0.1")
        if mac == STRANGER:
            told(f"host_add: {STRANGER} at s2:2; hosts there: .*{STRANGER}")
    told("host_move: hA from s1:1 to s2:2")
