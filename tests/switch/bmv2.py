"""BMv2's `simple_switch` in the test's network namespace, driven by its own command line."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

THRIFT_PORT = 9790
START_TIMEOUT_S = 60.0


def command_line(thrift_port: int, commands: Sequence[str]) -> str:
    """Run commands of `simple_switch_CLI` on any switch; returns what it printed."""
    done = subprocess.run(
        ["simple_switch_CLI", "--thrift-port", str(thrift_port)],
        input="\n".join(commands) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


class SimpleSwitch:
    """A running `simple_switch`. A context manager."""

    def __init__(self, json: Path, interfaces: Mapping[int, str], *options: str) -> None:
        """`options` are those of the target itself."""
        ports = [word for port, name in interfaces.items() for word in ("-i", f"{port}@{name}")]
        self._process = subprocess.Popen(
            ["simple_switch", "--thrift-port", str(THRIFT_PORT), *ports, str(json), "--", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> SimpleSwitch:
        deadline = time.monotonic() + START_TIMEOUT_S
        while "Control utility" not in self.cli([]):
            assert time.monotonic() < deadline, "simple_switch does not start"
            time.sleep(0.2)
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def cli(self, commands: Sequence[str]) -> str:
        """Run commands of `simple_switch_CLI`; returns what it printed."""
        return command_line(THRIFT_PORT, commands)

    def registers(self, names: Sequence[str]) -> dict[str, list[int]]:
        """All cells of register arrays."""
        printed = self.cli([f"register_read {name}" for name in names])
        found = re.findall(r"([\w.]+)= ([\d, ]+)$", printed, re.MULTILINE)
        return {name: [int(cell) for cell in cells.split(",")] for name, cells in found}

    def counters(self, name: str, count: int) -> list[tuple[int, int]]:
        """Packets and bytes of the first cells of a counter array."""
        printed = self.cli([f"counter_read {name} {index}" for index in range(count)])
        found = re.findall(r"\]= \((\d+) bytes, (\d+) packets\)", printed)
        return [(int(packets), int(octets)) for octets, packets in found]
