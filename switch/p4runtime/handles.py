"""Numbers for the entries of a table, by which clients of BMv2's Thrift calls name them.

As in BMv2 a handle is a place in its low 24 bits, the lowest that was free, and above them how
often the place was vacated before: so the handle of an entry that is gone does not fit the next.
P4Runtime names entries by their keys and knows nothing of handles. Entries that it inserts get
theirs when Thrift asks next (`follow`); one that it deletes and inserts in between keeps its own.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)

_PLACE_BITS = 24
_PLACES = 1 << _PLACE_BITS
_VERSIONS = 1 << 8
_SIGN = 1 << 31
"""Thrift's integers have 32 bits and a sign."""


class NoSuchHandleError(Exception):
    """No entry has a handle."""

    def __init__(self, *, is_expired: bool) -> None:
        super().__init__("the entry is gone" if is_expired else "there is no such handle")
        self.is_expired = is_expired
        """Whether another entry has the place now."""


class Places:
    """Numbers of which the lowest that is free is taken next, as BMv2 does it."""

    def __init__(self) -> None:
        self._free: list[int] = []
        """A heap of those that were vacated."""
        self._next = 0

    def take(self) -> int:
        """The next one."""
        if self._free:
            return heappop(self._free)
        self._next += 1
        return self._next - 1

    def vacate(self, place: int) -> None:
        """One is free again."""
        heappush(self._free, place)


class Handles(Generic[_K]):
    """The handles of one table; keys are whatever names its entries."""

    def __init__(self) -> None:
        self._places: dict[_K, int] = {}
        self._keys: dict[int, _K] = {}
        self._vacated: dict[int, int] = {}
        """How often a place was."""
        self._free = Places()

    def __len__(self) -> int:
        return len(self._places)

    def follow(self, keys: Collection[_K]) -> None:
        """Take note of what the keys of the table are now."""
        known = set(keys)
        for gone in [key for key in self._places if key not in known]:
            self.vacate(gone)
        for key in keys:
            if key not in self._places:
                self.take(key)

    def take(self, key: _K) -> int:
        """A handle for a new entry."""
        if key in self._places:  # of one that was deleted without a word
            self.vacate(key)
        place = self._free.take()
        self._places[key] = place
        self._keys[place] = key
        return self._handle(place)

    def vacate(self, key: _K) -> None:
        """An entry is gone."""
        place = self._places.pop(key)
        del self._keys[place]
        self._vacated[place] = (self._vacated.get(place, 0) + 1) % _VERSIONS
        self._free.vacate(place)

    def clear(self) -> None:
        """All entries are gone; handles start anew, as in BMv2."""
        for mapping in (self._places, self._keys, self._vacated):
            mapping.clear()
        self._free = Places()

    def handle(self, key: _K) -> int:
        """The handle of an entry; it gets one if it has none yet."""
        place = self._places.get(key)
        return self.take(key) if place is None else self._handle(place)

    def key(self, handle: int) -> _K:
        """What names the entry with a handle; raises `NoSuchHandleError`."""
        place = handle & (_PLACES - 1)
        if place not in self._keys:
            raise NoSuchHandleError(is_expired=False)
        if self._handle(place) != handle:
            raise NoSuchHandleError(is_expired=True)
        return self._keys[place]

    def in_order(self) -> Iterator[_K]:
        """What names the entries, in the order of their places."""
        return (self._keys[place] for place in sorted(self._keys))

    def _handle(self, place: int) -> int:
        handle = self._vacated.get(place, 0) << _PLACE_BITS | place
        return (handle ^ _SIGN) - _SIGN
