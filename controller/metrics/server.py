"""Serves metrics to Prometheus over HTTP.

Choices: prometheus_client's own server, which has a real thread for itself and one for each scrape,
whatever hub os-ken runs on.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, start_http_server

from controller.config.metrics_options import MetricsOptions
from controller.errors import AppError


class MetricsServer:
    """An HTTP server of one registry."""

    def __init__(self, options: MetricsOptions, registry: CollectorRegistry) -> None:
        """Begin to serve.

        Raises:
            AppError: the address cannot be had.
        """
        try:
            self._server, self._thread = start_http_server(options.port, options.host, registry)
        except OSError as exc:
            where = f"{options.host}:{options.port}"
            raise AppError(
                f"metrics cannot be served at {where}: {exc.strerror or exc}; "
                "[metrics] listen says where"
            ) from exc

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._server.server_port

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)
