"""Options of the group [load]."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg


@dataclass(frozen=True)
class LoadOptions:
    """Whether and how load is measured."""

    enabled: bool = True
    interval_s: float = 0.5
    "How often each node's counters are read."
    smoothing_s: float = 0.5
    "Time constant of the moving average of rates; 0: none."

    @property
    def stale_after_s(self) -> float:
        """Age from which a node's load counts as not known any more."""
        return 3 * self.interval_s


_DEFAULTS = LoadOptions()

LOAD_OPTIONS = [
    cfg.BoolOpt(
        "enabled",
        default=_DEFAULTS.enabled,
        help="Measure load: read the nodes' counters of packets, and tell when a node crosses a "
        "threshold of the policy.",
    ),
    cfg.FloatOpt(
        "interval_s",
        default=_DEFAULTS.interval_s,
        min=0.01,
        help="How often each node's counters are read. A node that has been above its threshold "
        "for its hold time is told of within this time and 50 ms.",
    ),
    cfg.FloatOpt(
        "smoothing_s",
        default=_DEFAULTS.smoothing_s,
        min=0.0,
        help="Time constant of the moving average of rates: after a jump in load, 63 % of it show "
        "after so long, 95 % after three times that. 0: rates are those between two readings.",
    ),
]
