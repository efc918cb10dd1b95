"""Operators' commands and events over msgpack-rpc, as an os-ken app; loaded by ``apps.me_app``.

A shim over ``controller.operator``. The socket is claimed before any app starts, so that a second
management entity is turned away before it has touched a node.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import events
from controller.management import ManagementEntity
from controller.news.observing import observe
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

    def start(self) -> None:
        """Begin to answer, and to hear of events."""
        observe(self, events.PUBLISHED, self.on_event)
        super().start()
        self._server.start()

    def stop(self) -> None:
        """Stop answering, then stop the app."""
        self._server.close()
        super().stop()

    def on_event(self, event: events.MeEvent) -> None:
        """Keep it, and tell clients that have subscribed."""
        self._server.publish(self._me.history.add(event))
