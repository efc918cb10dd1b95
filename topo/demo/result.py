"""What the demo has measured: per move counts, latencies before, during and after, steps.

Windows. A run's traffic is cut between the end of one move and the beginning of the next; each
move's counts are of the packets sent in its part. Latency *during* a move is that of all packets
in flight between the beginning of its first step and the end of its last, by the management
entity's clock, which is the hosts'. *After* is from there to the end of the part. *Before* is
from the beginning of the part to the moment at which the operator's command was launched: the
start of that process, which loads the machine a little, counts neither as before, where it would
flatter the move, nor as during. A run's first half second is not part of before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from topo.demo.management import Migration
from topo.traffic.accounting import Counts, Latency, Window, count, summarize
from topo.traffic.records import Recording

WARM_UP_NS = 500_000_000
PHASES = ("before", "during", "after")


@dataclass(frozen=True)
class Move:
    """One move under traffic."""

    migration: Migration
    passed: Counts
    """F_A, which is let through."""
    blocked: Counts
    """F_B, none of which may arrive."""
    latency: dict[str, Latency]

    @property
    def leaked(self) -> int:
        """Packets of F_B that arrived, copies included."""
        return self.blocked.arrived + self.blocked.duplicated

    @property
    def flawless(self) -> bool:
        """Whether nothing was lost, duplicated, reordered or leaked."""
        flaws = (self.passed.lost, self.passed.duplicated, self.passed.reordered, self.leaked)
        return not any(flaws)

    def to_dict(self) -> dict[str, Any]:
        """Return the move as it stands in the JSON output."""
        return {
            "method": self.migration.method,
            "mode": self.migration.mode,
            "from": self.migration.source,
            "to": self.migration.destination,
            "cells_moved": self.migration.cells_moved,
            "duration_ms": self.migration.duration_ms,
            "steps": [
                {"name": step.name, "node": step.node, "ms": step.ms}
                for step in self.migration.steps
            ],
            "F_A": {
                "sent": self.passed.sent,
                "lost": self.passed.lost,
                "duplicated": self.passed.duplicated,
                "reordered": self.passed.reordered,
            },
            "F_B": {"sent": self.blocked.sent, "leaked": self.leaked},
            "latency_us": {phase: asdict(self.latency[phase]) for phase in PHASES},
        }


def measure(
    recording: Recording,
    origin_ns: int,
    commands_ns: Sequence[int],
    migrations: Sequence[Migration],
) -> list[Move]:
    """Cut a run's records into moves.

    `origin_ns` is when its traffic began, `commands_ns` when each migration was asked for (both
    CLOCK_REALTIME).
    """
    windows = [migration.window for migration in migrations]
    cuts = [
        (earlier.end_ns + command_ns) // 2
        for earlier, command_ns in zip(windows, commands_ns[1:], strict=False)
    ]
    edges = [0, *cuts, 2**63]
    moves = []
    for index, (migration, command_ns) in enumerate(zip(migrations, commands_ns, strict=True)):
        part = Window(edges[index], edges[index + 1])
        phases = {
            "before": Window(max(part.start_ns, origin_ns + WARM_UP_NS), command_ns),
            "during": migration.window,
            "after": Window(migration.window.end_ns, part.end_ns),
        }
        passed = recording.flows["F_A"]
        moves.append(
            Move(
                migration=migration,
                passed=count(passed, part),
                blocked=count(recording.flows["F_B"], part),
                latency={phase: summarize(passed, window) for phase, window in phases.items()},
            )
        )
    return moves
