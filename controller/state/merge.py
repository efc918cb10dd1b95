"""How two copies of a function's state become one: pure functions over lists of cells.

Each rule compares the source's cells with the destination's and returns what has to be written
at the destination, index to value; nothing for cells that are right already. So copying is
repeated safely until nothing is left to write. The rules, for cells s and d:

- ``or``: ``s | d``, for sets of bits (Bloom filters).
- ``max``: the larger, for high-water marks, and ``replace``: s, for what has no order.
- ``newer``: the one with the later time, for cells that carry a time stamp (rebased before, see
  ``controller.state.rebase``). With buckets, an entry's key is what is outside the time, and two
  copies of a bucket are merged as sets of entries: both nodes put a new connection into a free
  cell of its bucket, and they may choose different cells, so that cell by cell one connection
  would overwrite another.
- ``sum``: both copies' counts together, **less what both counted**. Adding s to d at every round
  would count the same packets again each time, and during a move each packet meets both nodes,
  so even adding only what s grew by since the last round would count those twice. What the two
  have in common is therefore a parameter (``base``). In a move the destination starts from
  empty cells and then sees no packet that the source does not see: all of d is in s, the base is
  ``min(s, d)``, and the sum is the larger of the two. After a take-over from a checkpoint, where
  the two copies counted different packets, the base is 0 and the sum is ``s + d``.

All but ``sum`` with its base given from outside and ``replace`` are joins: idempotent,
commutative and associative, so neither order nor repetition of copies matters. Joins only grow.
If a program deletes an entry while it is copied, the copy may come back at the destination, and
stays until it expires; a function with deletions should carry a time stamp.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

Cells = Sequence[int]
Writes = dict[int, int]


class MergeRule(enum.Enum):
    """How two copies of a cell become one; the values are those of the P4 annotation."""

    OR = "or"
    MAX = "max"
    SUM = "sum"
    NEWER = "newer"
    REPLACE = "replace"

    @property
    def settles(self) -> bool:
        """Whether copying must come to an end with nothing left to write.

        Cells under ``sum`` and ``replace`` that packets change all the time differ at every
        look; whoever uses these rules accepts the packets of one copying round as their error.
        """
        return self not in (MergeRule.SUM, MergeRule.REPLACE)


@dataclass(frozen=True)
class TimeField:
    """The bits of a cell that are a time of the node's own clock."""

    lsb: int
    width: int
    unit_us: int
    "Microseconds in one unit."

    @property
    def mask(self) -> int:
        """The field's bits, moved down to bit 0."""
        return (1 << self.width) - 1

    def of(self, cell: int) -> int:
        """Return the time that a cell carries, in units."""
        return cell >> self.lsb & self.mask

    def replaced(self, cell: int, time: int) -> int:
        """Return a cell with another time."""
        return cell & ~(self.mask << self.lsb) | time << self.lsb

    def key(self, cell: int) -> int:
        """Return everything in a cell that is not its time."""
        return cell & ~(self.mask << self.lsb)


def or_writes(source: Cells, destination: Cells) -> Writes:
    """Join two copies of sets of bits."""
    return {i: s | d for i, (s, d) in enumerate(zip(source, destination, strict=True)) if s & ~d}


def max_writes(source: Cells, destination: Cells) -> Writes:
    """Join two copies of high-water marks."""
    return {i: s for i, (s, d) in enumerate(zip(source, destination, strict=True)) if s > d}


def replace_writes(source: Cells, destination: Cells) -> Writes:
    """Make the destination a copy of the source."""
    return {i: s for i, (s, d) in enumerate(zip(source, destination, strict=True)) if s != d}


def sum_writes(source: Cells, destination: Cells, base: Cells, limit: int) -> Writes:
    """Join two copies of counts.

    Args:
        source: Counts of the one.
        destination: Counts of the other.
        base: How much of each count both have in common; at most the source's count.
        limit: Largest value of a cell. A sum beyond it stays there: a count that wraps to a
            small one would say that little had happened.
    """
    return {
        i: min(d + s - b, limit)
        for i, (s, d, b) in enumerate(zip(source, destination, base, strict=True))
        if s > b and d < limit
    }


def newer_writes(
    source: Cells, destination: Cells, time: TimeField, bucket: int = 1, tolerance: int = 0
) -> Writes:
    """Join two copies of entries with time stamps, the later time winning.

    Args:
        source: The one's cells, rebased to the other's clock.
        destination: The other's cells.
        time: Where the time is.
        bucket: Neighbouring cells in any of which an entry may lie.
        tolerance: Units by which the destination's time of the same entry may lag behind before
            it is worth a write: clocks are compared with an error, and while packets flow both
            copies' times keep growing.
    """
    if bucket == 1:
        return _newer_cells(source, destination, time, tolerance)
    if len(source) != len(destination) or len(source) % bucket:
        raise ValueError(f"{len(source)} and {len(destination)} cells in buckets of {bucket}")
    writes: Writes = {}
    source, destination = list(source), list(destination)
    for first in range(0, len(source), bucket):
        theirs = source[first : first + bucket]
        ours = destination[first : first + bucket]
        if theirs != ours and any(theirs):
            writes.update(_join_bucket(theirs, ours, first, time, tolerance))
    return writes


def _newer_cells(source: Cells, destination: Cells, time: TimeField, tolerance: int) -> Writes:
    writes: Writes = {}
    for i, (s, d) in enumerate(zip(source, destination, strict=True)):
        if s == d or not s:
            continue
        if not d:
            newer = True
        elif time.key(s) == time.key(d):
            newer = time.of(s) > time.of(d) + tolerance
        else:
            newer = _age(time, s) > _age(time, d)
        if newer:
            writes[i] = s
    return writes


def _age(time: TimeField, cell: int) -> tuple[int, int]:
    """Order cells by time; of two with the same time the larger cell wins at both nodes."""
    return time.of(cell), cell


def _join_bucket(theirs: Cells, ours: Cells, first: int, time: TimeField, tolerance: int) -> Writes:
    """Join one bucket: the newest entries of both, as many as fit, one for each key.

    What the destination has stays where it lies; a missing entry takes an empty cell, or else the
    place of the oldest entry. How old an entry is, the newer of its two copies says, also where its
    time is not worth a write. An older duplicate, which an earlier write of ours can leave behind
    when a packet recorded the same entry at that moment, is emptied: it would take a cell away from
    the next new entry.
    """
    cells = list(ours)
    place: dict[int, int] = {}
    spare: list[int] = []
    for way, cell in sorted(enumerate(cells), key=lambda at: time.of(at[1]), reverse=True):
        if cell and time.key(cell) not in place:
            place[time.key(cell)] = way
        else:
            cells[way] = 0
            spare.append(way)
    ages = [_age(time, cell) for cell in cells]
    missing: list[int] = []
    for cell in sorted(filter(None, theirs), key=lambda c: _age(time, c), reverse=True):
        known = place.get(time.key(cell))
        if known is None:
            missing.append(cell)
            continue
        if time.of(cell) > time.of(cells[known]) + tolerance:
            cells[known] = cell
        ages[known] = max(ages[known], _age(time, cell))
    taken: set[int] = set()
    for cell in missing:
        if time.key(cell) in taken:
            continue
        taken.add(time.key(cell))
        way = spare.pop() if spare else ages.index(min(ages))
        if _age(time, cell) > ages[way]:
            cells[way], ages[way] = cell, _age(time, cell)
    changed = enumerate(zip(cells, ours, strict=True))
    return {first + way: new for way, (new, old) in changed if new != old}
