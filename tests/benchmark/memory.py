"""What a process and those that it has started hold: memory and descriptors."""

from __future__ import annotations

from pathlib import Path


def resident_mb(pid: int) -> float:
    """Megabytes of memory (proportional set size: what is shared is counted once)."""
    return sum(_rollup_kb(process, "Pss") for process in [pid, *descendants(pid)]) / 1024


def anonymous_mb(pid: int) -> float:
    """Megabytes of one process that no file is behind: what it has allocated.

    Unlike the proportional size it does not change with who else runs the same program.
    """
    return _rollup_kb(pid, "Anonymous") / 1024


def descriptors(pid: int) -> int:
    """How many descriptors are open."""
    processes = [pid, *descendants(pid)]
    return sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in processes)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in map(int, children) for found in (child, *descendants(child))]


def _rollup_kb(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0])
    raise ValueError(f"/proc/{pid}/smaps_rollup has no {field}")
