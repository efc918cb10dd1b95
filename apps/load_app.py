"""Load as an os-ken app; loaded by ``apps.me_app``, switched by ``[load] enabled``.

A shim: tells ``controller.load`` which nodes are gone. Whoever wants to know of load observes
``EventLoad``, ``EventLoadHigh`` and ``EventLoadLow``, or asks ``me.load.snapshot()``. Events are
observed by hand, as in ``apps.rpc_app``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events
from controller.errors import AppError
from controller.management import ManagementEntity


class LoadApp(app_manager.OSKenApp):
    """Passes news to the measurement of load."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._me = me
        self.register_handler(events.EventNodeDown, self.on_node_down)

    def start(self) -> None:
        """Begin to hear of events."""
        source = app_manager.lookup_service_brick("MeApp")
        if source is None:
            raise AppError("apps.load_app belongs to the management entity: load apps.me_app")
        source.register_observer(events.EventNodeDown, self.name)
        super().start()

    def on_node_down(self, event: events.EventNodeDown) -> None:
        """What is known of its load is old."""
        if self._me.load is not None:
            self._me.load.node_down(event.node)
