"""Forwarding as an os-ken app; loaded by ``apps.me_app``, switched on by ``[forwarding] enabled``.

A shim: tells ``controller.forwarding`` what has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events
from controller.forwarding.forwarder import Forwarder
from controller.management import ManagementEntity
from controller.news.observing import observe

NEWS: Mapping[type[events.MeEvent], Callable[[Forwarder, Any], None]] = {
    events.EventTopologyChanged: lambda forwarding, _: forwarding.changed(),
    events.EventNodeReady: lambda forwarding, event: forwarding.node_ready(event.node),
    events.EventNodeUp: lambda forwarding, event: forwarding.node_lost(event.node),
    events.EventNodePrimary: lambda forwarding, event: forwarding.node_lost(event.node),
    events.EventNodeFailed: lambda forwarding, event: forwarding.node_lost(event.node),
    events.EventNodeDown: lambda forwarding, event: forwarding.node_lost(event.node),
    events.EventMigrationEnded: lambda forwarding, event: forwarding.reread(event.record.nodes),
}
"What forwarding does at news."


class ForwardingApp(app_manager.OSKenApp):
    """Passes news to forwarding."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._me = me

    def start(self) -> None:
        """Begin to hear of events."""
        observe(self, NEWS, self.on_event)
        super().start()

    def on_event(self, event: events.MeEvent) -> None:
        """Tell forwarding."""
        if self._me.forwarding is not None:
            NEWS[type(event)](self._me.forwarding, event)
