"""What a command leaves on the machine: all that it starts carries a mark in its environment."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

RUNS = Path("/run/hitless/topo")
INTERFACES = Path("/sys/class/net")


def wait_for(condition, what, timeout_s=60.0):
    """Wait until `condition()` is true; AssertionError with `what` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (result := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.05)
    return result


STARTED = []
"""Every command that a test has started; the fixture `ended` ends those that it left running."""


@dataclass
class Traced:
    """A command under way whose traces can be told from everybody else's."""

    process: subprocess.Popen
    mark: str
    output: Path
    temporary: Path
    run: Path | None = None
    interfaces: list[str] = field(default_factory=list)

    def text(self):
        return self.output.read_text()

    def wait_until_it_says(self, text):
        """Wait until its output contains `text`; fail if it ends before."""
        wait_for(lambda: text in self.text() or self.process.poll() is not None, text, 60)
        assert self.process.poll() is None, self.text()

    def wait_until_up(self):
        """Wait for the network, and note what it consists of."""
        self.wait_until_it_says(" is up: ")
        self.run = next(line for line in self.text().splitlines() if "logs to" in line)
        self.run = Path(self.run.rpartition("logs to ")[2]).parent
        self.interfaces = json.loads((self.run / "record.json").read_text())["interfaces"]
        assert self.interfaces
        assert all((INTERFACES / name).exists() for name in self.interfaces)

    def node_process(self, node):
        """Return the id of a node's process."""
        record = json.loads((self.run / "record.json").read_text())
        needle = f"@{'' if self.run.name == '0' else f'r{self.run.name}-'}{node}-eth1".encode()
        (pid,) = (
            pid
            for pid, _ in record["processes"]
            if needle in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        return pid

    def end(self, number=signal.SIGTERM):
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def make_sure_it_ended(self):
        """End it if it still runs, by SIGTERM first, so that it can clean up."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def processes(self):
        """Return the ids of all processes that this command has started, itself left out."""
        needle = self.mark.encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != self.process.pid:
                try:
                    if needle in (entry / "environ").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue  # it has ended meanwhile
        return found

    def assert_nothing_left(self):
        """Fail if a process, an interface or a file of the command's is still there."""
        wait_for(lambda: not self.processes(), "the end of all processes")
        assert [name for name in self.interfaces if (INTERFACES / name).exists()] == []
        assert self.run is None or not self.run.exists()
        assert list(self.temporary.iterdir()) == []


def start(directory, *command, cwd=None, stdin=subprocess.DEVNULL, environment=None):
    """Start a command, its output into a file below `directory`, and return its trace."""
    mark = f"HITLESS_TRACE_{secrets.token_hex(8)}"
    temporary = directory / mark
    temporary.mkdir()
    output = directory / f"{mark}.out"
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=cwd or directory,
            start_new_session=True,
            env={**os.environ, **(environment or {}), mark: "1", "TMPDIR": str(temporary)},
        )
    traced = Traced(process, mark, output, temporary)
    STARTED.append(traced)
    return traced


def topo(directory, *arguments, **options):
    """Start `python -m topo` with these arguments."""
    return start(directory, sys.executable, "-m", "topo", *arguments, **options)


def shadowed(directory, package):
    """Return an environment in which a Python package cannot be imported, as if not installed."""
    shadow = directory / "shadow" / package
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text(f"raise ImportError('there is no {package} here')\n")
    return {"PYTHONPATH": str(shadow.parent)}
