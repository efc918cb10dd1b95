"""What pages show, kept up to date from the management entity's answers and events: pure.

A page that has just opened, or has missed some, gets all of it and needs no history; the others get
what has changed since they were told last. Samples of load over time are kept apart (``Timeline``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from controller.operator.views.event_text import event_text

Data = dict[str, Any]

LATEST_MIGRATIONS = 20
LATEST_NEWS = 100
NEWS_LENGTH = 300
"Characters of an event's text; a placement of a hundred nodes is longer than anybody reads."
TIMELINE_SAMPLES = 600


class Picture:
    """The network, its load, the latest migrations and events. Used by one thread."""

    def __init__(self) -> None:
        self._parts: Data = {"gone": "not asked yet"}
        self._told: Data = {}
        self._migrations: dict[int, Data] = {}
        self._moved: dict[int, Data] = {}
        "Migrations of which there is something to tell."
        self._news: deque[Data] = deque(maxlen=LATEST_NEWS)
        self._fresh: deque[Data] = deque(maxlen=LATEST_NEWS)
        "News to tell."

    def overview(self, answer: Data) -> None:
        """Take the answer to ``overview``; of load, what events tell is as new and comes alone."""
        told = self._parts.get("load") if "load_at" in self._parts else answer["load"]
        self._parts |= answer | {"gone": None, "load": told}

    def gone(self, reason: str) -> None:
        """Note that the management entity does not answer; what was known stays."""
        self._parts["gone"] = reason

    def migrations(self, records: Iterable[Data]) -> None:
        """Take the latest migrations, whole records; those of before are forgotten."""
        self._migrations = {record["id"]: record for record in records}
        self._moved = dict(self._migrations)

    def event(self, event: Data) -> None:
        """Take an event."""
        if event["event"] == "load":
            self._parts |= {"load": event["nodes"], "load_at": round(event["at"], 3)}
            return
        if "migration" in event:
            record = event["migration"]
            self._migrations[record["id"]] = self._moved[record["id"]] = record
            for old in sorted(self._migrations)[:-LATEST_MIGRATIONS]:
                del self._migrations[old]
        news = {"at": event["at"], "event": event["event"], "text": event_text(event)[:NEWS_LENGTH]}
        self._news.append(news)
        self._fresh.append(news)

    def whole(self) -> Data:
        """Return all of it but the news that ``changes`` has yet to tell."""
        return self._parts | {
            "migrations": list(self._migrations.values()),
            "news": list(self._news)[: len(self._news) - len(self._fresh)],
        }

    def changes(self) -> Data:
        """Return what is new since this was asked last: parts, migrations and events.

        A part is whole, a migration as well, and events come in order.
        """
        parts = {k: v for k, v in self._parts.items() if k not in self._told or self._told[k] != v}
        new: Data = dict(parts)
        if self._moved:
            new["migrations"] = list(self._moved.values())
        if self._fresh:
            new["news"] = list(self._fresh)
        self._told |= parts
        self._moved.clear()
        self._fresh.clear()
        return new


class Timeline:
    """Load of each node over time, for pages that open later."""

    def __init__(self, samples: int = TIMELINE_SAMPLES) -> None:
        self._samples: deque[tuple[float, dict[str, int]]] = deque(maxlen=samples)

    def add(self, at: float, load: Data) -> None:
        """Take a measurement.

        Args:
            at: When it was, in Unix time, s.
            load: By node, as the event ``load`` tells.
        """
        pps = {name: round(node["pps"]) for name, node in load.items() if not node["stale"]}
        if pps:
            self._samples.append((round(at, 3), pps))

    def to_dict(self) -> Data:
        """Return times, in Unix time, s, and by node the loads then, in packets/s."""
        names = sorted({name for _, pps in self._samples for name in pps})
        return {
            "at": [at for at, _ in self._samples],
            "pps": {name: [pps.get(name) for _, pps in self._samples] for name in names},
        }
