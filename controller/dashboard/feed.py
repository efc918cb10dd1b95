"""Keeps the picture up to date: a client of the management entity's RPC on two threads.

One thread asks for everything once a second, and soon after an event that changes what is seen; the
other hears events. Steps of migrations go to the page as they are: asking each time would have the
nodes asked, in turns with the migration. When the management entity is gone, both try again, and
the page is told.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from controller.dashboard.picture import COMMANDS, Data, Timeline, picture
from controller.errors import HitlessError
from controller.operator.address import Address
from controller.operator.client import RpcClient

LOG = logging.getLogger(__name__)

INTERVAL_S = 1.0
LEAST_PAUSE_S = 0.3
"However many events come, nobody is asked more often than this."
AGAIN_S = 1.0
EVENT_WAIT_S = 1.0
ROUTINE = ("load", "migration_step")
"Events that are no reason to ask."

Tell = Callable[[str, Data], None]
"""Takes the kind of a message (``picture``, ``news``, ``gone``) and its data; from any thread."""


class Feed:
    """The latest picture, and who is told of a new one."""

    def __init__(self, address: Address, tell: Tell) -> None:
        self._address = address
        self._tell = tell
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._timeline = Timeline()

    def start(self) -> None:
        """Begin to ask and to listen."""
        for work, name in ((self._ask, "feed questions"), (self._listen, "feed events")):
            threading.Thread(target=self._keep, args=(work,), name=name, daemon=True).start()

    def stop(self) -> None:
        """End soon."""
        self._stopping.set()
        self._wake.set()

    def timeline(self) -> Data:
        """Return the loads of the last minutes."""
        with self._lock:
            return self._timeline.to_dict()

    def _keep(self, work: Callable[[RpcClient], None]) -> None:
        """Do something over a connection, again and again with a new one."""
        while not self._stopping.is_set():
            try:
                with RpcClient(self._address) as client:
                    work(client)
            except (HitlessError, OSError) as exc:
                self._tell("gone", {"reason": str(exc)})
            except Exception as exc:
                LOG.exception("a defect in the page")
                self._tell("gone", {"reason": f"a defect in the page: {exc!r}"})
            self._stopping.wait(AGAIN_S)

    def _ask(self, client: RpcClient) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            answers = {command: client.fetch(command) for command in COMMANDS}
            shown = picture(answers) | {"at": time.time()}
            with self._lock:
                self._timeline.add(shown["at"], shown)
            self._tell("picture", shown)
            self._stopping.wait(LEAST_PAUSE_S)
            self._wake.wait(INTERVAL_S - LEAST_PAUSE_S)

    def _listen(self, client: RpcClient) -> None:
        client.subscribe()
        while not self._stopping.is_set():
            event = client.next_event(EVENT_WAIT_S)
            if event is None:
                continue
            if event["event"] != "load":
                self._tell("news", event)
            if event["event"] not in ROUTINE:
                self._wake.set()
