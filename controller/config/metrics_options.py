"""Options of the group [metrics]."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg

from controller.addresses import host_and_port
from controller.errors import ConfigError

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
        place = host_and_port(listen)
        if place is None:
            raise ConfigError(
                f"[metrics] listen: {listen!r} must be HOST:PORT, such as 127.0.0.1:9464"
            )
        return cls(*place)
