"""Look-up structures: dictionaries for exact, one per prefix length for LPM, one per mask else.

Every table has `find`, the look-up that generated code calls with a packet's key (laid out by
`switch.runtime.keys`), and the same operations for the control plane. Where several entries of a
ternary or range table match, the highest priority wins, and among equals the oldest, as on BMv2.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from operator import attrgetter, itemgetter
from typing import Protocol

from switch.runtime.entries import NO_ACTION, Entry
from switch.runtime.keys import Encoded, Interval

CACHED_KEYS = 1024
"""Packet keys whose result a table with many masks remembers; forgotten all at once when full."""

MASKS_WORTH_CACHING = 4

_UNKNOWN = Entry(NO_ACTION, ())


class RuntimeTable(Protocol):
    """What all look-up structures have in common."""

    default: Entry
    count: int
    """How many entries there are."""
    find: Callable[[object], Entry | None]

    def get(self, key: Encoded, priority: int) -> Entry | None:
        """The entry of that name."""

    def insert(self, key: Encoded, priority: int, entry: Entry) -> None:
        """Add an entry that is not there yet."""

    def remove(self, key: Encoded, priority: int) -> None:
        """Remove an entry that is there."""

    def entries(self) -> Iterator[Entry]:
        """All entries."""

    def drop_some(self, count: int) -> bool:
        """Free up to so many entries of a table that is no longer used; False if none is left."""


class ExactTable:
    """One dictionary."""

    def __init__(self) -> None:
        self.default = Entry(NO_ACTION, ())
        self.count = 0
        self._entries: dict[object, Entry] = {}
        self.find = self._entries.get

    def get(self, key: Encoded, priority: int) -> Entry | None:
        """See `RuntimeTable`."""
        return self._entries.get(key)

    def insert(self, key: Encoded, priority: int, entry: Entry) -> None:
        """See `RuntimeTable`."""
        self._entries[key] = entry
        self.count += 1

    def remove(self, key: Encoded, priority: int) -> None:
        """See `RuntimeTable`."""
        del self._entries[key]
        self.count -= 1

    def entries(self) -> Iterator[Entry]:
        """See `RuntimeTable`."""
        yield from self._entries.values()

    def drop_some(self, count: int) -> bool:
        """See `RuntimeTable`."""
        return _drop_some(self._entries, count)


class LpmTable:
    """One dictionary per prefix length, the longest first."""

    def __init__(self) -> None:
        self.default = Entry(NO_ACTION, ())
        self.count = 0
        self._by_mask: dict[int, dict[int, Entry]] = {}
        self._levels: list[tuple[int, Callable[[int], Entry | None]]] = []

    def find(self, key: int) -> Entry | None:
        """The entry with the longest prefix that matches."""
        for mask, get in self._levels:
            entry = get(key & mask)
            if entry is not None:
                return entry
        return None

    def get(self, key: Encoded, priority: int) -> Entry | None:
        """See `RuntimeTable`."""
        value, mask = key
        return self._by_mask.get(mask, {}).get(value)

    def insert(self, key: Encoded, priority: int, entry: Entry) -> None:
        """See `RuntimeTable`."""
        value, mask = key
        if mask not in self._by_mask:
            self._by_mask[mask] = {}
            self._order()
        self._by_mask[mask][value] = entry
        self.count += 1

    def remove(self, key: Encoded, priority: int) -> None:
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
        return _drop_from_groups(self._by_mask, count)

    def _order(self) -> None:
        masks = sorted(self._by_mask, reverse=True)
        self._levels = [(mask, self._by_mask[mask].get) for mask in masks]


class _RankedTable:
    """Entries grouped by mask, groups by their best entry. What ternary and range tables share."""

    def __init__(self) -> None:
        self.default = Entry(NO_ACTION, ())
        self.count = 0
        self._named: dict[tuple[Encoded, int], Entry] = {}
        self._cache: dict[int, Entry | None] = {}
        self._caching = False
        self._inserted = 0

    def find(self, key: int) -> Entry | None:
        """The best entry that matches."""
        if not self._caching:
            return self._search(key)
        found = self._cache.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            found = self._search(key)
            if len(self._cache) >= CACHED_KEYS:
                self._cache.clear()
            self._cache[key] = found
        return found

    def get(self, key: Encoded, priority: int) -> Entry | None:
        """See `RuntimeTable`."""
        return self._named.get((key, priority))

    def insert(self, key: Encoded, priority: int, entry: Entry) -> None:
        """See `RuntimeTable`."""
        self._inserted += 1
        entry.rank = priority << 48 | ((1 << 48) - self._inserted)
        self._named[key, priority] = entry
        self._add(key, entry)
        self.count += 1
        self._changed()

    def remove(self, key: Encoded, priority: int) -> None:
        """See `RuntimeTable`."""
        self._discard(key, self._named.pop((key, priority)))
        self.count -= 1
        self._changed()

    def entries(self) -> Iterator[Entry]:
        """See `RuntimeTable`."""
        yield from self._named.values()

    def _changed(self) -> None:
        self._cache.clear()
        self._caching = self._group_count() > MASKS_WORTH_CACHING

    def _search(self, key: int) -> Entry | None:
        raise NotImplementedError

    def _add(self, key: Encoded, entry: Entry) -> None:
        raise NotImplementedError

    def _discard(self, key: Encoded, entry: Entry) -> None:
        raise NotImplementedError

    def _group_count(self) -> int:
        raise NotImplementedError


class TernaryTable(_RankedTable):
    """One dictionary per mask, from masked key to the best entry of that key."""

    def __init__(self) -> None:
        super().__init__()
        self._best: dict[int, dict[int, Entry]] = {}
        self._highest: dict[int, int] = {}
        """For each mask a rank that no entry of it exceeds."""
        self._same: dict[tuple[int, int], list[Entry]] = {}
        """Entries by value and mask, worst first."""
        self._groups: list[tuple[int, int, Callable[[int], Entry | None]]] = []
        """Highest rank, mask and look-up of each group, best first; made when it is needed."""

    def _search(self, key: int) -> Entry | None:
        best, rank = None, -1
        for highest, mask, get in self._groups or self._order():
            if highest < rank:
                break
            entry = get(key & mask)
            if entry is not None and entry.rank > rank:
                best, rank = entry, entry.rank
        return best

    def _order(self) -> list[tuple[int, int, Callable[[int], Entry | None]]]:
        groups = ((self._highest[mask], mask, group.get) for mask, group in self._best.items())
        self._groups = sorted(groups, key=itemgetter(0), reverse=True)
        return self._groups

    def _add(self, key: Encoded, entry: Entry) -> None:
        value, mask, _ = key
        same = self._same.setdefault((value, mask), [])
        insort(same, entry, key=attrgetter("rank"))
        self._best.setdefault(mask, {})[value] = same[-1]
        self._highest[mask] = max(self._highest.get(mask, 0), entry.rank)
        self._groups = []

    def _discard(self, key: Encoded, entry: Entry) -> None:
        value, mask, _ = key
        same = self._same[value, mask]
        same.remove(entry)
        if same:
            self._best[mask][value] = same[-1]
            return
        del self._same[value, mask]
        del self._best[mask][value]
        if not self._best[mask]:
            del self._best[mask], self._highest[mask]
            self._groups = []

    def _group_count(self) -> int:
        return len(self._best)

    def drop_some(self, count: int) -> bool:
        """See `RuntimeTable`."""
        self._groups = []
        return (
            _drop_some(self._named, count)
            or _drop_some(self._same, count)
            or _drop_from_groups(self._best, count)
        )


class RangeTable(_RankedTable):
    """One dictionary per mask of the other fields, from masked key to entries with intervals."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[int, dict[int, list[tuple[Entry, tuple[Interval, ...]]]]] = {}

    def _search(self, key: int) -> Entry | None:
        best, rank = None, -1
        for mask, group in self._groups.items():
            for entry, intervals in group.get(key & mask, ()):
                if entry.rank < rank:
                    break
                if _inside(key, intervals):
                    best, rank = entry, entry.rank
                    break
        return best

    def _add(self, key: Encoded, entry: Entry) -> None:
        value, mask, intervals = key
        same = self._groups.setdefault(mask, {}).setdefault(value, [])
        insort(same, (entry, intervals), key=lambda item: -item[0].rank)

    def _discard(self, key: Encoded, entry: Entry) -> None:
        value, mask, intervals = key
        group = self._groups[mask]
        group[value].remove((entry, intervals))
        if not group[value]:
            del group[value]
        if not group:
            del self._groups[mask]

    def _group_count(self) -> int:
        return len(self._named)

    def drop_some(self, count: int) -> bool:
        """See `RuntimeTable`."""
        return _drop_some(self._named, count) or _drop_from_groups(self._groups, count)


def _inside(key: int, intervals: tuple[Interval, ...]) -> bool:
    return all(low <= (key >> shift) & full <= high for shift, full, low, high in intervals)


def _drop_some(entries: dict, count: int) -> bool:
    """Free up to so many items of a dictionary; False if it was empty."""
    if not entries:
        return False
    for _ in range(min(count, len(entries))):
        entries.popitem()
    return True


def _drop_from_groups(groups: dict, count: int) -> bool:
    while groups:
        mask, group = next(iter(groups.items()))
        if _drop_some(group, count):
            return True
        del groups[mask]
    return False


TABLES: dict[str, type[ExactTable] | type[LpmTable] | type[TernaryTable] | type[RangeTable]] = {
    "exact": ExactTable,
    "lpm": LpmTable,
    "ternary": TernaryTable,
    "range": RangeTable,
}
