"""Processor time that processes take, by role."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from tests.benchmark.memory import descendants

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Usage:
    """Adds up, over several stretches of time, what each role's processes take."""

    def __init__(self, roles: Mapping[str, Collection[int]]) -> None:
        """Know the roles: name to process ids; ``0`` is this process. Children are their own."""
        self._roles = roles
        self._taken_s = dict.fromkeys(roles, 0.0)
        self._lasted_s = 0.0
        self._at_begin: tuple[float, dict[str, float]] | None = None

    def begin(self) -> None:
        """Begin a stretch."""
        self._at_begin = time.monotonic(), self._now()

    def end(self) -> None:
        """End it."""
        assert self._at_begin is not None
        began_at, before = self._at_begin
        self._lasted_s += time.monotonic() - began_at
        for role, taken_s in self._now().items():
            self._taken_s[role] += taken_s - before[role]

    def cores(self) -> dict[str, float]:
        """Return how many cores each role kept busy on average, in all stretches."""
        return {role: taken_s / self._lasted_s for role, taken_s in self._taken_s.items()}

    def _now(self) -> dict[str, float]:
        return {role: sum(map(_taken_s, pids)) for role, pids in self._roles.items()}


def with_descendants(pids: Collection[int]) -> list[int]:
    """Return processes and all that they have started."""
    return [found for pid in pids for found in (pid, *descendants(pid))]


def _taken_s(pid: int) -> float:
    stat = Path(f"/proc/{pid or 'self'}/stat").read_text()
    user, system = stat.rpartition(") ")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS_PER_S
