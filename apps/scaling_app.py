"""Scaling as an os-ken app; loaded by ``apps.me_app``, told what to do by ``[scaling] mode``.

A shim: tells ``controller.scaling`` what has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events
from controller.management import ManagementEntity
from controller.news.observing import observe
from controller.scaling.scaler import Scaler

NEWS: Mapping[type[events.MeEvent], Callable[[Scaler, Any], None]] = {
    events.EventLoad: lambda scaling, event: scaling.on_load(event.snapshot),
    events.EventLoadHigh: lambda scaling, event: scaling.on_high(event.node, event.snapshot),
    events.EventLoadLow: lambda scaling, event: scaling.on_low(event.snapshot),
    events.EventMigrationEnded: lambda scaling, event: scaling.on_migration(event.record),
    events.EventNodeLeave: lambda scaling, event: scaling.on_node_left(event.node),
}
"What scaling does at news."

CHECKS = (events.EventPlacementChanged, events.EventPathsMoved, events.EventMigrationEnded)
"After these somebody may enforce what is another's by now."


class ScalingApp(app_manager.OSKenApp):
    """Passes news to scaling."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._me = me

    def start(self) -> None:
        """Begin to hear of events."""
        observe(self, {*NEWS, *CHECKS}, self.on_event)
        super().start()

    def on_event(self, event: events.MeEvent) -> None:
        """Tell scaling, and who keeps functions on the paths of their packets."""
        kind = type(event)
        if self._me.scaling is not None and kind in NEWS:
            NEWS[kind](self._me.scaling, event)
        if self._me.recovery is not None and kind in CHECKS:
            self._me.recovery.check()
