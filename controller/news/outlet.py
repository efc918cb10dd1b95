"""From any thread into os-ken: an app's events on their way to the apps that observe them.

Choices: an os-ken app's queue holds 128 events and blocks who sends one more. So each observer has
a lane of its own, and one that hangs delays neither the sender nor the others. What a lane cannot
hold is dropped and said so: no news is worth stopping the network for, and whoever missed some can
ask for the present state. What is posted before all apps have started waits until they have, so
that the first events miss nobody.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from controller.hub import Mailbox, MailboxFull, spawn

if TYPE_CHECKING:
    from os_ken.base.app_manager import OSKenApp
    from os_ken.controller.event import EventBase

LOG = logging.getLogger(__name__)

LANE_LIMIT = 1024
"Events that wait for one observer, beyond those in its own queue; later ones are dropped."
INBOX_LIMIT = 16384
"Events that wait to be handed out."


class EventOutlet:
    """Carries events from any thread to the observers of one app, to each at its own pace."""

    def __init__(self, app: OSKenApp) -> None:
        self._app = app
        self._inbox: Mailbox[EventBase] = Mailbox(INBOX_LIMIT)
        self._shut: Mailbox[None] = Mailbox(1)

    def open(self) -> None:
        """Let events pass, from now on. Idempotent."""
        self._shut.close()

    def post(self, event: EventBase) -> None:
        """Hand an event to os-ken, at once and from any thread. Observers get it in order."""
        try:
            self._inbox.put(event)
        except MailboxFull:
            LOG.error("event %s dropped: the hub does not take events any more", event)

    def close(self) -> None:
        """End ``run`` after the events that were posted before."""
        self.open()
        self._inbox.close()

    def run(self) -> None:
        """Pass events on from ``open`` until ``close``: the main task of the app."""
        for _ in self._shut:
            pass
        lanes: dict[str, _Lane] = {}
        for event in self._inbox:
            for observer in self._app.get_observers(event, None):
                if observer not in lanes:
                    lanes[observer] = _Lane(self._app, observer)
                lanes[observer].put(event)
        for lane in lanes.values():
            lane.close()


class _Lane:
    """Events under way to one observer. One that takes none loses the newest, and it is logged."""

    def __init__(self, app: OSKenApp, observer: str) -> None:
        self._app = app
        self._observer = observer
        self._mailbox: Mailbox[EventBase] = Mailbox(LANE_LIMIT)
        self._dropped = 0
        spawn(self._run, name=f"events to {observer}")

    def put(self, event: EventBase) -> None:
        try:
            self._mailbox.put(event)
        except MailboxFull:
            self._drop()
            return
        if self._dropped:
            LOG.warning("app %s takes events again; it lost %d", self._observer, self._dropped)
            self._dropped = 0

    def close(self) -> None:
        self._mailbox.close()

    def _drop(self) -> None:
        if not self._dropped:
            LOG.error("app %s handles no events; it loses the next ones", self._observer)
        self._dropped += 1

    def _run(self) -> None:
        for event in self._mailbox:
            self._app.send_event(self._observer, event)
