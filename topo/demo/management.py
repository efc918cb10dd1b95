"""The management entity as the demo uses it: its process, and the `hitless` command.

Both run at a low priority (nice 10). They stand for a machine beside the network, whose computing
takes nothing from a switch; here, where all share a few cores, they yield to the switches instead.
It is the same for both kinds of node, and before, during and after a migration.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topo.deployment import Deployment
from topo.errors import CommandFailed, MigrationFailed
from topo.process import ManagedProcess, run_command
from topo.requirements import executable
from topo.traffic.accounting import Window

APP = Path(__file__).resolve().parent.parent.parent / "apps" / "me_app.py"
YIELDING = ("nice", "-n", "10")
READY_TIMEOUT_S = 60.0
ASK_EVERY_S = 0.1
"""Each question is a process, which takes computing from what is waited for."""
COMMAND_TIMEOUT_S = 60.0
MIGRATION_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Step:
    """One step of a migration, as the management entity timed it (epoch, ns)."""

    name: str
    node: str
    window: Window

    @property
    def ms(self) -> float:
        """How long it took."""
        return self.window.ms


@dataclass(frozen=True)
class Migration:
    """A finished migration, as the management entity reports it."""

    source: str
    destination: str
    method: str
    mode: str
    cells_moved: int
    slots: frozenset[int]
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Migration:
        """Take what is needed from a finished migration's JSON."""
        return cls(
            source=document["from"],
            destination=document["to"],
            method=document["method"],
            mode=document["mode"],
            cells_moved=document["cells_moved"],
            slots=slot_numbers(document["slots"]),
            steps=tuple(_step(step) for step in document["steps"]),
        )

    @property
    def window(self) -> Window:
        """From the beginning of the first step to the end of the last."""
        return Window(
            min(step.window.start_ns for step in self.steps),
            max(step.window.end_ns for step in self.steps),
        )

    @property
    def duration_ms(self) -> float:
        """How long that is."""
        return self.window.ms


def slot_numbers(text: str) -> frozenset[int]:
    """Read slots as the management entity writes them: `0-7,12`."""
    spans = (span.partition("-") for span in text.split(",") if span)
    return frozenset(n for a, _, b in spans for n in range(int(a), int(b or a) + 1))


def _step(document: Mapping[str, Any]) -> Step:
    start_ns = int(document["started_at"] * 1e9)
    window = Window(start_ns, start_ns + int(document["ms"] * 1e6))
    return Step(document["name"], document["node"], window)


class ManagementEntity:
    """osken-manager with our app, on the configuration of a deployment.

    `launcher` is the command that stands for osken-manager.
    """

    def __init__(self, deployment: Deployment, launcher: Sequence[str] = ()) -> None:
        self._configuration = deployment.configuration
        self.process: ManagedProcess = deployment.network.process(
            "osken-manager",
            [
                *YIELDING,
                *(launcher or [executable("osken-manager")]),
                str(APP),
                *("--config-file", str(self._configuration.me)),
            ],
        )

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until it is the primary controller of every node and has provisioned it."""
        self.process.wait_until(self._is_ready, "had all nodes ready", timeout_s, ASK_EVERY_S)

    def wait_for_paths(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until forwarding has given every node its paths, on networks where it does that.

        Hosts that send before meet nodes of which some know the way and others do not.
        """
        self.process.wait_until(self._has_paths, "had installed all paths", timeout_s, ASK_EVERY_S)

    def _has_paths(self) -> bool:
        events = self.command("events", "--kinds", "paths_moved")["events"]
        return any(not event["withheld"] for event in events)

    def _is_ready(self) -> bool:
        if not self._configuration.rpc_socket.exists():
            return False
        done = self._run("status")
        if done.returncode != 0:
            return False
        nodes = json.loads(done.stdout)["nodes"]
        return nodes["ready"] == nodes["total"]

    def command(self, *words: str) -> dict[str, Any]:
        """Run a `hitless` command and return its JSON; CommandFailed quotes what it said."""
        done = self._run(*words)
        if done.returncode != 0:
            raise self._failure(words, done)
        return json.loads(done.stdout)

    def migrate(
        self, function: str, source: str, destination: str, method: str, mode: str, *options: str
    ) -> Migration:
        """Move a function and wait for the end.

        CommandFailed when the request is refused, MigrationFailed when it did not reach its end.
        """
        words = (
            *("migrate", function, "--from", source, "--to", destination),
            *("--method", method, "--mode", mode, *options),
        )
        done = self._run(*words, timeout_s=MIGRATION_TIMEOUT_S)
        # Status 1 with a record: the migration did not reach its end, and the record says why.
        if done.returncode not in (0, 1) or not done.stdout:
            raise self._failure(words, done)
        record = json.loads(done.stdout)["migration"]
        if done.returncode == 1:
            raise MigrationFailed(
                f"the migration of the {function} from {source} to {destination} is "
                f"{record['state']}: {record['reason']}{self.process.tail()}"
            )
        return Migration.read(record)

    def _run(
        self, *words: str, timeout_s: float = COMMAND_TIMEOUT_S
    ) -> subprocess.CompletedProcess[str]:
        socket = str(self._configuration.rpc_socket)
        argv = [*YIELDING, executable("hitless"), *words, "--rpc", socket, "--json"]
        try:
            return run_command(argv, timeout_s)
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(
                f"hitless {' '.join(words)} has not ended in {timeout_s:.0f} s{self.process.tail()}"
            ) from error

    def _failure(
        self, words: Sequence[str], done: subprocess.CompletedProcess[str]
    ) -> CommandFailed:
        said = (done.stderr or done.stdout).strip()
        return CommandFailed(
            f"hitless {' '.join(words)} ended with status {done.returncode}: {said}"
            f"{self.process.tail()}"
        )
