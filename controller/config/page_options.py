"""Options of the group [dashboard]."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg

from controller.addresses import host_and_port
from controller.errors import ConfigError


@dataclass(frozen=True)
class DashboardOptions:
    """Whether there is a page, and where."""

    enabled: bool = False
    listen: str = "127.0.0.1:8080"
    "``host:port`` of its HTTP server; port 0: any free one."

    @classmethod
    def of(cls, enabled: bool, listen: str) -> DashboardOptions:
        """Check the options. Raises ``ConfigError`` if it cannot be served there."""
        if host_and_port(listen) is None:
            raise ConfigError(
                f"[dashboard] listen: {listen!r} must be HOST:PORT, such as {cls.listen}"
            )
        return cls(enabled, listen)


_DEFAULTS = DashboardOptions()

DASHBOARD_OPTIONS = [
    cfg.BoolOpt(
        "enabled",
        default=_DEFAULTS.enabled,
        help="Serve the page. Its address, with the token that acting needs, is in page.url beside "
        "the RPC socket.",
    ),
    cfg.StrOpt(
        "listen",
        default=_DEFAULTS.listen,
        help="HOST:PORT to serve it on. It is plain HTTP: whoever reaches it can look, and "
        "the token, too, crosses in clear; put a proxy with TLS and log-in before it where others "
        "than this machine's users can.",
    ),
]
