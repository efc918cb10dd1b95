"""What the scenario has shown, and whether it is what it was to show.

Reaction. The load crosses the threshold when the packets that were sent within one polling interval
begin to make more than the threshold, by the generator's own records. At first one node handles all
of them, so this is that node's load. From there to the first step of the first plan no more than
one polling interval and `ALLOWANCE_MS` should pass. It is told, and not part of the verdict: on a
machine that is busy with other things it says little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topo.autoscale.scenario import BEHAVIOUR, BLOCKED, PASSED, Scenario
from topo.autoscale.timeline import Timeline
from topo.traffic.accounting import Counts, Latency, Window, count, latencies, latency_of
from topo.traffic.records import FlowRecord, Recording

ALLOWANCE_MS = 50.0
SETTLED_PART = 0.5
"""The last part of the peak, in which everything should have settled."""


@dataclass(frozen=True)
class Reaction:
    """From the crossing of the threshold to what was done about it; None if it was never."""

    crossed_ns: int | None
    first_step_ns: int | None
    bound_ms: float = BEHAVIOUR.poll_interval_s * 1e3 + ALLOWANCE_MS

    @property
    def ms(self) -> float | None:
        """How long it took."""
        if self.crossed_ns is None or self.first_step_ns is None:
            return None
        return (self.first_step_ns - self.crossed_ns) / 1e6

    @property
    def within_bound(self) -> bool:
        """Whether it was fast enough."""
        return self.ms is not None and self.ms <= self.bound_ms


@dataclass(frozen=True)
class RunResult:
    """One run, measured."""

    scenario: Scenario
    recording: Recording
    origin_ns: int
    timeline: Timeline
    passed: Counts
    blocked: Counts
    latency: Mapping[str, Latency]
    """Of F_A: `moving`, while a migration was under way, and `resting`, all other packets."""
    peak_pps: Mapping[str, float]
    """Each enforcing node's load in the last part of the peak."""
    reaction: Reaction

    @property
    def leaked(self) -> int:
        """Packets of F_B that arrived, copies included."""
        return self.blocked.arrived + self.blocked.duplicated

    @property
    def most_nodes(self) -> int:
        """The most nodes that enforced at the same time."""
        return max(len(slots) for _, slots in self.timeline.placement())

    def flaws(self) -> list[str]:
        """Return what is not as it should be, a sentence each."""
        found = [
            f"{flow}: packets {what}: {number:,}"
            for flow, what, number in (
                (PASSED, "lost", self.passed.lost),
                (PASSED, "duplicated", self.passed.duplicated),
                (PASSED, "reordered", self.passed.reordered),
                (BLOCKED, "let through", self.leaked),
            )
            if number
        ]
        if self.most_nodes < 2:
            found.append("the slots were never spread over more than one node")
        for node, pps in self.peak_pps.items():
            if pps > BEHAVIOUR.high_pps:
                found.append(f"{node} was left with {pps:,.0f} packets/s at the peak")
        _, last = self.timeline.placement()[-1]
        if set(last) != {self.scenario.border}:
            found.append(f"the slots were not gathered again: {dict(sorted(last.items()))}")
        return [*found, *self.timeline.failures]

    def to_dict(self) -> dict[str, Any]:
        """Return the run as it stands in the JSON output; times in seconds of the traffic."""
        timeline, reaction = self.timeline, self.reaction
        return {
            "topology": self.scenario.topology,
            "flaws": self.flaws(),
            PASSED: {"flows": self._flows(PASSED), **asdict(self.passed)},
            BLOCKED: {
                "flows": self._flows(BLOCKED),
                "sent": self.blocked.sent,
                "leaked": self.leaked,
            },
            "latency_us": {phase: asdict(latency) for phase, latency in self.latency.items()},
            "thresholds": asdict(BEHAVIOUR),
            "reaction": {
                "crossed_at_s": self._seconds(reaction.crossed_ns),
                "first_step_at_s": self._seconds(reaction.first_step_ns),
                "ms": reaction.ms,
                "bound_ms": reaction.bound_ms,
                "within_bound": reaction.within_bound,
            },
            "peak_pps": dict(self.peak_pps),
            "plans": [plan.to_dict(self.origin_ns) for plan in timeline.plans],
            "moves": [
                {
                    "at_s": self._seconds(move.window.start_ns),
                    "from": move.source,
                    "to": move.destination,
                    "slots": sorted(move.slots),
                    "method": move.method,
                    "duration_ms": move.duration_ms,
                    "cells_moved": move.cells_moved,
                }
                for move in timeline.migrations
            ],
            "placement": [
                {"from_s": max(self._seconds(at_ns) or 0.0, 0.0), "slots": dict(slots)}
                for at_ns, slots in timeline.placement()
            ],
        }

    def _flows(self, name: str) -> int:
        return len(flows_of(self.recording, name))

    def _seconds(self, at_ns: int | None) -> float | None:
        return None if at_ns is None else (at_ns - self.origin_ns) / 1e9


