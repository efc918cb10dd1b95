"""The figures of one switch or two, side by side, and whether the targets are reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmark.control import P4RUNTIME, THRIFT
from tests.benchmark.figures import (
    BATCHES,
    FIREWALL,
    L2,
    LPM,
    RELOAD_LOST,
    TERNARY,
    Figures,
    entries_title,
    latency_title,
    loss_free_title,
    registers_title,
    reload_title,
)

TIMES_BMV2 = 4.0
L2_PPS = 100_000
LOOKUP_US = 5.0
RELOAD_TIMES_P99 = 1.5
RELOAD_MORE_US = 2000.0


@dataclass(frozen=True)
class Target:
    """Something to reach, and what was reached."""

    title: str
    is_reached: bool
    found: float
    wanted: float


def targets(embedded: Figures, bmv2: Figures | None, sizes: Sequence[int]) -> Iterator[Target]:
    """The targets that can be judged; those that compare need BMv2's figures."""
    l2 = loss_free_title(L2, min(sizes))
    yield _at_least(l2, embedded, L2_PPS)
    yield _at_most(TERNARY, embedded, LOOKUP_US)
    yield _at_most(LPM, embedded, LOOKUP_US)
    yield from _reload_targets(embedded)
    if bmv2 is None:
        return
    for title in (l2, *(loss_free_title(FIREWALL, size) for size in sizes)):
        yield _at_least(title, embedded, TIMES_BMV2 * bmv2.values[title])
    for size in sizes:
        title = latency_title(size, "p99")
        yield _at_most(title, embedded, bmv2.values[title])
    for batch in BATCHES:
        title = entries_title(batch)
        yield _at_least(title, embedded, bmv2.values[title])
    for done in ("read", "written"):  # each switch the way that is quickest
        title = registers_title(done, THRIFT)
        best = max((title, registers_title(done, P4RUNTIME)), key=embedded.values.__getitem__)
        yield _at_least(best, embedded, bmv2.values[title])


def _reload_targets(embedded: Figures) -> Iterator[Target]:
    yield _at_most(RELOAD_LOST, embedded, 0)
    before = {which: embedded.values[reload_title("before", which)] for which in ("p99", "max")}
    yield _at_most(reload_title("during", "p99"), embedded, RELOAD_TIMES_P99 * before["p99"])
    yield _at_most(reload_title("during", "max"), embedded, before["max"] + RELOAD_MORE_US)


def text(switches: Sequence[Figures], judged: Sequence[Target]) -> str:
    """A table of all figures, then the targets."""
    titles = list(dict.fromkeys(title for figures in switches for title in figures.values))
    width = max(map(len, titles))
    lines = [" " * width + "".join(f"{figures.switch:>14}" for figures in switches)]
    for title in titles:
        cells = "".join(f"{_cell(figures, title):>14}" for figures in switches)
        lines.append(f"{title:{width}}{cells}")
    lines.append("")
    for target in judged:
        word = "reached" if target.is_reached else "MISSED "
        lines.append(f"{word}  {target.title}: {target.found:,.1f}, target {target.wanted:,.1f}")
    return "\n".join(lines)


def as_dict(switches: Sequence[Figures], judged: Sequence[Target]) -> dict[str, Any]:
    """The same as JSON has it."""
    return {
        "figures": {figures.switch: figures.values for figures in switches},
        "targets": [vars(target) for target in judged],
    }


def _at_least(title: str, figures: Figures, wanted: float) -> Target:
    return Target(title, figures.values[title] >= wanted, figures.values[title], wanted)


def _at_most(title: str, figures: Figures, wanted: float) -> Target:
    return Target(title, figures.values[title] <= wanted, figures.values[title], wanted)


def _cell(figures: Figures, title: str) -> str:
    return f"{figures.values[title]:,.1f}" if title in figures.values else "-"
