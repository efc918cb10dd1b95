"""The scenario's results for people."""

from __future__ import annotations

from collections.abc import Iterable

from topo.autoscale.result import RunResult
from topo.autoscale.scenario import BEHAVIOUR, BLOCKED, PASSED
from topo.demo.report import GREEN, PLAIN, RED
from topo.traffic.accounting import Latency


def report(run: RunResult) -> str:
    """Return what one run has shown."""
    passed, timeline = run.passed, run.timeline
    document = run.to_dict()
    rows = [
        (
            f"{PASSED}, {document[PASSED]['flows']} flows",
            f"{passed.sent:,} packets: {passed.lost:,} lost, {passed.duplicated:,} duplicated, "
            f"{passed.reordered:,} reordered",
        ),
        (
            f"{BLOCKED}, {document[BLOCKED]['flows']} flows",
            f"{run.blocked.sent:,} packets: {run.leaked:,} leaked",
        ),
        ("latency while slots moved", _latency(run.latency["moving"])),
        ("latency at other times", _latency(run.latency["resting"])),
        ("reaction", _reaction(run)),
        (
            "at the peak",
            ", ".join(f"{node} {pps:,.0f}" for node, pps in run.peak_pps.items())
            + f" packets/s; {BEHAVIOUR.high_pps:,} are the threshold",
        ),
        ("slots", " -> ".join(_placements(run))),
        ("moves", f"{len(timeline.migrations)} in {len(timeline.plans)} plans"),
    ]
    width = max(len(label) for label, _ in rows)
    lines = [f"{label.ljust(width)}  {text}" for label, text in rows]
    return "\n".join([run.scenario.topology, *(f"  {line}" for line in lines), *_plans(run)])


def verdict(runs: Iterable[RunResult], colours: bool) -> str:
    """Return a line for each flaw, or one that says that there is none."""
    flaws = [f"{run.scenario.topology}: {flaw}" for run in runs for flaw in run.flaws()]
    if flaws:
        text, colour = "NOT flawless:\n" + "\n".join(f"  {flaw}" for flaw in flaws), RED
    else:
        text, colour = (
            (
                "Spread under load and gathered again by itself; nothing was lost, duplicated, "
                "reordered or leaked."
            ),
            GREEN,
        )
    return f"{colour}{text}{PLAIN}" if colours else text


def _latency(latency: Latency) -> str:
    if latency.p50 is None or latency.p99 is None or latency.max is None:
        return "-"
    return (
        f"median {latency.p50:,.0f} us, 99th percentile {latency.p99:,.0f} us, "
        f"maximum {latency.max:,.0f} us"
    )


def _reaction(run: RunResult) -> str:
    reaction = run.reaction
    if reaction.ms is None:
        return "there was none"
    word = "within" if reaction.within_bound else "NOT within"
    return (
        f"{reaction.ms:,.0f} ms from the crossing of the threshold to the first step, {word} "
        f"{reaction.bound_ms:,.0f} ms (a polling interval and 50 ms)"
    )


def _placements(run: RunResult) -> Iterable[str]:
    for _, slots in run.timeline.placement():
        yield "+".join(f"{slots[node]}" for node in run.timeline.nodes if slots[node])


def _plans(run: RunResult) -> Iterable[str]:
    for plan in run.timeline.plans:
        at_s = (plan.at_ns - run.origin_ns) / 1e9
        name = f"{plan.kind.replace('_', '-')} {plan.node}".rstrip()
        yield f"  {at_s:6.1f} s  {name}, {f'{plan.state} {plan.reason}'.rstrip()}:"
        yield from (f"            {sentence}" for sentence in plan.explanation)