def measure(
    scenario: Scenario, recording: Recording, origin_ns: int, timeline: Timeline
) -> RunResult:
    """Account for a run whose first packet was sent at `origin_ns` (CLOCK_REALTIME)."""
    start_s, end_s = scenario.span("peak")
    settled_s = end_s - SETTLED_PART * (end_s - start_s)
    settled = Window(origin_ns + int(settled_s * 1e9), origin_ns + int(end_s * 1e9))
    first = next((p.first_step_ns for p in timeline.plans if p.kind == "scale_out"), None)
    return RunResult(
        scenario=scenario,
        recording=recording,
        origin_ns=origin_ns,
        timeline=timeline,
        passed=total(flows_of(recording, PASSED)),
        blocked=total(flows_of(recording, BLOCKED)),
        latency=_latency(recording, timeline),
        peak_pps={node: timeline.mean_pps(node, settled) for node in timeline.nodes},
        reaction=Reaction(first and crossed_ns(sent_ns(recording), first), first),
    )


def flows_of(recording: Recording, name: str) -> list[FlowRecord]:
    """Return the records of F_A's or of F_B's flows."""
    return [record for flow, record in recording.flows.items() if flow.startswith(f"{name} ")]


def total(records: list[FlowRecord]) -> Counts:
    """Add up the counts of flows, each of which has its own sequence."""
    counts = [count(record) for record in records]
    return Counts(
        sent=sum(c.sent for c in counts),
        lost=sum(c.lost for c in counts),
        duplicated=sum(c.duplicated for c in counts),
        reordered=sum(c.reordered for c in counts),
    )


def sent_ns(recording: Recording) -> NDArray[np.int64]:
    """Return when each packet of any flow was sent, in order."""
    times = np.concatenate([record.sent_ns for record in recording.flows.values()])
    return np.sort(times.astype(np.int64))


def crossed_ns(
    times_ns: NDArray[np.int64],
    before_ns: int,
    threshold_pps: float = BEHAVIOUR.high_pps,
    interval_s: float = BEHAVIOUR.poll_interval_s,
) -> int | None:
    """Return since when packets at these times, counted over the interval before, made more.

    That is the beginning of the last time above the threshold that began before `before_ns`; None
    if there was none. A flicker that is over before the next measurement is thus no crossing.
    """
    least = int(threshold_pps * interval_s) + 1
    ends_ns = times_ns[least - 1 :]
    above = ends_ns - times_ns[: ends_ns.size] <= interval_s * 1e9
    above = above[: np.searchsorted(ends_ns, before_ns)]
    if not above.any():
        return None
    last = np.flatnonzero(above)[-1]
    below = np.flatnonzero(~above[:last])
    return int(ends_ns[below[-1] + 1 if below.size else 0])


def all_latencies(recording: Recording) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return time of sending (ns), ascending, and latency (microseconds) of F_A's packets."""
    pairs = [latencies(record) for record in flows_of(recording, PASSED)]
    at_ns = np.concatenate([at for at, _ in pairs]).astype(np.int64)
    delay_us = np.concatenate([delay for _, delay in pairs])
    order = np.argsort(at_ns, kind="stable")
    return at_ns[order], delay_us[order]


def _latency(recording: Recording, timeline: Timeline) -> dict[str, Latency]:
    at_ns, delay_us = all_latencies(recording)
    moving = np.zeros(at_ns.size, dtype=bool)
    for window in (migration.window for migration in timeline.migrations):
        arrived_ns = at_ns + (delay_us * 1e3).astype(np.int64)
        moving |= (at_ns < window.end_ns) & (arrived_ns >= window.start_ns)
    return {"moving": latency_of(delay_us[moving]), "resting": latency_of(delay_us[~moving])}
