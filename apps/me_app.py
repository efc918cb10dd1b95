"""The management entity as an os-ken app: ``osken-manager apps/me_app.py --config-file me.conf``.

A shim: the object that it starts and stops is ``controller.management.ManagementEntity``, which
other apps share by ``_CONTEXTS = {"me": ManagementEntity}``. Its events leave through this app
(``controller.events``). Operators' commands come in through ``apps.rpc_app``, loaded with it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events, hub
from controller.management import ManagementEntity
from controller.news.outlet import EventOutlet

_REQUIRED_APP = [
    "apps.rpc_app",
    "apps.topology_app",
    "apps.forwarding_app",
    "apps.scaling_app",
    "apps.load_app",
    "apps.metrics_app",
    "apps.event_log_app",
    "apps.dashboard_app",
]
"""Apps that os-ken loads with this one. Its `require_app`, which notes them here, goes through all
modules and reads their sources: eight calls are a fifth of the start."""


class MeApp(app_manager.OSKenApp):
    """Starts the management entity, passes its events on, and stops it."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}
    _EVENTS: ClassVar[list[Any]] = [*events.PUBLISHED, events.EventPacketIn, events.EventDigest]

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._me = me
        self._outlet = EventOutlet(self)
        self._audits: hub.Periodic | None = None

    def start(self) -> Any:
        """Start; the task returned ends when the app is stopped."""
        super().start()
        hub.call(self._me.start, self._outlet.post)
        interval_s = self._me.settings.audit_interval_s
        if interval_s:
            self._audits = hub.periodic(interval_s, self._me.audit, name="audits")
        return hub.spawn(self._outlet.run, name="events of the management entity")

    def all_started(self) -> None:
        """All apps listen: let events pass."""
        self._outlet.open()

    def stop(self) -> None:
        """Stop the management entity, then the app."""
        if self._audits is not None:
            self._audits.stop()
        hub.call(self._me.close)
        self._outlet.close()
        super().stop()
