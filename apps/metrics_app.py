"""Metrics as an os-ken app; loaded by ``apps.me_app``, switched on by ``[metrics] listen``.

A shim over ``controller.metrics.counters``. Events are observed by hand, as in ``apps.rpc_app``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.base import app_manager
from prometheus_client import CollectorRegistry, ProcessCollector

from controller import events
from controller.errors import AppError
from controller.management import ManagementEntity
from controller.metrics.counters import Metrics, cell_sizes
from controller.metrics.present import PresentState
from controller.metrics.server import MetricsServer


class MetricsApp(app_manager.OSKenApp):
    """Counts events and serves metrics."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._options = me.settings.metrics
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry, cell_sizes(me.programs))
        self._registry.register(PresentState(me))
        ProcessCollector(registry=self._registry)
        self._server: MetricsServer | None = None
        for kind in events.PUBLISHED:
            self.register_handler(kind, self.on_event)

    def start(self) -> None:
        """Begin to serve and to count, if that is wanted."""
        source = app_manager.lookup_service_brick("MeApp")
        if source is None:
            raise AppError("apps.metrics_app is of the management entity: load apps.me_app")
        if self._options is not None:
            for kind in events.PUBLISHED:
                source.register_observer(kind, self.name)
            self._server = MetricsServer(self._options, self._registry)
        super().start()

    def stop(self) -> None:
        """Stop serving, then stop the app."""
        if self._server is not None:
            self._server.close()
        super().stop()

    def on_event(self, event: events.MeEvent) -> None:
        """Count it."""
        self._metrics.on_event(event)
