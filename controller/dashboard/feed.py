"""Hears what happens: a client of the management entity's RPC, on a thread of its own.

Choices: one connection. Events come by themselves, measurements of load among them; the overview is
asked for at the start, soon after events that change it, and now and then, since not everything
that it says has an event. No node is asked for any of it. When the management entity is gone, it is
tried again, and pages are told.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from controller.errors import HitlessError
from controller.operator.address import Address
from controller.operator.client import RpcClient

LOG = logging.getLogger(__name__)

INTERVAL_S = 5.0
LEAST_PAUSE_S = 0.5
"However many events come, nobody is asked more often than this."
AGAIN_S = 1.0
LISTEN_S = 0.25
"So soon it is noticed that somebody wants the overview, or the end."
ROUTINE = ("load", "migration_step")
"Events that are no reason to ask: they say all themselves."

Tell = Callable[[str, Any], None]
"""Takes what was heard, and its data; from the feed's thread: ``overview`` and ``migrations`` (the
commands' answers, the former with ``at``), ``event``, ``gone`` (a text: why)."""


class Feed:
    """Tells what it hears."""

    def __init__(self, address: Address, tell: Tell) -> None:
        self._address = address
        self._tell = tell
        self._stopping = threading.Event()
        self._wanted = threading.Event()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._run, name="feed", daemon=True).start()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()

    def ask(self) -> None:
        """Have the overview asked for soon."""
        self._wanted.set()

    def _run(self) -> None:
        """Follow over a connection, again and again with a new one."""
        while not self._stopping.is_set():
            try:
                with RpcClient(self._address) as client:
                    self._follow(client)
            except (HitlessError, OSError) as exc:
                self._tell("gone", str(exc))
            except Exception as exc:
                LOG.exception("a defect in the page")
                self._tell("gone", f"a defect in the page: {exc!r}")
            self._stopping.wait(AGAIN_S)

    def _follow(self, client: RpcClient) -> None:
        """Subscribe first, so that nothing is missed between the answers and the events."""
        client.subscribe()
        self._tell("overview", _overview(client))
        self._tell("migrations", client.fetch("migrations")["migrations"])
        asked_at = time.monotonic()
        while not self._stopping.is_set():
            event = client.next_event(LISTEN_S)
            if event is not None:
                self._tell("event", event)
                if event["event"] not in ROUTINE:
                    self._wanted.set()
            pause_s = LEAST_PAUSE_S if self._wanted.is_set() else INTERVAL_S
            if time.monotonic() - asked_at >= pause_s:
                self._wanted.clear()
                self._tell("overview", _overview(client))
                asked_at = time.monotonic()


def _overview(client: RpcClient) -> dict[str, Any]:
    return client.fetch("overview") | {"at": time.time()}
