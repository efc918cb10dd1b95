"""The demo's picture: every packet's latency over time, with the moves and their steps marked.

A row for each run. On the left the whole run: each packet of F_A as a dot, the median of each
tenth of a second as a line, the moves as bands; what was lost or leaked would be marked. On the
right each move close up, with its steps. The latency axis is logarithmic, and the same for all,
so that runs can be compared by eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from topo.demo.result import Move
from topo.demo.run import RunResult
from topo.traffic.accounting import latencies

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

LEADER = {"arrowstyle": "-", "lw": 0.5, "shrinkA": 0, "shrinkB": 0, "relpos": (0.5, 0)}
"""The line from a step's name down to the step."""
MEDIAN_BIN_S = 0.1
MANY_DOTS = 3_000
DATA_PART = 0.68
"""How far up the data reaches, as a part of the axis; names of steps are above."""
NAME_SPACING = 0.045
"""Least distance between the names of two steps, as a part of the axis."""
DOT, MEDIAN, BAND, LOST, LEAKED = "#4878a8", "#1a2a3a", "#e8a33d", "#c02020", "#8020a0"


def draw(runs: Sequence[RunResult], title: str, path: Path) -> None:
    """Draw all runs into a PNG file."""
    figure, rows = plt.subplots(
        len(runs),
        3,
        squeeze=False,
        sharey=True,
        figsize=(15, 4.4 * len(runs) + 0.5),
        width_ratios=(2.2, 1.2, 1.2),
        layout="constrained",
    )
    for axes, run in zip(rows, runs, strict=True):
        _draw_run(axes[0], run)
        for axis, move in zip(axes[1:], run.moves, strict=True):
            _draw_move(axis, run, move)
    _leave_room(rows[0][0], runs)
    figure.suptitle(title, fontsize=13)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _leave_room(axis: Axes, runs: Sequence[RunResult]) -> None:
    """Set the latency axis, which all share, so that the data leaves room for names above it."""
    delays_us = np.concatenate([latencies(run.recording.flows["F_A"])[1] for run in runs])
    if delays_us.size:
        lowest, highest = np.log10([max(delays_us.min(), 1) / 1.5, delays_us.max() * 1.2])
        axis.set_ylim(10**lowest, 10 ** (lowest + (highest - lowest) / DATA_PART))


def _draw_run(axis: Axes, run: RunResult) -> None:
    record = run.recording.flows["F_A"]
    sent_ns, delay_us = latencies(record)
    at_s = _seconds(sent_ns, run.origin_ns)
    axis.plot(at_s, delay_us, ",", color=DOT, alpha=0.5, rasterized=True)
    _draw_medians(axis, at_s, delay_us)
    _mark_flaws(axis, run)
    for move in run.moves:
        start_s, end_s = _span_s(move, run.origin_ns)
        axis.axvspan(start_s, end_s, color=BAND, alpha=0.5, lw=0.8)
        name = f"{move.migration.source} to {move.migration.destination}"
        axis.annotate(
            name,
            ((start_s + end_s) / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -14),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": BAND},
        )
    axis.set_yscale("log")
    axis.set_xlim(0, float(at_s.max()) if at_s.size else 1)
    axis.set_xlabel("seconds since the first packet")
    axis.set_ylabel("one-way latency of F_A, microseconds")
    axis.set_title(f"{run.method.title}: the whole run", fontsize=11)
    axis.grid(True, which="major", alpha=0.3)
    axis.legend(loc="lower right", fontsize=8, framealpha=0.9)


def _draw_medians(axis: Axes, at_s: NDArray[np.float64], delay_us: NDArray[np.float64]) -> None:
    bins = (at_s / MEDIAN_BIN_S).astype(int)
    filled = np.unique(bins)
    medians = [float(np.median(delay_us[bins == index])) for index in filled]
    centres = (filled + 0.5) * MEDIAN_BIN_S
    axis.plot(centres, medians, "-", color=MEDIAN, lw=1.2, label=f"median of {MEDIAN_BIN_S:g} s")


