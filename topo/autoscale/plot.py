"""The scenario's picture: load, placement and latency over time, a column for each topology.

Above: each node's measured load, the thresholds, and what is sent in all. In the middle: how many
slots each node enforces. Below: the latency of every packet of F_A, the median of each tenth of a
second, and what was lost or leaked, if anything was. Bands mark migrations. A node has the same
colour in all of a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from topo.autoscale.result import RunResult, all_latencies, flows_of, sent_ns
from topo.autoscale.scenario import BEHAVIOUR, BLOCKED, PASSED
from topo.traffic.accounting import Window

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

NODE_COLOURS = ("#4878a8", "#e8a33d", "#5a9e6f", "#a0569a", "#c2604a", "#4aa3a3", "#8a8a3c")
SENT, THRESHOLD, BAND, MEDIAN, LOST, LEAKED = (
    *("#9a9a9a", "#c02020", "#d8d0c0", "#1a2a3a", "#c02020", "#8020a0"),
)
BIN_S = 0.25
MEDIAN_BIN_S = 0.1
LEAST_BAND_S = 0.06
"""A migration is drawn no narrower, so that it can be seen."""


def draw(runs: Sequence[RunResult], title: str, path: Path) -> None:
    """Draw all runs into a PNG file."""
    figure, rows = plt.subplots(
        3,
        len(runs),
        squeeze=False,
        sharex="col",
        sharey="row",
        figsize=(2.5 + 6.5 * len(runs), 10),
        height_ratios=(1.2, 1, 1.2),
        layout="constrained",
    )
    for column, run in enumerate(runs):
        load, placement, latency = rows[:, column]
        _draw_load(load, run)
        _draw_placement(placement, run)
        _draw_latency(latency, run)
        for axis in rows[:, column]:
            _mark_migrations(axis, run)
            axis.set_xlim(0, _end_s(run))
            axis.grid(True, which="major", alpha=0.25)
        load.set_title(f"{run.scenario.topology}: {_in_short(run)}", fontsize=11)
        latency.set_xlabel("seconds since the first packet")
    for axis, label in zip(
        rows[:, 0],
        ("packets/s", "slots enforced", f"one-way latency of {PASSED}, microseconds"),
        strict=True,
    ):
        axis.set_ylabel(label)
    figure.suptitle(title, fontsize=13)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _in_short(run: RunResult) -> str:
    lost, leaked = run.passed.lost, run.leaked
    return f"{len(run.timeline.migrations)} moves, lost {lost:,}, leaked {leaked:,}"


def _colours(run: RunResult) -> Mapping[str, str]:
    nodes = run.timeline.nodes
    return {node: NODE_COLOURS[i % len(NODE_COLOURS)] for i, node in enumerate(nodes)}


def _draw_load(axis: Axes, run: RunResult) -> None:
    sent_s = _since(sent_ns(run.recording), run)
    edges = np.arange(0, _end_s(run) + BIN_S, BIN_S)
    sent_pps = np.histogram(sent_s, edges)[0] / BIN_S
    axis.fill_between(
        edges[:-1] + BIN_S / 2, sent_pps, color=SENT, alpha=0.25, lw=0, label="sent in all"
    )
    for node, colour in _colours(run).items():
        at_ns, pps = run.timeline.loads.get(node, (np.empty(0, np.int64), np.empty(0)))
        axis.plot(_since(at_ns, run), pps, "-", color=colour, lw=1.6, label=node)
    for limit_pps, name, style in (
        (BEHAVIOUR.high_pps, "upper threshold", "--"),
        (BEHAVIOUR.low_pps, "lower threshold", ":"),
    ):
        axis.axhline(limit_pps, color=THRESHOLD, ls=style, lw=1, label=name)
    axis.set_ylim(0, 1.3 * float(sent_pps.max(initial=BEHAVIOUR.high_pps)))  # room for the legend
    axis.legend(loc="upper left", fontsize=8, framealpha=0.9, ncols=3)


def _draw_placement(axis: Axes, run: RunResult) -> None:
    known = run.timeline.placement()
    starts_s = np.clip(_since(np.array([at for at, _ in known], np.int64), run), 0, None)
    times_s = np.append(starts_s, _end_s(run))
    colours = _colours(run)
    counts = np.array([[slots[node] for _, slots in known] for node in colours])
    axis.stackplot(
        times_s,
        np.hstack([counts, counts[:, -1:]]),
        step="post",
        colors=list(colours.values()),
        labels=list(colours),
        alpha=0.85,
    )
    most = sum(known[0][1].values())
    axis.set_ylim(0, most)
    axis.set_yticks(range(0, most + 1, 4))
    axis.legend(loc="lower left", fontsize=8, framealpha=0.9)


def _draw_latency(axis: Axes, run: RunResult) -> None:
    at_ns, delay_us = all_latencies(run.recording)
    at_s = _since(at_ns, run)
    axis.plot(at_s, delay_us, ",", color=NODE_COLOURS[0], alpha=0.6, rasterized=True)
    bins = (at_s / MEDIAN_BIN_S).astype(int)
    filled, begins = np.unique(bins, return_index=True)
    medians = (
        [float(np.median(part)) for part in np.split(delay_us, begins[1:])] if at_s.size else []
    )
    label = f"median of {MEDIAN_BIN_S:g} s"
    axis.plot((filled + 0.5) * MEDIAN_BIN_S, medians, "-", color=MEDIAN, lw=1.1, label=label)
    _mark_flaws(axis, run)
    axis.set_yscale("log")
    axis.legend(loc="upper left", fontsize=8, framealpha=0.9)


def _mark_flaws(axis: Axes, run: RunResult) -> None:
    lost = [
        record.sent_ns[~np.isin(np.arange(record.sent_ns.size), record.sequences)]
        for record in flows_of(run.recording, PASSED)
    ]
    leaked = [record.sent_ns[record.sequences] for record in flows_of(run.recording, BLOCKED)]
    for times_ns, marker, colour, label in (
        (lost, "x", LOST, f"{PASSED} lost"),
        (leaked, "v", LEAKED, f"{BLOCKED} leaked"),
    ):
        at_s = _since(np.concatenate(times_ns).astype(np.int64), run)
        if at_s.size:
            axis.plot(
                at_s,
                np.full(at_s.size, 0.03),
                marker,
                color=colour,
                transform=axis.get_xaxis_transform(),
                label=f"{label}: {at_s.size:,}",
            )


def _mark_migrations(axis: Axes, run: RunResult) -> None:
    for start_s, end_s in (_span_s(m.window, run) for m in run.timeline.migrations):
        axis.axvspan(
            start_s, max(end_s, start_s + LEAST_BAND_S), color=BAND, alpha=0.7, lw=0, zorder=0
        )


def _end_s(run: RunResult) -> float:
    times_ns = sent_ns(run.recording)
    return float(times_ns[-1] - run.origin_ns) / 1e9 if times_ns.size else 1.0


def _since(at_ns: NDArray[np.int64], run: RunResult) -> NDArray[np.float64]:
    return (at_ns - run.origin_ns) / 1e9


def _span_s(window: Window, run: RunResult) -> tuple[float, float]:
    return (window.start_ns - run.origin_ns) / 1e9, (window.end_ns - run.origin_ns) / 1e9
