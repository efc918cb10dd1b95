"""Configuration files of a management entity for tests: two nodes in a line, as in the paper."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from me_process import ME_APP

BUILD = Path(__file__).resolve().parents[2] / "p4" / "build"
HOSTS = {"hA": ("00:00:00:00:00:0a", "10.0.0.1"), "hB": ("00:00:00:00:00:0b", "10.0.0.2")}


def free_ports(count: int) -> list[int]:
    """Return TCP ports of the loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def describe_line(
    grpc_ports: Mapping[str, int], programs: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the network file's content: hA - s1 - s2 - hB, the firewall at s1.

    Args:
        grpc_ports: Node to the TCP port of its P4Runtime server.
        programs: Node to program; ``guarded`` where it is missing.
    """
    run = {"s1": "guarded", "s2": "guarded"} | dict(programs or {})
    return {
        "programs": {
            name: {
                "json": str(BUILD / f"{name}.json"),
                "p4info": str(BUILD / f"{name}.p4info.txtpb"),
            }
            for name in ("guarded", "l2", "l2_firewall")
        },
        "nodes": {
            name: {
                "device_id": i,
                "grpc": f"127.0.0.1:{grpc_ports[name]}",
                "program": run[name],
                "ports": [1, 2],
            }
            for i, name in enumerate(("s1", "s2"), start=1)
        },
        "links": [["s1:2", "s2:1"]],
        "hosts": {
            "hA": {"attached": "s1:1", "mac": HOSTS["hA"][0], "ip": [HOSTS["hA"][1]]},
            "hB": {"attached": "s2:2", "mac": HOSTS["hB"][0], "ip": [HOSTS["hB"][1]]},
        },
        "groups": {"s1": {1: [1, 2]}, "s2": {1: [1, 2]}},
        "entries": {"s1": _entries(), "s2": _entries()},
        "functions": {"firewall": {"s1": "0-15"}},
    }


def _entries() -> list[dict[str, Any]]:
    forward = [
        {
            "table": "NodeIngress.l2.dmac",
            "match": {"dst_addr": HOSTS[host][0]},
            "action": "forward",
            "params": {"port": port},
        }
        for host, port in (("hA", 1), ("hB", 2))
    ]
    zones = [
        {"table": "NodeIngress.firewall.zone", "match": {"ingress_port": port}, "action": action}
        for port, action in ((1, "set_outside"), (2, "set_inside"))
    ]
    return forward + zones


def write_files(directory: Path, network: Mapping[str, Any], **options: object) -> list[str]:
    """Write network and options; return the arguments for osken-manager."""
    (directory / "network.yaml").write_text(yaml.safe_dump(dict(network), sort_keys=False))
    settings = {
        "network_file": "network.yaml",
        "rpc_socket": "rpc.sock",
        "startup_timeout_s": 2,
    } | options
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    # A machine that is busy may keep LLDP waiting for a second, and no link has failed.
    groups = "[node]\nbackoff_limit_s = 0.5\n[discovery]\nmisses = 12\n"
    (directory / "me.conf").write_text(f"[DEFAULT]\n{lines}{groups}")
    return [ME_APP, "--config-file", str(directory / "me.conf")]
