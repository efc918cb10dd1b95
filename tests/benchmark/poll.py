"""What measuring load costs and how quickly it tells: `scripts/bench_poll`.

A management entity is started over many P4Runtime nodes, which are another process. The processor
time that it takes is measured with load measured and without; the difference is the cost. Then the
traffic of all nodes rises above their threshold at once, and the event log says when each was told
of as loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from controller.operator.client import RpcClient, is_alive

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "p4" / "build"
PORTS = (1, 2, 3, 4)
LIMIT_S = 120.0
HIGH_PPS = 1000.0
TO_REACH_CORE = 0.2
TO_REACH_LATE_S = 0.05


def main() -> int:
    """Measure and print; exit status 0: what is to be reached is reached."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="hitless-bench-") as name, _nodes(given.nodes) as nodes:
        directory = Path(name)
        grpc_ports = [int(port) for port in _line(nodes).split()]
        _describe(directory, grpc_ports)
        print(f"{given.nodes} nodes with {len(PORTS)} ports, read every {given.interval:g} s")
        with _me(directory, given, enabled=False) as me:
            without = _cores(me, given.seconds)
        with _me(directory, given, enabled=True) as me:
            whole = _cores(me, given.seconds)
            late_s = _reactions(directory, nodes, given)
    cost = whole - without
    print(f"the management entity without measuring load: {100 * without:5.1f} % of a core")
    print(f"                           with measuring it: {100 * whole:5.1f} % of a core")
    print(f"                              the difference: {100 * cost:5.1f} % of a core")
    print(
        f"told of as loaded, after traffic had risen: {len(late_s)} of {given.nodes} nodes; "
        f"median {late_s[len(late_s) // 2]:.3f} s, last {late_s[-1]:.3f} s"
    )
    quick = len(late_s) == given.nodes and late_s[-1] <= given.interval + TO_REACH_LATE_S
    return 0 if cost < TO_REACH_CORE and quick else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench_poll",
        description=__doc__.partition("\n")[0],
        epilog=f"Exit status 0: measuring load takes less than {100 * TO_REACH_CORE:g} % of a core "
        "of the management entity, which tells of load within an interval and "
        f"{1000 * TO_REACH_LATE_S:g} ms.",
    )
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--interval", type=float, default=1.0, metavar="S")
    parser.add_argument("--seconds", type=float, default=20.0, help="to measure for, each time")
    return parser.parse_args()


@contextmanager
def _nodes(count: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmark.counting_nodes", str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("bench_poll: the nodes ended")
    return line


def _describe(directory: Path, grpc_ports: list[int]) -> None:
    """Write a network of nodes without links, with the firewall at the first."""
    files = {"json": str(BUILD / "guarded.json"), "p4info": str(BUILD / "guarded.p4info.txtpb")}
    network: Mapping[str, Any] = {
        "programs": {"guarded": files},
        "nodes": {
            f"s{number}": {
                "device_id": 1,
                "grpc": f"127.0.0.1:{port}",
                "program": "guarded",
                "ports": list(PORTS),
            }
            for number, port in enumerate(grpc_ports, 1)
        },
    }
    (directory / "network.yaml").write_text(yaml.safe_dump(dict(network)))
    policy = {"defaults": {"high_pps": HIGH_PPS}, "scaling": {"hold_s": 0.0}}
    (directory / "policy.yaml").write_text(yaml.safe_dump(policy))


@contextmanager
def _me(directory: Path, given: argparse.Namespace, *, enabled: bool) -> Iterator[int]:
    """Run a management entity; its process id, once all its nodes are ready."""
    socket = directory / "rpc.sock"
    (directory / "me.conf").write_text(
        "[DEFAULT]\nnetwork_file = network.yaml\npolicy_file = policy.yaml\n"
        f"rpc_socket = {socket}\nevent_log = events.jsonl\nevent_log_max_bytes = 0\n"
        f"[load]\nenabled = {enabled}\ninterval_s = {given.interval}\nsmoothing_s = 0\n"
        "[scaling]\nmode = off\n[discovery]\nenabled = false\n"
    )
    command = [str(Path(sys.executable).with_name("osken-manager")), str(ROOT / "apps/me_app.py")]
    with (directory / "me.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--config-file", str(directory / "me.conf")], stdout=log, stderr=log
        )
    try:
        _wait_ready(process, socket, directory, given.nodes)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(
    process: subprocess.Popen[bytes], socket: Path, directory: Path, count: int
) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not is_alive(socket) or _ready(socket) < count:
        if process.poll() is not None or time.monotonic() > deadline:
            log = (directory / "me.log").read_text()[-2000:]
            raise SystemExit(f"bench_poll: the management entity is not ready:\n{log}")
        time.sleep(0.5)
    time.sleep(2.0)  # what it does after its start is not what is measured


def _ready(socket: Path) -> int:
    with RpcClient(socket) as client:
        return client.call("status", {})["nodes"]["ready"]


def _cores(pid: int, seconds: float) -> float:
    """Measure the processor time that a process takes: in cores."""
    before, began = _cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (_cpu_s(pid) - before) / (time.monotonic() - began)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _reactions(
    directory: Path, nodes: subprocess.Popen[str], given: argparse.Namespace
) -> list[float]:
    """Let traffic rise far above the threshold; how long until each node was told of."""
    assert nodes.stdin is not None
    print(100 * HIGH_PPS, file=nodes.stdin, flush=True)
    rose_at = float(_line(nodes)) + time.time() - time.monotonic()
    time.sleep(3 * given.interval + 1.0)
    lines = (directory / "events.jsonl").read_text().splitlines()
    told: dict[str, float] = {}
    for event in map(json.loads, lines):
        if event["event"] == "load_high":
            at = datetime.fromisoformat(event["at"]).timestamp()
            told.setdefault(event["node"], at - rose_at)
    return sorted(told.values())


if __name__ == "__main__":
    sys.exit(main())
