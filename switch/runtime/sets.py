"""Parser value sets."""

from __future__ import annotations

from collections.abc import Sequence


class RuntimeValueSet:
    """Values (with masks) that a select expression is compared with."""

    __slots__ = ("_exact", "_full", "_masked", "_members")

    def __init__(self, width: int) -> None:
        self._full = (1 << width) - 1
        self._members: tuple[tuple[int, int], ...] = ()
        self._exact: frozenset[int] = frozenset()
        self._masked: tuple[tuple[int, int], ...] = ()

    def replace(self, members: Sequence[tuple[int, int]]) -> None:
        """Set all members: values and masks."""
        self._members = tuple(members)
        self._exact = frozenset(value for value, mask in members if mask == self._full)
        self._masked = tuple(member for member in members if member[1] != self._full)

    def holds(self, key: int) -> bool:
        """Whether a member matches."""
        return key in self._exact or any(key & mask == value for value, mask in self._masked)

    def holds_masked(self, key: int, static: int) -> bool:
        """Whether a member matches under a mask of the P4 source."""
        return any(key & mask & static == value & static for value, mask in self._members)
