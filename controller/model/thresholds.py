"""When a node counts as loaded, and when as idle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

LIMITS = ("high_pps", "low_pps", "capacity_pps")


@dataclass(frozen=True)
class Thresholds:
    """Bounds on the load that functions make at a node: packets/s handled, over all slots."""

    high_pps: float | None = None
    "Above it for ``hold_s``, the node is loaded; None: it never is."
    low_pps: float | None = None
    "Below it for ``hold_s``, the node is idle; None: it never is."
    capacity_pps: float | None = None
    "More than this is never planned for it; None: as much as ``high_pps``, if that is given."
    hold_s: float = 1.0
    cool_down_s: float = 5.0
    "For so long after a change nothing is decided about the node, and no slot moves again."

    def over(self, others: Thresholds) -> Thresholds:
        """Return these, with the others' limits where these have none."""
        missing = {key: getattr(others, key) for key in LIMITS if getattr(self, key) is None}
        return replace(self, **missing)

    def without_limits(self) -> Thresholds:
        """Return these with no limits."""
        return replace(self, high_pps=None, low_pps=None, capacity_pps=None)

    def problem(self) -> str | None:
        """Tell what is wrong with the numbers; None if nothing is."""
        high, low, most = self.high_pps, self.low_pps, self.capacity_pps
        if low is not None and high is None:
            return "low_pps needs a high_pps above it"
        if low is not None and high is not None and low >= high:
            return f"low_pps {low:g} must be below high_pps {high:g}"
        if most is not None and high is not None and high > most:
            return f"high_pps {high:g} must not be above capacity_pps {most:g}"
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "high_pps": self.high_pps,
            "low_pps": self.low_pps,
            "capacity_pps": self.capacity_pps,
            "hold_s": self.hold_s,
            "cool_down_s": self.cool_down_s,
        }
