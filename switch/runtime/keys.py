"""How a table's keys are laid out, for entries and for packets alike.

- exact tables: the value of the one field, or a tuple of all;
- the others: all fields joined to one number, the first in the highest bits, an LPM field last.
  An entry has a value and a mask over that number; range fields are masked out and kept aside.

The generated code builds the packet's key in the same way (`switch.codegen.tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from switch.p4json.objects import FieldMatch, KeyField, MatchKey, MatchKind, Table

Interval: TypeAlias = tuple[int, int, int, int]
"""Of a range field: how far right it stands, its width as a mask, lowest and highest value."""

ExactKey: TypeAlias = int | tuple[int, ...]
LpmKey: TypeAlias = tuple[int, int]
"""Value and mask."""
RankedKey: TypeAlias = tuple[int, int, tuple[Interval, ...]]
"""Value and mask of all fields but ranges, and the ranges."""
Encoded: TypeAlias = ExactKey | LpmKey | RankedKey


@dataclass(frozen=True, slots=True)
class KeyLayout:
    """Turns an entry's key into what the run-time table stores. Made once per table."""

    kind: MatchKind
    fields: tuple[KeyField, ...]
    _joined: tuple[tuple[int, KeyField, int], ...] = field(init=False, compare=False, repr=False)
    """In the order in which fields are joined: the place of each in a key, and how far right it
    stands in the number."""

    def __post_init__(self) -> None:
        shift = sum(described.width for described in self.fields)
        joined = []
        by_order = sorted(enumerate(self.fields), key=lambda item: item[1].kind is MatchKind.LPM)
        for place, described in by_order:
            shift -= described.width
            joined.append((place, described, shift))
        object.__setattr__(self, "_joined", tuple(joined))

    @classmethod
    def of(cls, table: Table) -> KeyLayout:
        """The layout of a table's keys."""
        return cls(table.kind, table.keys)

    def encode(self, key: MatchKey) -> Encoded:
        """The entry's key: for exact tables a value, for LPM (value, mask), else with intervals.

        Raises `ValueError` if the number or the kinds of fields are not the table's.
        """
        if len(key) != len(self.fields):
            raise ValueError(f"{len(key)} key fields given, the table has {len(self.fields)}")
        if self.kind is MatchKind.EXACT:
            values = tuple(_exact(match) for match in key)
            return values[0] if len(values) == 1 else values
        value, mask, intervals = self._join(key)
        if self.kind is MatchKind.LPM:
            return value, mask
        return value, mask, intervals

    def encode_all(self, columns: Sequence[Sequence[FieldMatch]]) -> Sequence[Encoded]:
        """The keys of many entries, from a column for each field; exact ones must be integers."""
        if self.kind is MatchKind.EXACT and len(self.fields) == len(columns) == 1:
            return columns[0]
        keys = zip(*columns, strict=True)
        return list(keys if self.kind is MatchKind.EXACT else map(self.encode, keys))

    def _join(self, key: MatchKey) -> RankedKey:
        value = mask = 0
        intervals: list[Interval] = []
        for place, described, shift in self._joined:
            full = (1 << described.width) - 1
            if described.kind is MatchKind.RANGE:
                low, high = _pair(key[place])
                if (low, high) != (0, full):
                    intervals.append((shift, full, low, high))
                continue
            field_value, field_mask = _value_and_mask(described.kind, full, key[place])
            value |= (field_value & field_mask) << shift
            mask |= field_mask << shift
        return value, mask, tuple(intervals)


def _value_and_mask(kind: MatchKind, full: int, given: FieldMatch) -> tuple[int, int]:
    """Of a field whose width is that of `full`, a mask of ones."""
    match kind:
        case MatchKind.EXACT | MatchKind.VALID:
            return _exact(given), full
        case MatchKind.LPM:
            value, length = _pair(given)
            return value, full & ~(full >> length)
        case _:
            return _pair(given)


def _exact(match: FieldMatch) -> int:
    if isinstance(match, int):
        return int(match)
    raise ValueError(f"{match!r} given where one value belongs")


def _pair(match: FieldMatch) -> tuple[int, int]:
    if isinstance(match, tuple) and len(match) == 2:
        return match
    raise ValueError(f"{match!r} given where a pair belongs")
