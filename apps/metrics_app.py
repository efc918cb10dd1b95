"""Metrics as an os-ken app; loaded by ``apps.me_app``, switched on by ``[metrics] listen``.

A shim over ``controller.metrics.counters``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.base import app_manager
from prometheus_client import CollectorRegistry, ProcessCollector

from controller import events
from controller.management import ManagementEntity
from controller.metrics.counters import Metrics, cell_sizes
from controller.metrics.present import PresentState
from controller.metrics.server import MetricsServer
from controller.news.observing import observe


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

    def start(self) -> None:
        """Begin to serve and to count, if that is wanted."""
        if self._options is not None:
            observe(self, events.PUBLISHED, self.on_event)
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
