"""Real switches for tests, without interfaces: packets go through the CPU port only."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from southbound_tools import LIMIT_S, OPTIONS, Listener

from controller.southbound.driver import NodeAddress, NodeDriver

CPU_PORT = 510
LAST = bytes.fromhex("ffffffffffff 020000000002 88b5") + bytes(46)
KINDS = ("embedded", pytest.param("bmv2", marks=pytest.mark.bmv2))


class SwitchProcess:
    """One switch, started and stopped at the same two ports."""

    def __init__(self, kind: str, device_id: int = 1) -> None:
        self.kind = kind
        self.device_id = device_id
        self.grpc, self.thrift = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the process; it serves some time later."""
        self._process = subprocess.Popen(
            self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait(10)

    def address(self, **options) -> NodeAddress:
        """Return how to drive it."""
        bmv2 = self.kind == "bmv2"
        return NodeAddress(
            "s1",
            1,
            self.grpc,
            "bmv2" if bmv2 else "p4runtime",
            thrift=self.thrift if bmv2 else None,
            options=replace(OPTIONS, **options),
        )

    def _command(self) -> list[str]:
        identity = ["--device-id", str(self.device_id)]
        thrift_port = self.thrift.rpartition(":")[2]
        if self.kind == "bmv2":
            options = ["--no-p4", *identity, "--thrift-port", thrift_port, "--"]
            target = ["--grpc-server-addr", self.grpc, "--cpu-port", str(CPU_PORT)]
            return ["simple_switch_grpc", *options, *target]
        options = ["--grpc", self.grpc, "--cpu-port", str(CPU_PORT)]
        return [str(Path(sys.executable).with_name("hitless-switch")), *identity, *options]


@contextlib.contextmanager
def running(kind: str, **options) -> Iterator[SwitchProcess]:
    """Run a switch for a while."""
    switch = SwitchProcess(kind, **options)
    switch.start()
    try:
        yield switch
    finally:
        switch.stop()


def copies_before_the_last(driver: NodeDriver, listener: Listener) -> int:
    """Return how many packets came in before one that is sent now, which overtakes none."""
    driver.packet_out(LAST, egress_port=CPU_PORT, mode=0)
    copies = 0
    while listener.packets.get(timeout=LIMIT_S).payload != LAST:
        copies += 1
    return copies


def free_port() -> int:
    """Return a TCP port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
