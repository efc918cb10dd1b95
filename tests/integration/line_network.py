"""The paper's network without Mininet, for tests: hA - s1 - s2 - hB in namespaces of their own.

Both embedded switches and whatever controls them run in one namespace, the hosts in one each. All
names carry the process's id, so that tests of several people can run side by side.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import me_files

SWITCH = str(Path(sys.executable).with_name("hitless-switch"))
START_TIMEOUT_S = 60.0
NODES = ("s1", "s2")
PORTS = {"s1": {1: "s1-eth1", 2: "s1-eth2"}, "s2": {1: "s2-eth1", 2: "s2-eth2"}}


class LineNetwork:
    """Namespaces, cables and switches; a context manager that removes them all."""

    def __init__(self, directory: Path) -> None:
        """Lay the cables; the switches are started by ``start``."""
        self.directory = directory
        self.core, self.hosts = f"c3-{os.getpid()}-net", {}
        self.grpc_ports = dict(zip(NODES, me_files.free_ports(2), strict=True))
        self.switches: dict[str, subprocess.Popen[bytes]] = {}
        self._namespaces: list[str] = []

    def __enter__(self) -> LineNetwork:
        self._add_namespace(self.core)
        for host, end in (("hA", "s1-eth1"), ("hB", "s2-eth2")):
            self.hosts[host] = f"c3-{os.getpid()}-{host}"
            self._add_namespace(self.hosts[host])
            self._cable((self.core, end), (self.hosts[host], "eth0"))
        self._cable((self.core, "s1-eth2"), (self.core, "s2-eth1"))
        for host, (mac, ip) in me_files.HOSTS.items():
            self._in(self.hosts[host], "ip link set dev eth0 address", mac)
            self._in(self.hosts[host], f"ip address add {ip}/24 dev eth0")
        for node in NODES:
            self.start(node)
        return self

    def __exit__(self, *_exc: object) -> None:
        for node in list(self.switches):
            self.kill(node)
        for namespace in self._namespaces:
            subprocess.run(["ip", "netns", "delete", namespace], check=False)

    def start(self, node: str) -> None:
        """Start a switch and wait until it serves."""
        interfaces = [
            word for port, name in PORTS[node].items() for word in ("-i", f"{port}@{name}")
        ]
        log = (self.directory / f"{node}.log").open("ab")
        self.switches[node] = switch = subprocess.Popen(
            self.command(
                SWITCH,
                *("--device-id", node[1:], "--grpc", f"127.0.0.1:{self.grpc_ports[node]}"),
                *interfaces,
            ),
            stdout=subprocess.PIPE,
            stderr=log,
        )
        log.close()
        deadline = time.monotonic() + START_TIMEOUT_S
        assert switch.stdout is not None
        assert switch.stdout.readline(), f"{node} ended: {self.log(node)}"
        assert time.monotonic() < deadline

    def kill(self, node: str) -> None:
        """End a switch hard, as a crash would."""
        switch = self.switches.pop(node)
        switch.kill()
        switch.wait(10)
        assert switch.stdout is not None
        switch.stdout.close()

    def log(self, node: str) -> str:
        """What a switch has written so far."""
        return (self.directory / f"{node}.log").read_text()

    def command(self, *words: str) -> list[str]:
        """Return a command line that runs where the switches do."""
        return ["ip", "netns", "exec", self.core, *words]

    def on_host(self, host: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on a host."""
        return subprocess.run(
            ["ip", "netns", "exec", self.hosts[host], *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _add_namespace(self, name: str) -> None:
        _run(["ip", "netns", "add", name])
        self._namespaces.append(name)
        self._in(name, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
        self._in(name, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
        self._in(name, "ip link set dev lo up")

    def _cable(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        (namespace, name), (peer_namespace, peer) = one, other
        self._in(namespace, f"ip link add {name} type veth peer name {peer} netns {peer_namespace}")
        for place, end in (one, other):
            self._in(place, f"ip link set dev {end} up")

    def _in(self, namespace: str, *words: str) -> None:
        arguments = [part for word in words for part in word.split()]
        _run(["ip", "netns", "exec", namespace, *arguments])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
