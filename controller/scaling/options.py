"""Options of scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oslo_config import cfg

Mode = Literal["act", "advise", "off"]


@dataclass(frozen=True)
class ScalingOptions:
    """Whether load is acted on."""

    mode: Mode = "act"
    conflict_wait_s: float = 30.0
    "How long a move waits for migrations that stand in its way."
    move_timeout_s: float = 120.0
    "How long a move is waited for; then the rest of its plan is given up."


_DEFAULTS = ScalingOptions()

SCALING_OPTIONS = [
    cfg.StrOpt(
        "mode",
        default=_DEFAULTS.mode,
        choices=[
            ("act", "plans are made and carried out"),
            ("advise", "plans are made and told, and nothing moves"),
            ("off", "load makes no plans"),
        ],
        help="What is done when a node is loaded or idle, by the thresholds of the policy; without "
        "a policy there are none. Nodes that die are replaced in the mode act only.",
    ),
    cfg.FloatOpt(
        "conflict_wait_s",
        default=_DEFAULTS.conflict_wait_s,
        min=0.0,
        help="How long a planned move waits for other migrations that stand in its way.",
    ),
    cfg.FloatOpt(
        "move_timeout_s",
        default=_DEFAULTS.move_timeout_s,
        min=1.0,
        help="How long a planned move is waited for before the rest of its plan is given up.",
    ),
]
