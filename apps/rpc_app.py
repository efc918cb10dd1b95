"""Operators' commands and events over msgpack-rpc, as an os-ken app; loaded by ``apps.me_app``.

A shim over ``controller.operator``. The socket is claimed before any app starts, so that a second
management entity is turned away before it has touched a node.

Events are observed by hand: ``set_ev_cls`` would make this app require ``apps.me_app``, which
requires this one, and os-ken would load the two in turns for ever.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events
from controller.errors import AppError
from controller.management import ManagementEntity
from controller.operator.commands import answer
from controller.operator.server import RpcServer


class RpcApp(app_manager.OSKenApp):
    """Answers operators' commands."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._me = me
        self._server = RpcServer(
            me.settings.rpc_socket, partial(answer, me), me.version, me.settings.rpc_tls
        )

        for kind in events.PUBLISHED:
            self.register_handler(kind, self.on_event)

    def start(self) -> None:
        """Begin to answer, and to hear of events."""
        source = app_manager.lookup_service_brick("MeApp")
        if source is None:
            raise AppError("apps.rpc_app serves the management entity: load apps.me_app, not this")
        for kind in events.PUBLISHED:
            source.register_observer(kind, self.name)
        super().start()
        self._server.start()

    def stop(self) -> None:
        """Stop answering, then stop the app."""
        self._server.close()
        super().stop()

    def on_event(self, event: events.MeEvent) -> None:
        """Keep it, and tell clients that have subscribed."""
        self._server.publish(self._me.history.add(event))
