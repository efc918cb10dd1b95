"""The latest events of the management entity, for those who come later than they.

Choices: in memory and bounded. What is told again at each poll is left out, and a node's level of
load, told again while it lasts, is kept once a minute: they would push out what happened once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controller.events import MeEvent

LIMIT = 1000
ROUTINE = frozenset({"load"})
"Kinds of events that are not kept, and not shown to who does not ask for them."
LEVELS = frozenset({"load_high", "load_low"})
"Kinds of events that are told again while they last."
LEVEL_S = 60.0
"A node's level is news again after this time."


class Levels:
    """Remembers which level of load of each node was told, and when."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, float]] = {}

    def again(self, data: Mapping[str, Any]) -> bool:
        """Tell whether an event is a node's level that was told a short time ago; remember it."""
        if data["event"] not in LEVELS:
            return False
        kind, told_at = self._told.get(data["node"], ("", 0.0))
        again = kind == data["event"] and data["at"] - told_at < LEVEL_S
        if not again:
            self._told[data["node"]] = data["event"], data["at"]
        return bool(again)


class EventHistory:
    """Keeps events as plain data, each with the time it was added. Thread-safe."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._events: deque[dict[str, Any]] = deque(maxlen=limit)
        self._levels = Levels()
        self._lock = threading.Lock()

    def add(self, event: MeEvent) -> dict[str, Any]:
        """Keep an event; return it as plain data, with ``at`` in seconds since the epoch."""
        data = {**event.to_dict(), "at": time.time()}
        with self._lock:
            if event.kind not in ROUTINE and not self._levels.again(data):
                self._events.append(data)
        return data

    def latest(self, count: int, kinds: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Return the latest events of these kinds (None: of all), the oldest first."""
        with self._lock:
            events = list(self._events)
        return [event for event in events if kinds is None or event["event"] in kinds][-count:]
