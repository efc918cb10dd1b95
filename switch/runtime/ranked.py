"""Ternary and range tables: one dictionary per mask.

Where several entries match, the highest priority wins, and among equals the oldest, as on BMv2.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from typing import Any

from switch.runtime.entries import NO_ACTION, Entry
from switch.runtime.keys import Interval, RankedKey
from switch.runtime.tables import ExactTable, LpmTable, RuntimeTable, drop_from_groups, drop_some

CACHED_KEYS = 1024
"""Packet keys whose result a table with many masks remembers; forgotten all at once when full."""

MASKS_WORTH_CACHING = 4

_UNKNOWN = Entry(NO_ACTION, ())


class _RankedTable(RuntimeTable[RankedKey]):
    """Entries grouped by mask, groups by their best entry. What ternary and range tables share."""

    def __init__(self) -> None:
        self.default = Entry(NO_ACTION, ())
        self.count = 0
        self._named: dict[tuple[RankedKey, int], Entry] = {}
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

    def get(self, key: RankedKey, priority: int) -> Entry | None:
        """See `RuntimeTable`."""
        return self._named.get((key, priority))

    def insert(self, key: RankedKey, priority: int, entry: Entry) -> None:
        """See `RuntimeTable`."""
        self._inserted += 1
        entry.rank = priority << 48 | ((1 << 48) - self._inserted)
        self._named[key, priority] = entry
        self._add(key, entry)
        self.count += 1
        self._changed()

    def remove(self, key: RankedKey, priority: int) -> None:
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

    def _add(self, key: RankedKey, entry: Entry) -> None:
        raise NotImplementedError

    def _discard(self, key: RankedKey, entry: Entry) -> None:
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
        self._groups: list[tuple[int, dict[int, Entry], int]] = []
        """Mask, entries and highest rank of each group, best first; made when it is needed."""

    def _search(self, key: int) -> Entry | None:
        groups = iter(self._groups or self._order())
        for mask, group, _ in groups:  # most groups have nothing: `in` is cheaper than a call
            if (cut := key & mask) in group:
                best = group[cut]
                break
        else:
            return None
        for mask, group, highest in groups:
            if highest < best.rank:
                break
            if (cut := key & mask) in group and group[cut].rank > best.rank:
                best = group[cut]
        return best

    def _order(self) -> list[tuple[int, dict[int, Entry], int]]:
        groups = ((mask, group, self._highest[mask]) for mask, group in self._best.items())
        self._groups = sorted(groups, key=itemgetter(2), reverse=True)
        return self._groups

    def _add(self, key: RankedKey, entry: Entry) -> None:
        value, mask, _ = key
        same = self._same.setdefault((value, mask), [])
        insort(same, entry, key=attrgetter("rank"))
        self._best.setdefault(mask, {})[value] = same[-1]
        self._highest[mask] = max(self._highest.get(mask, 0), entry.rank)
        self._groups = []

    def _discard(self, key: RankedKey, entry: Entry) -> None:
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
            drop_some(self._named, count)
            or drop_some(self._same, count)
            or drop_from_groups(self._best, count)
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

    def _add(self, key: RankedKey, entry: Entry) -> None:
        value, mask, intervals = key
        same = self._groups.setdefault(mask, {}).setdefault(value, [])
        insort(same, (entry, intervals), key=lambda item: -item[0].rank)

    def _discard(self, key: RankedKey, entry: Entry) -> None:
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
        return drop_some(self._named, count) or drop_from_groups(self._groups, count)


def _inside(key: int, intervals: tuple[Interval, ...]) -> bool:
    return all(low <= (key >> shift) & full <= high for shift, full, low, high in intervals)


TABLES: dict[str, type[RuntimeTable[Any]]] = {
    "exact": ExactTable,
    "lpm": LpmTable,
    "ternary": TernaryTable,
    "range": RangeTable,
}
