"""The demo's results for people: one table, a column a move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from topo.demo.result import PHASES, Move
from topo.demo.run import RunResult
from topo.traffic.accounting import Latency

RED, GREEN, PLAIN = "\033[31m", "\033[32m", "\033[0m"

NOTABLE_STOLEN_SHARE = 0.001

Row = tuple[str, list[str]]


def table(moves: Sequence[Move]) -> str:
    """Return the table of all moves, ready to print."""
    rows: list[Row] = [
        ("", [f"{m.migration.method.upper()} {_path(m)}" for m in moves]),
        ("F_A, packets sent", _cells(moves, lambda m: f"{m.passed.sent:,}")),
        ("  lost", _cells(moves, lambda m: f"{m.passed.lost:,}")),
        ("  duplicated", _cells(moves, lambda m: f"{m.passed.duplicated:,}")),
        ("  reordered", _cells(moves, lambda m: f"{m.passed.reordered:,}")),
        ("F_B, packets sent", _cells(moves, lambda m: f"{m.blocked.sent:,}")),
        ("  leaked", _cells(moves, lambda m: f"{m.leaked:,}")),
        ("state cells moved", _cells(moves, lambda m: f"{m.migration.cells_moved:,}")),
        ("latency of F_A, microseconds", []),
        *_latency_rows(moves),
        ("move took, ms", _cells(moves, lambda m: f"{m.migration.duration_ms:,.1f}")),
        *_step_rows(moves),
    ]
    return "\n".join(_lines(rows))


def verdict(moves: Sequence[Move], colours: bool) -> str:
    """Return one line that says whether the moves were flawless."""
    flawed = [m for m in moves if not m.flawless]
    if not flawed:
        text = "Nothing was lost, duplicated, reordered or leaked."
        return f"{GREEN}{text}{PLAIN}" if colours else text
    names = ", ".join(f"{m.migration.method.upper()} {_path(m)}" for m in flawed)
    text = f"NOT flawless: {names}"
    return f"{RED}{text}{PLAIN}" if colours else text


def generator_note(run: RunResult) -> str:
    """Return one line on how well the generator kept its schedule."""
    half, most = np.percentile(run.recording.flows["F_A"].late_ns / 1e3, [50, 99])
    return (
        f"{run.method.title}: the generator used {run.recording.generator_cpu_share:.0%} of a "
        f"core; half of F_A left within {half:,.0f} us of its deadline, 99 % within {most:,.0f} us"
        f"{_stolen(run.recording.stolen_share)}"
    )


def _stolen(share: float) -> str:
    """Return a warning for virtual machines whose host is busy; nothing on others."""
    if share < NOTABLE_STOLEN_SHARE:
        return ""
    return f"; the hypervisor took {share:.1%} of the CPU time away, which shows as latency"


def _path(move: Move) -> str:
    return f"{move.migration.source}->{move.migration.destination}"


def _cells(moves: Sequence[Move], cell: Callable[[Move], str]) -> list[str]:
    return [cell(move) for move in moves]


def _latency_rows(moves: Sequence[Move]) -> Iterable[Row]:
    for phase in PHASES:
        yield f"  {phase}: median", [_us(m.latency[phase].p50) for m in moves]
        yield "    99th percentile", [_us(m.latency[phase].p99) for m in moves]
        yield "    maximum", [_us(m.latency[phase].max) for m in moves]
    yield (
        "  99th percentile, during / before",
        [_ratio(m.latency["during"], m.latency["before"]) for m in moves],
    )


def _step_rows(moves: Sequence[Move]) -> Iterable[Row]:
    """One row for each name of a step, in the order of first appearance."""
    names = list(dict.fromkeys(step.name for m in moves for step in m.migration.steps))
    for name in names:
        yield f"  {name}", [_step_ms(m, name) for m in moves]


def _step_ms(move: Move, name: str) -> str:
    times = [step.ms for step in move.migration.steps if step.name == name]
    return f"{sum(times):,.1f}" if times else ""


def _us(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _ratio(during: Latency, before: Latency) -> str:
    if during.p99 is None or before.p99 is None:
        return "-"
    return f"{during.p99 / before.p99:.2f}"


def _lines(rows: Sequence[Row]) -> Iterable[str]:
    label_width = max(len(label) for label, _ in rows)
    width = max(len(cell) for _, cells in rows for cell in cells) + 3
    for label, cells in rows:
        line = label.ljust(label_width) + "".join(cell.rjust(width) for cell in cells)
        yield line.rstrip()
