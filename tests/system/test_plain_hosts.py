"""Plain hosts on the network: they resolve each other by ARP, and the firewall stands between."""

import subprocess

import pytest
from stage import Stage

from topo.deployment import bring_up
from topo.topologies import line

pytestmark = pytest.mark.system


@pytest.fixture
def hosts(node_kind):
    """The line with its management entity; run commands inside its hosts, which know no MAC."""
    with bring_up(line(), node_kind) as deployment:
        Stage(deployment).start_me()

        def run(host, *command):
            pid = deployment.network.net.nameToNode[host].pid
            argv = ("mnexec", "-a", str(pid), *command)
            return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)

        yield deployment.network, run


def test_the_inside_reaches_the_outside_and_not_the_other_way_round(hosts):
    _, run = hosts
    ping = ("ping", "-c", "3", "-i", "0.2", "-W", "2")
    assert " 0% packet loss" in run("hB", *ping, "10.0.0.1").stdout
    assert " 100% packet loss" in run("hA", *ping, "10.0.0.2").stdout
    assert "00:00:00:00:00:0b" in run("hA", "ip", "neighbour").stdout  # ARP passes


def test_tcp_connections_open_from_the_inside_only(hosts):
    network, run = hosts
    for host, address in (("hA", "10.0.0.1"), ("hB", "10.0.0.2")):
        command = ["python3", "-m", "http.server", "--bind", address, "8000"]
        server = network.process(f"http-{host}", command, host)
        server.wait_until(lambda: serves(run, host, address), "served HTTP", 20)  # noqa: B023 - called at once
    fetch = "import urllib.request; urllib.request.urlopen('http://{}:8000/', timeout=3)"
    assert run("hB", "python3", "-c", fetch.format("10.0.0.1")).returncode == 0
    assert "timed out" in run("hA", "python3", "-c", fetch.format("10.0.0.2")).stderr


def serves(run, host, address):
    """Tell whether a host reaches its own web server."""
    connect = f"import socket; socket.create_connection(('{address}', 8000), 2)"
    return run(host, "python3", "-c", connect).returncode == 0
