"""Times, durations and the like, as people read them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any


def moment(epoch_s: float) -> str:
    """Return a moment in local time, the less exact the longer ago, in at most 11 columns."""
    then, today = datetime.datetime.fromtimestamp(epoch_s), datetime.date.today()
    if then.date() == today:
        return then.strftime("%H:%M:%S")
    return then.strftime("%m-%d %H:%M" if then.year == today.year else "%Y-%m-%d")


def clock(epoch_s: float) -> str:
    """Return the time of day of a moment, to the millisecond."""
    return datetime.datetime.fromtimestamp(epoch_s).strftime("%H:%M:%S.%f")[:-3]


def milliseconds(ms: float | None, digits: int = 1) -> str | None:
    """Return a duration with thousands apart; None stays None."""
    return None if ms is None else f"{ms:,.{digits}f} ms"


def rate(pps: float | None) -> str | None:
    """Return packets/s with thousands apart; None stays None."""
    return None if pps is None else f"{pps:,.0f}"


def span(seconds: float) -> str:
    """Return a long duration by its two largest units."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [f"{value} {unit}" for value, unit in parts if value][:2]
    return " ".join(shown) or "0 s"


def details(detail: Mapping[str, Any]) -> str:
    """Return a map in one line, thousands apart in its numbers."""
    return ", ".join(
        f"{key} {value:,}" if type(value) is int else f"{key} {value}"
        for key, value in detail.items()
    )


def words(values: list[str]) -> str | None:
    """Return names in one cell; None if there are none."""
    return " ".join(values) or None
