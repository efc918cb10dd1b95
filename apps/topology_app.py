"""Answers other apps' questions on the topology (``apps.topology_api``); loaded by ``apps.me_app``.

A shim over ``controller.discovery.watch``, which the management entity runs. The news of the
topology are events of ``apps.me_app``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.base import app_manager

from controller.events import EventTopologyReply, EventTopologyRequest
from controller.management import ManagementEntity


class TopologyApp(app_manager.OSKenApp):
    """Answers with the latest snapshot."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._me = me
        self.register_handler(EventTopologyRequest, self.on_request)

    def on_request(self, request: EventTopologyRequest) -> None:
        """Answer a question."""
        topology = self._me.topology.snapshot()
        self.reply_to_request(request, EventTopologyReply(request.src, topology))
