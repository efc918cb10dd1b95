"""Ranges as what the data plane's value sets match: values with masks."""

from __future__ import annotations

from collections.abc import Iterator


def prefixes(low: int, high: int, width: int) -> Iterator[tuple[int, int]]:
    """The fewest values and masks that together match `low` to `high`, both included.

    Each is the largest aligned block that begins where the one before ended; there are at most
    2 * width - 2.
    """
    ones = (1 << width) - 1
    while low <= high:
        size = low & -low or 1 << width
        while size > high - low + 1:
            size >>= 1
        yield low, ones ^ (size - 1)
        low += size
