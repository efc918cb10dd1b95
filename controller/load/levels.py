"""When a node is loaded, and when idle: a machine of pure steps, one for each measurement.

- Hold: a threshold counts as crossed when every measurement of the last ``hold_s`` was beyond it. A
  measurement is a mean over the time since the one before, so the first one beyond stands for that
  time too: otherwise the time between two measurements would be waited for twice.
- Cool-down: within ``cool_down_s`` after a crossing was told, none is told of that node, neither
  the same nor the opposite one. If the load is still there afterwards, it is told again: what could
  not be done about it before may be possible then.
- Hysteresis: between the thresholds nothing is ever told. A node stays ``HIGH`` until its load is
  clearly (``CLEARLY``) below ``high_pps``, and ``LOW`` until it is as clearly above ``low_pps``, so
  that a load which lingers about a threshold does not make its level flicker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from controller.load.snapshot import Level
from controller.model.thresholds import Thresholds

CLEARLY = 0.1
"Part of a threshold."


@dataclass(frozen=True)
class LevelState:
    """What is remembered of one node from one measurement to the next. Times are ``now``'s."""

    level: Level = Level.UNKNOWN
    high_since: float | None = None
    "Since when its load has been above ``high_pps``; None: it is not."
    low_since: float | None = None
    "Since when it has been below ``low_pps``; None: it is not."
    told_at: float | None = None
    "When a crossing was told last."


@dataclass(frozen=True)
class Crossing:
    """A threshold was crossed, and is to be told of."""

    level: Level
    "``HIGH`` or ``LOW``."
    threshold_pps: float


def step(
    state: LevelState, pps: float, thresholds: Thresholds, now: float, over_s: float = 0.0
) -> tuple[LevelState, Crossing | None]:
    """Take one measurement.

    Args:
        state: What is remembered.
        pps: The node's load.
        thresholds: Its thresholds as they are now; they may be others than at the last step.
        now: Seconds of a clock that never goes back.
        over_s: The load is the mean over so long before ``now``.
    """
    began = now - over_s
    high, low = thresholds.high_pps, thresholds.low_pps
    high_since = _since(state.high_since, high is not None and pps > high, began)
    low_since = _since(state.low_since, low is not None and pps < low, began)
    held = Level.NORMAL
    if high_since is not None and now - high_since >= thresholds.hold_s:
        held = Level.HIGH
    elif low_since is not None and now - low_since >= thresholds.hold_s:
        held = Level.LOW
    level = _lingering(state.level, pps, thresholds) if held is Level.NORMAL else held
    after = replace(state, level=level, high_since=high_since, low_since=low_since)
    cooling = state.told_at is not None and now - state.told_at < thresholds.cool_down_s
    threshold_pps = {Level.HIGH: high, Level.LOW: low}.get(held)
    if threshold_pps is None or cooling:
        return after, None
    return replace(after, told_at=now), Crossing(held, threshold_pps)


def lost(state: LevelState) -> LevelState:
    """Return what is remembered of a node whose load is not known any more: its cool-down."""
    return LevelState(told_at=state.told_at)


def _since(since: float | None, beyond: bool, began: float) -> float | None:
    if not beyond:
        return None
    return began if since is None else since


def _lingering(level: Level, pps: float, thresholds: Thresholds) -> Level:
    """Return the level where no threshold is held: the old one if the load is about it still."""
    high, low = thresholds.high_pps, thresholds.low_pps
    if level is Level.HIGH and high is not None:
        released = max(high * (1 - CLEARLY), low or 0.0)
        return level if pps > released else Level.NORMAL
    if level is Level.LOW and low is not None:
        released = low * (1 + CLEARLY) if high is None else min(low * (1 + CLEARLY), high)
        return level if pps < released else Level.NORMAL
    return Level.NORMAL
