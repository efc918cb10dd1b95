"""The event log as an os-ken app; loaded by ``apps.me_app``, switched on by ``event_log = FILE``.

A shim over ``controller.news.event_log``.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events
from controller.management import ManagementEntity
from controller.news.event_log import EventLog
from controller.news.observing import observe


class EventLogApp(app_manager.OSKenApp):
    """Writes events to a file."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._settings = me.settings
        self._log: EventLog | None = None

    def start(self) -> None:
        """Open the file and begin to hear of events, if that is wanted."""
        wanted = self._settings
        if wanted.event_log is not None:
            self._log = EventLog(
                wanted.event_log, wanted.event_log_max_bytes, wanted.event_log_kept
            )
            observe(self, events.PUBLISHED, self.on_event)
        super().start()

    def stop(self) -> None:
        """Stop the app, then close the file."""
        super().stop()
        if self._log is not None:
            self._log.close()

    def on_event(self, event: events.MeEvent) -> None:
        """Write it."""
        if self._log is not None:
            self._log.write(event.to_dict(), time.time())
