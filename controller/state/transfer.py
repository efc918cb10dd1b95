"""Copying the state of slots from one node to another while packets flow through both.

Cells are copied range by range, a range being what lies together in one array at both nodes: read
the source, then the destination where the source is not empty, move times to the destination's
clock, merge by rule, and write the cells that differ. Rounds over the ranges are repeated, each
over those ranges only in which the last one wrote, until there are none. Why that loses nothing,
although packets change the cells between our read and our write:

1. While rounds run, both nodes learn: a packet changes the state of both, one after the other.
   A *flush* waits until every packet that has passed one has reached the other.
2. Our write to the destination can undo a change that a packet made there after we read. The
   source got the same change from the same packet, or gets it before the next flush ends.
3. So a look at the range that begins with a flush after our last write to it (or after learning
   began) sees the change at the source and finds it missing at the destination.
4. The last look writes nothing. So it undid no change, and all that earlier ones undid, or that
   packets brought to the source before the destination learned, it found to be there. What
   happens later happens at both.

A rule that never settles under traffic (``sum``, ``replace``) is repeated once and not waited for;
for the others reaching the bound of rounds is an error, since something would be lost.

Small arrays read one by one, with the driver's pauses, keep BMv2's packets from waiting for a
read of the whole state (9 ms for 65,536 cells).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from controller.errors import MigrationError
from controller.southbound.driver import NodeDriver
from controller.state.manifest import StateArray
from controller.state.merge import (
    Cells,
    MergeRule,
    Writes,
    max_writes,
    newer_writes,
    or_writes,
    replace_writes,
    sum_writes,
)
from controller.state.ranges import CellRange
from controller.state.rebase import ClockOffset, rebased

Check = Callable[[], None]
"""Raises if a copy must not go on."""

SPANS_LIMIT = 16
"Separate reads of an array's parts beyond which one read of the whole costs less."


@dataclass(frozen=True)
class CopyReport:
    """What a whole copy did."""

    rounds: int
    cells: int
    "Cells of the slots' state."
    read: int
    "Cells read at the source, over all rounds."
    written: int
    "Cells written at the destination, over all rounds."


class Transfer:
    """The copy of some slots' state from one node to another."""

    def __init__(
        self,
        source: NodeDriver,
        destination: NodeDriver,
        ranges: Iterable[CellRange],
        lock: Callable[[], AbstractContextManager[None]] = nullcontext,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Prepare a copy; read both clocks if any cell carries a time.

        Args:
            source: The node that has the state.
            destination: The node that gets it.
            ranges: Which cells.
            lock: Held around the work on each range, so that neither node is reloaded meanwhile.
            now_ns: The host's clock that the nodes' clocks are read against.
        """
        self._source = source
        self._destination = destination
        self._ranges = tuple(ranges)
        self._lock = lock
        self._now_ns = now_ns
        self._offset = ClockOffset(0, 0)
        if any(r.source.time for r in self._ranges):
            here, there = source.clock(), destination.clock()
            self._offset = ClockOffset.between(here, there)
            self._clock = there

    def once(self) -> CopyReport:
        """Copy every range once. Raises ``NodeError``; what was written until then is harmless."""
        written = sum(self._copy(cells) for cells in self._ranges)
        return CopyReport(1, self._cells, self._cells, written)

    def until_settled(self, flush: Callable[[], None], rounds: int, check: Check) -> CopyReport:
        """Repeat rounds until one writes nothing.

        Learning began right before the call.

        Args:
            flush: Returns once packets under way between the two nodes have arrived.
            rounds: How many rounds at most.
            check: Called after each round; raises if the copy must not go on.

        Raises:
            MigrationError: cells still differ after the last round.
        """
        read = written = 0
        left = self._ranges
        for number in range(1, rounds + 1):
            flush()
            counts = {cells: self._copy(cells) for cells in left}
            check()
            read += sum(cells.count for cells in left)
            written += sum(counts.values())
            left = tuple(cells for cells, count in counts.items() if count)
            settling = [cells for cells in left if cells.source.rule.settles]
            if not left or (number > 1 and not settling):
                return CopyReport(number, self._cells, read, written)
        raise MigrationError(
            f"{sum(counts[cells] for cells in settling)} cells still differ after {rounds} rounds: "
            "the state changes faster than it can be copied"
        )

    @property
    def _cells(self) -> int:
        return sum(cells.count for cells in self._ranges)

    def _copy(self, cells: CellRange) -> int:
        """Copy one range; return how many cells were written."""
        with self._lock():
            theirs = self._source.read_registers(
                cells.source.register, cells.source_first, cells.count
            )
            if cells.source.time is not None:
                now_us = self._clock.at(self._now_ns()) + self._clock.error_us
                theirs = rebased(theirs, cells.source.time, self._offset, now_us)
            spans = spans_to_merge(cells.source, theirs)
            return sum(self._merge(cells, first, theirs[first:end]) for first, end in spans)

    def _merge(self, cells: CellRange, start: int, theirs: Cells) -> int:
        """Bring cells of the source, from ``start`` of a range on, into the destination."""
        register, first = cells.destination.register, cells.destination_first + start
        ours = self._destination.read_registers(register, first, len(theirs))
        writes = writes_for(cells.source, theirs, ours, self._offset)
        if writes:
            self._destination.write_registers(
                register, {first + i: value for i, value in writes.items()}
            )
        return len(writes)


def spans_to_merge(array: StateArray, source: Cells) -> list[tuple[int, int]]:
    """Return which cells of the destination have to be read: pairs of first and end index.

    Where the source is empty there is nothing to bring, unless the rule is ``replace``. State is
    mostly sparse, and reading is what a move costs its nodes. Many spans make one read of all.
    """
    if array.rule is MergeRule.REPLACE:
        return [(0, len(source))]
    spans: list[tuple[int, int]] = []
    for index, cell in enumerate(source):
        if not cell or (spans and index < spans[-1][1]):
            continue
        start = index - index % array.bucket
        if spans and start == spans[-1][1]:
            spans[-1] = (spans[-1][0], start + array.bucket)
        else:
            spans.append((start, start + array.bucket))
    return spans if len(spans) <= SPANS_LIMIT else [(0, len(source))]


def writes_for(array: StateArray, source: Cells, destination: Cells, offset: ClockOffset) -> Writes:
    """Merge two copies of an array's cells by its rule.

    For ``sum`` both copies have seen the same packets (see ``controller.state.merge``).
    """
    match array.rule:
        case MergeRule.OR:
            return or_writes(source, destination)
        case MergeRule.MAX:
            return max_writes(source, destination)
        case MergeRule.REPLACE:
            return replace_writes(source, destination)
        case MergeRule.SUM:
            base = [min(s, d) for s, d in zip(source, destination, strict=True)]
            return sum_writes(source, destination, base, (1 << array.width) - 1)
        case MergeRule.NEWER:
            assert array.time is not None  # the manifest refuses newer without a time
            slack = offset.tolerance(array.time)
            return newer_writes(source, destination, array.time, array.bucket, slack)
