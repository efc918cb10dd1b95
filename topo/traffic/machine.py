"""Whether the machine itself was there: CPU time that a hypervisor took away while we measured.

On a virtual machine that shares its cores, everything stands still for milliseconds now and
then, and packets are late for no fault of any switch. Linux counts that as stolen time; it
belongs beside every latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STEAL_FIELD = 7
GUEST_FIELD = 8
"""From here on /proc/stat counts guests' time again, which is part of user time already
(proc(5)).
"""


@dataclass(frozen=True)
class CpuTimes:
    """CPU time of all cores since boot, in clock ticks."""

    stolen: int
    total: int

    @classmethod
    def now(cls) -> CpuTimes:
        """Read /proc/stat."""
        with Path("/proc/stat").open() as stat:
            fields = [int(field) for field in stat.readline().split()[1:]]
        return cls(fields[STEAL_FIELD], sum(fields[:GUEST_FIELD]))

    def stolen_share_since(self, earlier: CpuTimes) -> float:
        """Return which part of the machine's CPU time was taken away since then."""
        return (self.stolen - earlier.stolen) / max(self.total - earlier.total, 1)
