"""The figures of one switch or two, side by side, and whether the targets are reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmark.figures import (
    BATCHES,
    FIREWALL,
    L2,
    REGISTERS_READ,
    REGISTERS_WRITTEN,
    Figures,
    entries_title,
    latency_title,
    loss_free_title,
)

TIMES_BMV2 = 4.0
L2_PPS = 100_000


@dataclass(frozen=True)
class Target:
    """Something to reach, and what was reached."""

    title: str
    is_reached: bool
    found: float
    wanted: float


def targets(embedded: Figures, bmv2: Figures | None, sizes: Sequence[int]) -> Iterator[Target]:
    """The targets that can be judged; those that compare need BMv2's figures."""
    smallest = loss_free_title(L2, min(sizes))
    yield _at_least(smallest, embedded, L2_PPS)
    if bmv2 is None:
        return
    for size in sizes:
        for program in (FIREWALL, L2):
            title = loss_free_title(program, size)
            yield _at_least(title, embedded, TIMES_BMV2 * bmv2.values[title])
        title = latency_title(size, "p99")
        found, wanted = embedded.values[title], bmv2.values[title]
        yield Target(title, found <= wanted, found, wanted)
    rates = [*(entries_title(batch) for batch in BATCHES), REGISTERS_READ, REGISTERS_WRITTEN]
    for title in rates:
        yield _at_least(title, embedded, bmv2.values[title])


def text(switches: Sequence[Figures], judged: Sequence[Target]) -> str:
    """A table of all figures, then the targets."""
    titles = list(switches[0].values)
    width = max(map(len, titles))
    lines = [" " * width + "".join(f"{figures.switch:>14}" for figures in switches)]
    for title in titles:
        cells = "".join(f"{figures.values[title]:14,.1f}" for figures in switches)
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
