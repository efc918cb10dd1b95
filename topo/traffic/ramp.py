"""How a flow's rate changes with time: a factor, in straight lines between points.

Choice: due times are found from the integral of the factor in closed form, so a packet's deadline
depends on its number alone, never adds up an error, and costs the generator a few microseconds.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True)
class Ramp:
    """A factor on a rate; each point is seconds since the start, and the factor there.

    Before the first point the factor is that of the first, after the last that of the last.
    """

    points: tuple[tuple[float, float], ...] = ((0.0, 1.0),)

    def __post_init__(self) -> None:
        """Refuse a time table that does not go forward, and factors that would stop a flow."""
        times = [at_s for at_s, _ in self.points]
        if not times or times[0] != 0 or any(b <= a for a, b in pairwise(times)):
            raise ValueError(f"a ramp's points begin at 0 s and go forward, not {times}")
        if any(factor <= 0 for _, factor in self.points):
            raise ValueError(f"a ramp's factors are above 0, not {self.points}")

    @property
    def constant(self) -> bool:
        """Whether the rate is just what it is."""
        return all(factor == 1 for _, factor in self.points)

    def factor(self, at_s: float) -> float:
        """Return the factor at a time."""
        index = max(bisect_right(self.points, (at_s, math.inf)) - 1, 0)
        since_s, factor = self.points[index]
        return factor + self._slopes[index] * (at_s - since_s)

    def seconds_until(self, area_s: float) -> float:
        """Return when the integral of the factor reaches `area_s`, a time at factor 1."""
        index = max(bisect_right(self._areas_s, area_s) - 1, 0)
        since_s, factor = self.points[index]
        rest_s = area_s - self._areas_s[index]
        # The root of slope / 2 * t^2 + factor * t = rest, in the form that slope 0 does not break.
        root = math.sqrt(max(factor * factor + 2 * self._slopes[index] * rest_s, 0.0))
        return since_s + 2 * rest_s / (factor + root)

    @cached_property
    def _slopes(self) -> tuple[float, ...]:
        """Change of the factor per second, from each point on."""
        slopes = [(g - f) / (u - t) for (t, f), (u, g) in pairwise(self.points)]
        return (*slopes, 0.0)

    @cached_property
    def _areas_s(self) -> tuple[float, ...]:
        """The integral of the factor up to each point."""

        def sums() -> Iterator[float]:
            total = 0.0
            yield total
            for (t, f), (u, g) in pairwise(self.points):
                total += (u - t) * (f + g) / 2
                yield total

        return tuple(sums())
