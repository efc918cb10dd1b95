"""A run: one network on this machine, and the clean-up after runs that were killed.

Each run claims the lowest free number, holds a lock on /run/hitless/topo/NUMBER as long as it
lives, and notes there what it makes outside of its own network namespaces: interfaces,
processes. Its number keeps it apart from others: run 0 has the interface names that Mininet
users know (s1-eth1), run 2 has r2-s1-eth1.

A run that ends removes all of it. One that was killed by SIGKILL cannot: its processes get
SIGTERM from the kernel (see `process`), its hosts' namespaces vanish with their shells, and the
next run to start finds the lock free and removes the rest, but only what it recognises: an
interface by the MAC address that it was made with, a process by its start time. Nothing is ever
matched by a pattern of names.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from topo.errors import Refused
from topo.process import run_command

BASE = Path("/run/hitless/topo")
LIMIT = 64
INTERFACES = Path("/sys/class/net")
STALE_STOP_TIMEOUT_S = 5.0


class Run:
    """The claim on a number; `claim` makes it, `close` ends it."""

    def __init__(self, base: Path, number: int, lock: int) -> None:
        self.number = number
        self.directory = base / str(number)
        self._lock = lock
        self._interfaces: list[str] = []
        self._processes: list[tuple[int, int]] = []

    @classmethod
    def claim(cls, interfaces: Iterable[str], base: Path = BASE) -> Run:
        """Clean up after dead runs, then claim the lowest number whose interface names are free.

        `interfaces` are the names as run 0 would have them. Refused when no number is left.
        """
        clean_stale(base)
        names = list(interfaces)
        for number in range(LIMIT):
            if any((INTERFACES / _name(number, name)).exists() for name in names):
                continue
            lock = _lock(base / str(number))
            if lock is not None:
                return cls(base, number, lock)
        raise Refused(
            f"{LIMIT} networks are up already (see {base}), or their interface names are taken"
        )

    def interface(self, name: str) -> str:
        """Return what an interface is called in this run, at most 15 characters."""
        return _name(self.number, name)

    def note_interface(self, name: str) -> str:
        """Note an interface of the root namespace; return the MAC address to make it with.

        By that address the interface is recognised as this run's.
        """
        self._interfaces.append(name)
        self._write()
        high, low = divmod(len(self._interfaces), 256)
        return f"{_mac_prefix(self.number)}:{high:02x}:{low:02x}"

    def note_process(self, pid: int) -> None:
        """Note a process, as soon as it runs."""
        self._processes.append((pid, _start_time(pid) or 0))
        self._write()

    def close(self) -> None:
        """Remove what is left of the run, its directory, and the claim. Harmless when repeated."""
        if self._lock < 0:
            return
        _sweep(self.directory)
        _remove(self.directory)
        os.close(self._lock)
        self._lock = -1

    def _write(self) -> None:
        document = {"interfaces": self._interfaces, "processes": self._processes}
        temporary = self.directory / "record.new"
        temporary.write_text(json.dumps(document))
        temporary.rename(self.directory / "record.json")


def clean_stale(base: Path = BASE) -> list[int]:
    """Remove what runs left that are no more; return their numbers."""
    stale = []
    for directory in _directories(base):
        lock = _lock(directory)
        if lock is not None:
            _sweep(directory)
            _remove(directory)
            os.close(lock)
            stale.append(int(directory.name))
    return stale


def _directories(base: Path) -> Iterator[Path]:
    if base.is_dir():
        yield from sorted(path for path in base.iterdir() if path.name.isdecimal())


def _name(number: int, name: str) -> str:
    full = name if number == 0 else f"r{number}-{name}"
    if len(full) > 15:
        raise Refused(f"the interface name {full} is longer than Linux allows (15 characters)")
    return full


def _lock(directory: Path) -> int | None:
    """Lock a run's directory; None if its run is alive. If it vanishes meanwhile, try again."""
    while True:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        if directory.exists() and os.path.samestat(os.fstat(lock), directory.stat()):
            return lock
        os.close(lock)


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    for parent in (directory.parent, directory.parent.parent):
        with suppress(OSError):  # not empty: another run, or the ME's socket, lives there
            parent.rmdir()


def _mac_prefix(number: int) -> str:
    """Return the start of a run's MAC addresses: locally administered, "HL", the number."""
    return f"02:48:4c:{number:02x}"


def _mac(interface: str) -> str:
    """Return an interface's MAC address, nothing if there is no such interface (any more)."""
    try:
        return (INTERFACES / interface / "address").read_text()
    except OSError:  # EINVAL: the kernel is just removing it, as it does with a namespace
        return ""


def _sweep(directory: Path) -> None:
    record = directory / "record.json"
    if not record.exists():
        return
    document = json.loads(record.read_text())
    _end_processes([(pid, start) for pid, start in document["processes"]])
    for name in document["interfaces"]:
        if _mac(name).startswith(_mac_prefix(int(directory.name))):
            run_command(["ip", "link", "delete", name])


def _end_processes(processes: list[tuple[int, int]]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + STALE_STOP_TIMEOUT_S
        alive = [pid for pid, start in processes if _start_time(pid) == start]
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while any(_start_time(pid) == start for pid, start in processes):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)


def _start_time(pid: int) -> int | None:
    """Return when a process started (proc(5), field 22: clock ticks), None if it is no more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
