"""A page without a network: the RPC of a management entity that only says what one would say."""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.model.slots import format_slots
from controller.operator.server import RpcServer
from topo.blueprint import Blueprint

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 16
HIGH_PPS = 8000.0
START_TIMEOUT_S = 20.0

Data = dict[str, Any]


class SimulatedMe:
    """Answers what a page asks about a network, and publishes what it is told to."""

    def __init__(self, socket: Path, blueprint: Blueprint, enforce: Mapping[str, range]) -> None:
        """Serve at once.

        Args:
            socket: Where.
            blueprint: The network.
            enforce: The firewall's slots, by the node that enforces them.
        """
        self.asked: Counter[str] = Counter()
        "How often each command was asked for."
        self.migrations: list[Data] = []
        self._blueprint = blueprint
        self.overview = _overview(blueprint, enforce)
        self._server = RpcServer(socket, self._execute, "simulated")
        self._server.start()

    def close(self) -> None:
        """End, as a management entity that is stopped."""
        self._server.close()

    def publish(self, kind: str, **said: Any) -> None:
        """Send an event to who has subscribed."""
        self._server.publish({"event": kind, "at": time.time(), **said})

    def measure(self, round_: int) -> None:
        """Tell of one more measurement of load, which goes up and down from round to round."""
        load = {node["name"]: self._load(node["name"], round_) for node in self.overview["nodes"]}
        self.publish("load", nodes=load)

    def _load(self, name: str, round_: int) -> Data:
        share = zlib.crc32(f"{name} {round_ // 4}".encode()) % 1000 / 1000
        enforces = any(n["name"] == name and n["enforces"] for n in self.overview["nodes"])
        pps = HIGH_PPS * share * (1.1 if enforces else 0.5)
        ports = {str(port): [pps / 4, pps / 4] for port in self._blueprint.ports(name)}
        return {"pps": pps, "level": "normal", "stale": False, "ports": ports}

    def _execute(self, command: str, arguments: Mapping[str, Any]) -> Data:
        self.asked[command] += 1
        return {
            "overview": self.overview,
            "migrations": {"migrations": self.migrations},
            "subscribe": {"kinds": None},
        }[command]


def _overview(blueprint: Blueprint, enforce: Mapping[str, range]) -> Data:
    placement = {name: format_slots(frozenset(slots)) for name, slots in enforce.items()}
    nodes = [
        {
            "name": name,
            "state": "ready",
            "reason": "",
            "program": "guarded",
            "enforces": {"firewall": placement[name]} if name in placement else {},
            "high_pps": HIGH_PPS,
        }
        for name in blueprint.node_names
    ]
    zones = {host.name: host.zone for host in blueprint.hosts}
    ends = [sorted(link, key=lambda end: end.port == 0) for link in blueprint.links]
    return {
        "version": "simulated",
        "nodes": nodes,
        "links": [{"a": str(a), "b": str(b)} for a, b in ends if b.port],
        "hosts": [
            {"name": b.owner, "attached": str(a), "zone": zones[b.owner], "ip": []}
            for a, b in ends
            if not b.port
        ],
        "functions": {
            "firewall": {"slots": SLOTS, "placement": placement, "able": list(blueprint.node_names)}
        },
        "conflicts": [],
        "load": {},
        "latency": {
            "lldp_ms": {f"{a}={b}": [1.5, 2.0] for a, b in ends if b.port},
            "echo_ms": dict.fromkeys(blueprint.node_names, 1.0),
        },
        "scaling": {"mode": "act", "paused": False, "draining": []},
    }


@contextmanager
def page_process(socket: Path) -> Iterator[str]:
    """Run the page's process for a management entity; its URL, with the token."""
    url_file = socket.with_name("page.url")
    command = [sys.executable, "-m", "controller.dashboard", "--with-parent"]
    command += ["--listen", "127.0.0.1:0", "--rpc", str(socket), "--url-file", str(url_file)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not url_file.exists() or not url_file.read_text():
            assert process.poll() is None and time.monotonic() < deadline, "no page"
            time.sleep(0.02)
        yield url_file.read_text().strip()
    finally:
        process.terminate()
        process.wait(10)
