"""Time stamps that move from one node's clock to another's.

A node's clock counts from the node's own start (``ingress_global_timestamp``), so a cell that says
when a connection was last seen is meaningless at another node until the distance of the two
clocks is added. Both clocks are read against this host's monotonic clock; the distance is known to
within the sum of the two readings' errors. Both run at the same rate as far as a move, some
seconds long, can tell.

Choices: rounded down to whole units. Never later than the destination's present, since a program
that subtracts unsigned numbers would take a future time for one long ago; never earlier than unit
1, when the destination started after the connection was last seen (it then looks younger than it
is, by less than the source has been up longer). An empty cell, 0, stays 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.southbound.driver import ClockReading
from controller.state.merge import TimeField


@dataclass(frozen=True)
class ClockOffset:
    """How far a destination's clock is ahead of a source's."""

    offset_us: int
    "To be added to the source's times."
    error_us: int
    "Largest possible error of the offset."

    @classmethod
    def between(cls, source: ClockReading, destination: ClockReading) -> ClockOffset:
        """Compare two readings that were taken against the same host's clock."""
        return cls(
            destination.at(source.host_ns) - source.node_us,
            source.error_us + destination.error_us,
        )

    def tolerance(self, field: TimeField) -> int:
        """Return by how many units two times of the same moment may differ after rebasing.

        One unit for rounding, plus the clocks' error in whole units, rounded up.
        """
        return 1 + -(-self.error_us // field.unit_us)


def rebased(cells: Sequence[int], field: TimeField, offset: ClockOffset, now_us: int) -> list[int]:
    """Return cells with their times moved from the source's clock to the destination's.

    Args:
        cells: Cells of the source.
        field: Where in a cell the time is, and its unit.
        offset: The destination's clock minus the source's.
        now_us: What the destination's clock shows now, in microseconds.
    """
    latest = max(1, min(now_us // field.unit_us, field.mask))

    def moved(cell: int) -> int:
        time_us = field.of(cell) * field.unit_us + offset.offset_us
        return field.replaced(cell, min(max(time_us // field.unit_us, 1), latest))

    return [moved(cell) if cell else 0 for cell in cells]
