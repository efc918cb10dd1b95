"""Whether something grew. Pure: it looks at samples.

What leaks goes on growing: in the second half of the samples as in the first, and the second half
lies above the first by as much. Memory that levels out fails the one, memory that goes to and fro
the other, so growth is the least of the three. Trends are Theil and Sen's (the median of the slopes
between any two samples), which a few samples far off do not bend. A tooth of a saw must be shorter
than a quarter of the time, else nothing tells it from growth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median, quantiles

ALLOWED_MB = 1.0
"""Besides the noise: what is still warm-up in a run of some seconds. In a long one it is 100 bytes
kept of each of 10,000 connections, a fifth of a byte of each of 6,000,000 packets."""

LEAST_SAMPLES = 8


@dataclass(frozen=True)
class Sample:
    """What a switch holds at a moment."""

    memory_mb: dict[str, float]
    """By process."""
    descriptors: int


@dataclass(frozen=True)
class Growth:
    """How the memory of one process went, in MB."""

    first: float
    """The median of the first half."""
    last: float
    """The median of the second half."""
    growth: float
    """What goes on growing, over the whole time."""
    noise: float
    """Between the quartiles of what is left without the trends of the halves."""

    @property
    def is_leak(self) -> bool:
        """Whether it is more than noise and allowance."""
        return self.growth > ALLOWED_MB + self.noise

    def __str__(self) -> str:
        return (
            f"{self.first:.2f} MB in the first half, {self.last:.2f} in the second; goes on "
            f"growing by {self.growth:.2f} (at most {ALLOWED_MB:g} and {self.noise:.2f} of noise)"
        )


def growth_of(memory_mb: Sequence[float]) -> Growth:
    """Judge samples in equal intervals, at least `LEAST_SAMPLES`."""
    if len(memory_mb) < LEAST_SAMPLES:
        raise ValueError(f"{len(memory_mb)} samples say nothing; take {LEAST_SAMPLES} or more")
    size = len(memory_mb) // 2
    halves = (memory_mb[:size], memory_mb[-size:])
    slopes = [_slope(half) for half in halves]
    first, last = map(median, halves)
    growth = 2 * min(*(slope * size for slope in slopes), last - first)
    left = [rest for half, slope in zip(halves, slopes, strict=True) for rest in _rest(half, slope)]
    low, _, high = quantiles(left, n=4)
    return Growth(first, last, growth, high - low)


def memory_growth(samples: Sequence[Sample]) -> dict[str, Growth]:
    """By process."""
    return {
        process: growth_of([sample.memory_mb[process] for sample in samples])
        for process in samples[0].memory_mb
    }


def findings(samples: Sequence[Sample]) -> list[str]:
    """What grew, in words; [] if nothing did."""
    found = [
        f"memory of the {process}: {growth}"
        for process, growth in memory_growth(samples).items()
        if growth.is_leak
    ]
    first, last = samples[0].descriptors, samples[-1].descriptors
    if last > first:
        found.append(f"{last} descriptors are open at the end, {first} were at the beginning")
    return found


def _slope(values: Sequence[float]) -> float:
    """The trend, from one sample to the next."""
    pairs = combinations(enumerate(values), 2)
    return median((later - earlier) / (j - i) for (i, earlier), (j, later) in pairs)


def _rest(values: Sequence[float], slope: float) -> Iterator[float]:
    """What is left of samples without their trend and their level."""
    level = [value - slope * place for place, value in enumerate(values)]
    middle = median(level)
    return (value - middle for value in level)
