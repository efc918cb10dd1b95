"""Two-rate three-colour meters (RFC 2698, colour-blind), as BMv2 computes them.

Tokens are reckoned from the time at which the meter was configured, with integers, so that nothing
is lost however often a meter runs.
"""

from __future__ import annotations

from time import monotonic_ns

GREEN, YELLOW, RED = 0, 1, 2

Rates = tuple[int, int, int, int]
"""CIR, CBS, PIR, PBS: rates per second, bursts in the same unit (packets or bytes)."""


class _Bucket:
    __slots__ = ("burst", "filled", "rate", "tokens")

    def __init__(self, rate: int, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self.tokens = burst
        self.filled = 0
        """Tokens that have come in since the start."""

    def take(self, amount: int, elapsed_us: int) -> bool:
        total = elapsed_us * self.rate // 1_000_000
        tokens = min(self.tokens + total - self.filled, self.burst)
        self.filled = total
        if tokens < amount:
            self.tokens = tokens
            return False
        self.tokens = tokens - amount
        return True


class Meter:
    """A configured meter."""

    __slots__ = ("_committed", "_peak", "_start_ns", "rates")

    def __init__(self, rates: Rates, now_ns: int) -> None:
        self.rates: Rates | None = rates
        self._committed = _Bucket(rates[0], rates[1])
        self._peak = _Bucket(rates[2], rates[3])
        self._start_ns = now_ns

    def mark(self, amount: int) -> int:
        """The colour of a packet of that size: 0 green, 1 yellow, 2 red."""
        return self.mark_at(amount, monotonic_ns())

    def mark_at(self, amount: int, now_ns: int) -> int:
        """The colour of a packet that comes at that time."""
        elapsed_us = (now_ns - self._start_ns) // 1000
        if not self._peak.take(amount, elapsed_us):
            return RED
        return GREEN if self._committed.take(amount, elapsed_us) else YELLOW


class _Unset(Meter):
    """A meter that is not configured: everything is green."""

    __slots__ = ()

    def __init__(self) -> None:
        self.rates = None

    def mark_at(self, amount: int, now_ns: int) -> int:
        """Green."""
        return GREEN

    def mark(self, amount: int) -> int:
        """Green."""
        return GREEN


UNSET = _Unset()
