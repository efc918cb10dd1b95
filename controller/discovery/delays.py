"""How long LLDP frames are under way: an honest measure of latency, and what it includes.

A frame carries the time when it was written. Through a link it goes from here to one node, over the
link, and from the other node back here: ``trip``. The frame through a node alone comes straight
back: ``echo``. Both include this process's own handling, and the control channels; what is left of
a trip after half of both nodes' echoes is not only the link, since nodes queue as well. So neither
is called the link's latency.

Choices: of the latest frames the median, since single ones wait for whatever runs just then.
"""

from __future__ import annotations

import statistics
import threading
from collections import deque

from controller.model.parts import Link, Port

FRAMES = 9
KEPT_S = 30.0
"What is older says nothing of now."


class Delays:
    """The latest frames' times. Thread-safe; times are monotonic seconds."""

    def __init__(self) -> None:
        self._frames: dict[tuple[Port, Port], deque[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def add(self, source: Port, destination: Port, sent_s: float, received_s: float) -> None:
        """Note a frame that left at one port and came in at another; through a node: port 0."""
        with self._lock:
            frames = self._frames.setdefault((source, destination), deque(maxlen=FRAMES))
            frames.append((received_s, 1000 * (received_s - sent_s)))

    def forget(self, node: str) -> None:
        """Drop what is kept for a node that is gone."""
        with self._lock:
            gone = [ends for ends in self._frames if node in (ends[0].node, ends[1].node)]
            for ends in gone:
                del self._frames[ends]

    def trip_ms(self, link: Link, now: float) -> tuple[float | None, float | None]:
        """Return the trips over a link from its ``a`` to its ``b`` and back; None: not measured."""
        return self._median(link.a, link.b, now), self._median(link.b, link.a, now)

    def echo_ms(self, node: str, now: float) -> float | None:
        """Return the time to a node and straight back; None: not measured."""
        port = Port(node, 0)
        return self._median(port, port, now)

    def _median(self, source: Port, destination: Port, now: float) -> float | None:
        with self._lock:
            frames = list(self._frames.get((source, destination), ()))
        found = [ms for at, ms in frames if now - at <= KEPT_S]
        return round(statistics.median(found), 3) if found else None
