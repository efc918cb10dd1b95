"""From the management entity's answers to what the page shows: pure.

A picture is plain data, whole each time: a page that has just opened, or missed some, needs no
history to draw it. Samples of load over time are kept apart (``Timeline``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

Data = dict[str, Any]

COMMANDS = ("status", "nodes", "links", "hosts", "placement", "load", "migrations")
"What a picture is made of."
LATEST_MIGRATIONS = 20
TIMELINE_SAMPLES = 600


def picture(answers: Mapping[str, Data]) -> Data:
    """Return what the page shows.

    Args:
        answers: The commands' data, by command.
    """
    placement = answers["placement"]
    loads = {node["name"]: node for node in answers["load"]["nodes"]}
    return {
        "status": answers["status"],
        "nodes": [
            _node(node, placement, loads.get(node["name"], {}))
            for node in answers["nodes"]["nodes"]
        ],
        "links": answers["links"]["links"],
        "hosts": answers["hosts"]["hosts"],
        "functions": placement["functions"],
        "conflicts": placement["conflicts"],
        "migrations": answers["migrations"]["migrations"][-LATEST_MIGRATIONS:],
    }


def _node(node: Data, placement: Data, load: Data) -> Data:
    enforced = {
        function: about["placement"][node["name"]]
        for function, about in placement["functions"].items()
        if node["name"] in about["placement"]
    }
    measured = load.get("load") or {}
    return {
        "name": node["name"],
        "state": node["state"],
        "reason": node["reason"],
        "program": node["program"],
        "enforces": enforced,
        "pps": measured.get("pps"),
        "high_pps": load.get("high_pps"),
        "stale": bool(measured.get("stale")),
        "ports": measured.get("ports", {}),
    }


class Timeline:
    """Load of each node over time, for pages that open later."""

    def __init__(self, samples: int = TIMELINE_SAMPLES) -> None:
        self._samples: deque[tuple[float, dict[str, float]]] = deque(maxlen=samples)

    def add(self, at: float, shown: Data) -> None:
        """Take a picture's loads.

        Args:
            at: When it was, in Unix time, s.
            shown: The picture.
        """
        pps = {n["name"]: n["pps"] for n in shown["nodes"] if n["pps"] is not None}
        if pps:
            self._samples.append((at, pps))

    def to_dict(self) -> Data:
        """Return times, in Unix time, s, and by node the loads then, in packets/s."""
        names = sorted({name for _, pps in self._samples for name in pps})
        return {
            "at": [at for at, _ in self._samples],
            "pps": {name: [pps.get(name) for _, pps in self._samples] for name in names},
        }
