"""Options of the group [forwarding]."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg


@dataclass(frozen=True)
class ForwardingOptions:
    """Whether and how paths are installed."""

    enabled: bool = False
    settle_s: float = 5.0
    "How long nodes and described links that are not there yet are waited for at start."
    retry_s: float = 0.5
    "Pause before a node that could not be changed is tried again."
    check_s: float = 5.0
    "How often the network is looked at without news of it."
    gate_retry_s: float = 0.1
    "Pause before slots whose paths may not be moved yet are asked about again."


_DEFAULTS = ForwardingOptions()

FORWARDING_OPTIONS = [
    cfg.BoolOpt(
        "enabled",
        default=_DEFAULTS.enabled,
        help="Install paths between all hosts, on any topology, and move them when links fail. "
        "Entries and groups in the network file win over computed ones.",
    ),
    cfg.FloatOpt(
        "settle_s",
        default=_DEFAULTS.settle_s,
        min=0.0,
        help="At start, nodes and described links that are not there yet are waited for so long, "
        "so that paths in use are not moved because of links that were only not seen yet.",
    ),
    cfg.FloatOpt(
        "retry_s",
        default=_DEFAULTS.retry_s,
        min=0.01,
        help="Pause before a node that could not be changed is tried again.",
    ),
    cfg.FloatOpt(
        "gate_retry_s",
        default=_DEFAULTS.gate_retry_s,
        min=0.01,
        help="Pause before slots whose paths may not be moved yet, because the function on the new "
        "path is not ready, are asked about again.",
    ),
]
