"""From counts to rates: pure.

Choices:
- Counts that go backwards begin anew: the node was restarted, its program reloaded, a counter set
  or wrapped around. So do those of another program. All of a node's counts begin together, and that
  interval says nothing: rates stay as they were until the next reading.
- A counter is read at some moment of the call that reads it. An interval that is short against
  that (``CERTAIN`` times) gives no rate; it is merged with the next one. The error of a rate is
  bounded by a quarter thereby.
- Exponential smoothing by time, not by number of readings, so that it does not depend on how
  regularly a node answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from controller.load.reading import Cell, Reading

CERTAIN = 4.0
NEGLIGIBLE_PPS = 0.05
"What smoothing leaves below that is nothing."


@dataclass(frozen=True)
class Rates:
    """A node's smoothed rates."""

    last: Reading
    "What the next reading is compared with."
    pps: Mapping[Cell, float] = field(default_factory=dict)
    at: float | None = None
    "``time.monotonic`` when they were measured; None: not yet."
    over_s: float = 0.0
    "Time between the two readings that they were measured by."


def advance(before: Rates | None, reading: Reading, smoothing_s: float) -> Rates:
    """Return the rates after one more reading.

    Args:
        before: The rates so far; None: this is the first reading.
        reading: Counts by now.
        smoothing_s: Time constant; 0: no smoothing.
    """
    if before is None:
        return Rates(reading)
    if _begins_anew(before.last, reading):
        kept = {cell: pps for cell, pps in before.pps.items() if cell in reading.packets}
        return replace(before, last=reading, pps=kept)
    passed_s = reading.at - before.last.at
    if passed_s <= 0 or passed_s < CERTAIN * max(before.last.took_s, reading.took_s):
        return before
    weight = 1.0 if smoothing_s == 0 else -math.expm1(-passed_s / smoothing_s)
    pps = {
        cell: _smoothed(before, cell, (count - before.last.packets[cell]) / passed_s, weight)
        for cell, count in reading.packets.items()
    }
    return Rates(reading, pps, reading.at, passed_s)


def _begins_anew(last: Reading, reading: Reading) -> bool:
    if last.counted is not reading.counted or last.packets.keys() != reading.packets.keys():
        return True
    return any(count < last.packets[cell] for cell, count in reading.packets.items())


def _smoothed(before: Rates, cell: Cell, raw_pps: float, weight: float) -> float:
    smooth = before.pps.get(cell, raw_pps)
    pps = smooth + weight * (raw_pps - smooth)
    return pps if pps >= NEGLIGIBLE_PPS else 0.0