def _mark_flaws(axis: Axes, run: RunResult) -> None:
    passed, blocked = run.recording.flows["F_A"], run.recording.flows["F_B"]
    arrived = np.isin(np.arange(passed.sent_ns.size), passed.sequences)
    lost_s = _seconds(passed.sent_ns[~arrived], run.origin_ns)
    leaked_s = _seconds(blocked.sent_ns[blocked.sequences], run.origin_ns)
    for at_s, marker, colour, label in (
        (lost_s, "x", LOST, "F_A lost"),
        (leaked_s, "v", LEAKED, "F_B leaked"),
    ):
        if at_s.size:
            axis.plot(
                at_s,
                np.full(at_s.size, 0.03),
                marker,
                color=colour,
                transform=axis.get_xaxis_transform(),
                label=f"{label}: {at_s.size:,}",
            )


def _draw_move(axis: Axes, run: RunResult, move: Move) -> None:
    start_s, end_s = _span_s(move, run.origin_ns)
    margin_s = max(0.4 * (end_s - start_s), 0.02)
    sent_ns, delay_us = latencies(run.recording.flows["F_A"])
    at_s = _seconds(sent_ns, run.origin_ns)
    near = (at_s > start_s - margin_s) & (at_s < end_s + margin_s)
    dot = 2.5 if near.sum() < MANY_DOTS else 0.8
    axis.plot((at_s[near] - start_s) * 1e3, delay_us[near], ".", color=DOT, ms=dot)
    left_ms, right_ms = -margin_s * 1e3, (end_s - start_s + margin_s) * 1e3
    _mark_steps(axis, move, left_ms, right_ms)
    axis.set_xlim(left_ms, right_ms)
    axis.set_xlabel("ms since the first step")
    axis.set_title(
        f"{run.method.title} {move.migration.source} to {move.migration.destination}: "
        f"{move.migration.duration_ms:,.0f} ms, lost {move.passed.lost:,}, leaked {move.leaked:,}",
        fontsize=10,
    )
    axis.grid(True, which="major", alpha=0.3)


def _mark_steps(axis: Axes, move: Move, left_ms: float, right_ms: float) -> None:
    """Shade each step and name it above the data, names spread so that none covers another."""
    origin_ns = move.migration.window.start_ns
    steps = move.migration.steps
    spans = [
        ((s.window.start_ns - origin_ns) / 1e6, (s.window.end_ns - origin_ns) / 1e6) for s in steps
    ]
    width = right_ms - left_ms
    at = [((start + end) / 2 - left_ms) / width for start, end in spans]
    for index, (step, (start, end), centre, name_at) in enumerate(
        zip(steps, spans, at, spread(at, NAME_SPACING), strict=True)
    ):
        axis.axvspan(start, end, color=BAND, alpha=0.45 if index % 2 else 0.25, lw=0)
        axis.annotate(
            f"{step.name} {step.node}",
            (centre, DATA_PART),
            xycoords="axes fraction",
            xytext=(name_at, 0.985),
            textcoords="axes fraction",
            rotation=90,
            ha="center",
            va="top",
            fontsize=7.5,
            arrowprops=LEADER,
        )


def spread(positions: Sequence[float], spacing: float) -> list[float]:
    """Move ascending positions in 0 to 1 apart to at least `spacing`."""
    placed: list[float] = []
    for position in positions:
        placed.append(max(position, placed[-1] + spacing) if placed else position)
    ceiling = 1.0
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - spacing
    return placed


def _seconds(at_ns: NDArray[np.uint64], origin_ns: int) -> NDArray[np.float64]:
    return (at_ns.astype(np.int64) - origin_ns) / 1e9


def _span_s(move: Move, origin_ns: int) -> tuple[float, float]:
    window = move.migration.window
    return (window.start_ns - origin_ns) / 1e9, (window.end_ns - origin_ns) / 1e9
