"""Whether something grew. Pure: it looks at samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

ALLOWED_MB = 3.0
"""What allocators do by themselves when programs come and go. 40 bytes kept of each of 10,000
packets/s show after eight seconds, a program that is not freed after three reloads."""


@dataclass(frozen=True)
class Sample:
    """What a switch holds at a moment."""

    memory_mb: float
    descriptors: int


def memory_growth_mb(samples: Sequence[Sample]) -> float:
    """From the first fifth of the samples to the last fifth, by their medians."""
    part = max(1, len(samples) // 5)
    before, after = samples[:part], samples[-part:]
    return median(s.memory_mb for s in after) - median(s.memory_mb for s in before)


def findings(samples: Sequence[Sample]) -> list[str]:
    """What grew, in words; [] if nothing did."""
    found = []
    grown_mb = memory_growth_mb(samples)
    if grown_mb > ALLOWED_MB:
        found.append(f"memory grew by {grown_mb:.1f} MB (at most {ALLOWED_MB:g})")
    first, last = samples[0].descriptors, samples[-1].descriptors
    if last > first:
        found.append(f"{last} descriptors are open at the end, {first} were at the beginning")
    return found
