"""A running osken-manager for tests: started, watched, asked by its RPC, and ended for certain."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controller.operator.client import RpcClient, is_alive

ROOT = Path(__file__).resolve().parents[2]
ME_APP = str(ROOT / "apps" / "me_app.py")
OSKEN_MANAGER = str(Path(sys.executable).with_name("osken-manager"))
HITLESS = str(Path(sys.executable).with_name("hitless"))
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0


class MeProcess:
    """An osken-manager of its own; a context manager that leaves nothing behind."""

    def __init__(
        self,
        directory: Path,
        arguments: Sequence[str],
        hub: str = "native",
        prefix: Sequence[str] = (),
    ) -> None:
        """Start it in a directory, where it finds its files and where its log is written.

        Args:
            directory: Where.
            arguments: For osken-manager.
            hub: The hub to run on.
            prefix: Words before the command, to run it in a namespace.
        """
        self.socket = directory / "rpc.sock"
        self.log_file = directory / "me.log"
        self._log = self.log_file.open("ab")
        self.process = subprocess.Popen(
            [*prefix, OSKEN_MANAGER, *arguments],
            cwd=directory,
            env={**os.environ, "OSKEN_HUB_TYPE": hub},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> MeProcess:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_file.read_text()

    def wait_serving(self) -> None:
        """Wait until it answers commands."""
        self.wait_for(lambda: is_alive(self.socket), "it answers commands")

    def ask(self, command: str, **arguments: Any) -> Any:
        """Have a command answered, without the command line."""
        with RpcClient(self.socket) as client:
            return client.call(command, arguments)

    def wait_for(self, condition: Any, what: str, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until something holds while the process lives."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, f"ended before {what}:\n{self.log}"
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.log}"
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_TIMEOUT_S)

    def kill(self) -> None:
        """End it hard, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)
        self._log.close()

    def hitless(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command hitless against it."""
        return hitless("--rpc", str(self.socket), *arguments)

    def data(self, *arguments: str) -> Any:
        """Run the command hitless with --json and return its data; it must succeed."""
        done = self.hitless(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def hitless(*arguments: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run the command hitless as a process of its own."""
    return subprocess.run(
        [HITLESS, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
