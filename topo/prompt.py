"""Mininet's prompt with the management entity's commands: `mininet> me placement`.

The commands run as the process `hitless`, so that they are the same here as anywhere else, and the
topologies need to know nothing of the controller.
"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

from mininet.cli import CLI

from topo.errors import Missing
from topo.process import run_command
from topo.requirements import executable

COMPLETE_TIMEOUT_S = 20.0
"""More than `hitless` takes on a busy machine, where it is loaded for seconds.

A management entity that does not answer is given up earlier, by `hitless` itself."""


class Prompt(CLI):
    """Mininet's command-line interface, one word richer."""

    def __init__(self, net: Any, rpc_socket: Path, **options: Any) -> None:
        """Run until the operator leaves.

        Args:
            net: Mininet's network.
            rpc_socket: Where the management entity answers commands.
            options: For Mininet's CLI.
        """
        self._rpc_socket = rpc_socket
        super().__init__(net, **options)

    def do_me(self, line: str) -> None:
        """Ask the management entity: me COMMAND ..., as `hitless` does; me alone is its shell."""
        try:
            words = shlex.split(line) or ["shell"]
            self._run([executable("hitless"), "--rpc", str(self._rpc_socket), *words])
        except (ValueError, Missing) as problem:
            print(f"me: {problem}")

    def complete_me(self, text: str, line: str, _begin: int, end: int) -> list[str]:
        """Return what could stand in place of `text`, which may be only the end of a word."""
        _, _, said = line[:end].partition(" ")
        word = "" if said.endswith(" ") else said.rpartition(" ")[2]
        behind = len(word) - len(text)
        found = [complete[behind:] for complete in self._complete(said)]
        return [f"{found[0]} "] if len(found) == 1 else found

    def _complete(self, line: str) -> list[str]:
        """Ask `hitless` for the words that could stand at the end of a line; none in doubt."""
        try:
            command = [executable("hitless"), "--rpc", str(self._rpc_socket), "complete", line]
            return run_command(command, COMPLETE_TIMEOUT_S).stdout.split()
        except (Missing, subprocess.TimeoutExpired):
            return []

    def _run(self, command: list[str]) -> None:
        """Run a command in the foreground. Ctrl-C is for it, and it ends by itself."""
        with subprocess.Popen(command) as process:
            while process.returncode is None:
                try:
                    process.wait()
                except KeyboardInterrupt:
                    continue
