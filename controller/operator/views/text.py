"""Times, durations and the like, as people read them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any


def moment(epoch_s: float) -> str:
    """Return the time of day of a moment, with the date unless it is today's; local time."""
    then = datetime.datetime.fromtimestamp(epoch_s)
    today = then.date() == datetime.date.today()
    return then.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


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
    """Return a map in one line."""
    return ", ".join(f"{key} {value}" for key, value in detail.items())


def words(values: list[str]) -> str | None:
    """Return names in one cell; None if there are none."""
    return " ".join(values) or None
