"""Damping of what flaps: the more often it has failed, the longer it has to be good.

As in BGP route flap damping and OSPF's exponential back-off, but simple enough to be predicted by
hand: the hold time after the n-th failure is ``first * 2^(n-1)``, up to a limit; failures are
forgotten when there was none for some time.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Damping:
    """How long something is held back. Immutable; times in seconds."""

    first_s: float
    limit_s: float
    forgive_s: float


@dataclass
class Strikes:
    """The failures of one thing."""

    damping: Damping
    count: int = 0
    last_s: float = 0.0

    def add(self, now: float) -> None:
        """Note a failure."""
        self.count = 1 if self._forgiven(now) else self.count + 1
        self.last_s = now

    def hold_s(self, now: float) -> float:
        """Return how long it has to be good before it counts as good; 0 if it never failed."""
        if not self.count or self._forgiven(now):
            return 0.0
        doublings = min(self.count - 1, 30)  # more would only make the number large
        return min(self.damping.first_s * 2**doublings, self.damping.limit_s)

    def _forgiven(self, now: float) -> bool:
        return self.count > 0 and now - self.last_s > self.damping.forgive_s
