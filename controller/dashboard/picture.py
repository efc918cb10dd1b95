"""What pages show, kept up to date from the management entity's answers and events: pure.

A page that has just opened, or has missed some, gets all of it and needs no history; the others get
what has changed since they were told last. Samples over time are kept apart (``Timeline``).
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable
from typing import Any

from controller.news.history import Levels
from controller.operator.views.event_text import event_text

Data = dict[str, Any]

LATEST_MIGRATIONS = 20
LATEST_NEWS = 100
NEWS_LENGTH = 300
"Characters of an event's text; a placement of a hundred nodes is longer than anybody reads."
TIMELINE_SAMPLES = 600
FEW_LINKS = 16


class Picture:
    """The network, its load, the latest migrations and events. Used by one thread."""

    def __init__(self) -> None:
        self._parts: Data = {"gone": "not asked yet"}
        self._told: Data = {}
        self._migrations: dict[int, Data] = {}
        self._moved: dict[int, Data] = {}
        "Migrations of which there is something to tell."
        self.timelines = {"loads": Timeline(), "trips": Timeline()}
        "Packets/s of nodes, ms that LLDP frames take over links; the last samples are parts."
        self._levels = Levels()
        self._news: deque[Data] = deque(maxlen=LATEST_NEWS)
        self._fresh: deque[Data] = deque(maxlen=LATEST_NEWS)
        "News to tell."

    def overview(self, answer: Data) -> None:
        """Take the answer to ``overview``, with ``at``, when it came, in Unix time, s.

        Of load, what events tell is as new and comes alone.
        """
        load = self._parts.get("load") if "loads" in self._parts else answer["load"]
        known = {key: value for key, value in answer.items() if key != "at"}
        self._parts |= known | {"gone": None, "load": load}
        self._sample("trips", answer["at"], latencies(answer))

    def _sample(self, timeline: str, at: float, values: dict[str, float]) -> None:
        if values:
            self.timelines[timeline].add(at, values)
            self._parts[timeline] = {"at": round(at, 3), "values": values}

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
            self._parts["load"] = event["nodes"]
            self._sample("loads", event["at"], loads(event))
            return
        if "migration" in event:
            record = event["migration"]
            self._migrations[record["id"]] = self._moved[record["id"]] = record
            for old in sorted(self._migrations)[:-LATEST_MIGRATIONS]:
                del self._migrations[old]
        if self._levels.again(event):
            return
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


def loads(event: Data) -> dict[str, float]:
    """Return the load of nodes, packets/s, from the event ``load``; without what is old."""
    return {name: round(node["pps"]) for name, node in event["nodes"].items() if not node["stale"]}


def latencies(answer: Data) -> dict[str, float]:
    """Return how long LLDP frames take, ms, from the answer to ``overview``.

    Of a few links each one's mean of both ways; of more the median and the worst.
    """
    found = {
        link: round(statistics.mean(ways), 2)
        for link, ways in answer["latency"]["lldp_ms"].items()
        if None not in ways
    }
    if len(found) <= FEW_LINKS:
        return found
    return {"median": statistics.median(found.values()), "worst": max(found.values())}


class Timeline:
    """Values over time, for pages that open later."""

    def __init__(self, samples: int = TIMELINE_SAMPLES) -> None:
        self._samples: deque[tuple[float, dict[str, float]]] = deque(maxlen=samples)

    def add(self, at: float, values: dict[str, float]) -> None:
        """Take values by name, of a moment in Unix time, s."""
        self._samples.append((round(at, 3), values))

    def to_dict(self) -> Data:
        """Return times, in Unix time, s, and by name the values then."""
        names = sorted({name for _, values in self._samples for name in values})
        return {
            "at": [at for at, _ in self._samples],
            "values": {name: [v.get(name) for _, v in self._samples] for name in names},
        }
