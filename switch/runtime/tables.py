"""Look-up structures: a dictionary for exact tables, one per prefix length for LPM tables.

Every table has `find`, the look-up that generated code calls with a packet's key (laid out by
`switch.runtime.keys`), and the same operations for the control plane. Ternary and range tables are
in `switch.runtime.ranked`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from switch.runtime.entries import NO_ACTION, Entry
from switch.runtime.keys import ExactKey, LpmKey

_K = TypeVar("_K", contravariant=True)


class RuntimeTable(Protocol[_K]):
    """What all look-up structures have in common; keys have the form that their kind has."""

    default: Entry
    count: int
    """How many entries there are."""
    find: Callable[[Any], Entry | None]

    def get(self, key: _K, priority: int) -> Entry | None:
        """The entry of that name."""

    def insert(self, key: _K, priority: int, entry: Entry) -> None:
        """Add an entry that is not there yet."""

    def insert_many(
        self, keys: Sequence[_K], priorities: Sequence[int], entries: Iterator[Entry]
    ) -> int:
        """Add entries up to the first that is there already; how many were added."""
        for place, (key, priority) in enumerate(zip(keys, priorities, strict=True)):
            if self.get(key, priority) is not None:
                return place
            self.insert(key, priority, next(entries))
        return len(keys)

    def remove(self, key: _K, priority: int) -> None:
        """Remove an entry that is there."""

    def entries(self) -> Iterator[Entry]:
        """All entries."""

    def drop_some(self, count: int) -> bool:
        """Free up to so many entries of a table that is no longer used; False if none is left."""


class ExactTable(RuntimeTable[ExactKey]):
    """One dictionary."""

    def __init__(self) -> None:
        self.default = Entry(NO_ACTION, ())
        self.count = 0
        self._entries: dict[object, Entry] = {}
        self.find = self._entries.get

    def get(self, key: ExactKey, priority: int) -> Entry | None:
        """See `RuntimeTable`."""
        return self._entries.get(key)

    def insert(self, key: ExactKey, priority: int, entry: Entry) -> None:
        """See `RuntimeTable`."""
        self._entries[key] = entry
        self.count += 1

    def insert_many(
        self, keys: Sequence[ExactKey], priorities: Sequence[int], entries: Iterator[Entry]
    ) -> int:
        """See `RuntimeTable`."""
        add, added = self._entries.setdefault, 0
        for key, entry in zip(keys, entries, strict=False):
            if add(key, entry) is not entry:
                break
            added += 1
        self.count += added
        return added

    def remove(self, key: ExactKey, priority: int) -> None:
        """See `RuntimeTable`."""
        del self._entries[key]
        self.count -= 1

    def entries(self) -> Iterator[Entry]:
        """See `RuntimeTable`."""
        yield from self._entries.values()

    def drop_some(self, count: int) -> bool:
        """See `RuntimeTable`."""
        return drop_some(self._entries, count)


class LpmTable(RuntimeTable[LpmKey]):
    """One dictionary per prefix length, the longest first."""

    def __init__(self) -> None:
        self.default = Entry(NO_ACTION, ())
        self.count = 0
        self._by_mask: dict[int, dict[int, Entry]] = {}
        self._levels: list[tuple[int, dict[int, Entry]]] = []

    def find(self, key: int) -> Entry | None:
        """The entry with the longest prefix that matches."""
        for mask, level in self._levels:  # most levels have nothing: `in` is cheaper than a call
            if (cut := key & mask) in level:
                return level[cut]
        return None

    def get(self, key: LpmKey, priority: int) -> Entry | None:
        """See `RuntimeTable`."""
        value, mask = key
        return self._by_mask.get(mask, {}).get(value)

    def insert(self, key: LpmKey, priority: int, entry: Entry) -> None:
        """See `RuntimeTable`."""
        value, mask = key
        if mask not in self._by_mask:
            self._by_mask[mask] = {}
            self._order()
        self._by_mask[mask][value] = entry
        self.count += 1

    def remove(self, key: LpmKey, priority: int) -> None:
        """See `RuntimeTable`."""
        value, mask = key
        del self._by_mask[mask][value]
        self.count -= 1
        if not self._by_mask[mask]:
            del self._by_mask[mask]
            self._order()

    def entries(self) -> Iterator[Entry]:
        """See `RuntimeTable`."""
        for level in self._by_mask.values():
            yield from level.values()

    def drop_some(self, count: int) -> bool:
        """See `RuntimeTable`."""
        return drop_from_groups(self._by_mask, count)

    def _order(self) -> None:
        masks = sorted(self._by_mask, reverse=True)
        self._levels = [(mask, self._by_mask[mask]) for mask in masks]


def drop_some(entries: dict, count: int) -> bool:
    """Free up to so many items of a dictionary; False if it was empty."""
    if not entries:
        return False
    for _ in range(min(count, len(entries))):
        entries.popitem()
    return True


def drop_from_groups(groups: dict, count: int) -> bool:
    """Free up to so many items of dictionaries in a dictionary; False if it was empty."""
    while groups:
        mask, group = next(iter(groups.items()))
        if drop_some(group, count):
            return True
        del groups[mask]
    return False
