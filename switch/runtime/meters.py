"""Two-rate three-colour meters (RFC 2698, colour-blind), as BMv2 computes them.

Tokens are reckoned from the time at which the meter was configured, with integers, so that nothing
is lost however often a meter runs. What was marked is counted by colour, but for meters that nobody
has ever written to: these are all one object.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic_ns

GREEN, YELLOW, RED = 0, 1, 2

Counts = tuple[int, ...]
"""Packets and bytes that were marked green, yellow and red: six numbers."""

Rates = tuple[int, int, int, int]
"""CIR, CBS, PIR, PBS: rates per second, bursts in the same unit (packets or bytes)."""

_NOTHING: Counts = (0, 0, 0, 0, 0, 0)


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
    """A meter that counts. Without rates everything is green."""

    __slots__ = ("_committed", "_counts", "_peak", "_start_ns", "rates")

    def __init__(self, rates: Rates | None, now_ns: int, counts: Iterable[int] = _NOTHING) -> None:
        self.rates = rates
        self._counts = list(counts)
        self._committed = _Bucket(*rates[:2]) if rates else None
        self._peak = _Bucket(*rates[2:]) if rates else None
        self._start_ns = now_ns

    @property
    def counts(self) -> Counts:
        """What was marked so far."""
        return tuple(self._counts)

    def mark(self, amount: int, length: int) -> int:
        """The colour of a packet: 0 green, 1 yellow, 2 red.

        `amount` is what it takes of the buckets, 1 or its bytes; `length` its bytes.
        """
        return self.mark_at(amount, length, monotonic_ns())

    def mark_at(self, amount: int, length: int, now_ns: int) -> int:
        """The colour of a packet that comes at that time."""
        colour = self._colour(amount, (now_ns - self._start_ns) // 1000)
        self._counts[2 * colour] += 1
        self._counts[2 * colour + 1] += length
        return colour

    def _colour(self, amount: int, elapsed_us: int) -> int:
        if self._peak is None or self._committed is None:
            return GREEN
        if not self._peak.take(amount, elapsed_us):
            return RED
        return GREEN if self._committed.take(amount, elapsed_us) else YELLOW


class _Untouched(Meter):
    """A meter that nobody has written to: everything is green, nothing is counted."""

    __slots__ = ()

    def mark_at(self, amount: int, length: int, now_ns: int) -> int:
        """Green."""
        return GREEN

    def mark(self, amount: int, length: int) -> int:
        """Green."""
        return GREEN


UNSET = _Untouched(None, 0)


def rewritten(former: Meter, rates: Rates | None, counts: Counts | None) -> Meter:
    """What a meter becomes when a controller writes to it; without `counts` these stay."""
    kept = former.counts if counts is None else counts
    if rates is None and not any(kept):
        return UNSET
    return Meter(rates, monotonic_ns(), kept)
