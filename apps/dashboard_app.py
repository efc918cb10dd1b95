"""The page, as an os-ken app: starts and stops the process that serves it.

The page is a process of its own and a client of the RPC like any other, so pages never hold up a
migration.
"""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.base import app_manager

from controller import hub
from controller.dashboard.child import PageProcess
from controller.management import ManagementEntity


class DashboardApp(app_manager.OSKenApp):
    """Has the page served while the management entity runs."""

    _CONTEXTS: ClassVar[dict[str, Any]] = {"me": ManagementEntity}

    def __init__(self, *args: Any, me: ManagementEntity, **kwargs: Any) -> None:
        super().__init__(*args, me=me, **kwargs)
        self._page = PageProcess(me.settings.dashboard, me.settings.rpc_socket)

    def start(self) -> None:
        """Start the process."""
        super().start()
        hub.call(self._page.start)

    def stop(self) -> None:
        """Stop it, then the app."""
        hub.call(self._page.stop)
        super().stop()
