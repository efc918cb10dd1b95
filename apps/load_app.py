"""Load as an os-ken app; loaded by ``apps.me_app``, switched by ``[load] enabled``.

A shim: tells ``controller.load`` which nodes are gone. Whoever wants to know of load observes
``EventLoad``, ``EventLoadHigh`` and ``EventLoadLow``, or asks ``me.load.snapshot()``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events
from controller.management import ManagementEntity
from controller.news.observing import observe


class LoadApp(app_manager.OSKenApp):
    """Passes news to the measurement of load."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._me = me

    def start(self) -> None:
        """Begin to hear of events."""
        observe(self, [events.EventNodeDown], self.on_node_down)
        super().start()

    def on_node_down(self, event: events.EventNodeDown) -> None:
        """What is known of its load is old."""
        if self._me.load is not None:
            self._me.load.node_down(event.node)
