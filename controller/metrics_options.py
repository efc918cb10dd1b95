"""Options of the group [metrics]."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oslo_config import cfg

from controller.errors import ConfigError

_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):(\d{1,5})")

METRICS_OPTIONS = [
    cfg.StrOpt(
        "listen",
        help="HOST:PORT at which metrics are served to Prometheus, over HTTP and to everybody who "
        "can reach it: 127.0.0.1:9464 is usual. Default: nowhere.",
    ),
]


@dataclass(frozen=True)
class MetricsOptions:
    """Where metrics are served."""

    host: str
    port: int
    "0: any that is free."

    @classmethod
    def of(cls, listen: str | None) -> MetricsOptions | None:
        """Check the option; None: nowhere. Raises ``ConfigError`` if it cannot be."""
        if not listen:
            return None
        match = _LISTEN.fullmatch(listen)
        if match is None or int(match[2]) > 65_535:
            raise ConfigError(
                f"[metrics] listen: {listen!r} must be HOST:PORT, such as 127.0.0.1:9464"
            )
        return cls(match[1].strip("[]"), int(match[2]))
