"""Events as lines of JSON in a file, for tools: one event a line, each with when and what.

Choices: a line says what happened, not all that is: of a placement or a topology that changed, it
has what people ask for; of a migration's step that step; of its beginning and end the whole record.
Each line about a migration has its id as ``migration``. What is told at each interval is left out.
The file is rotated by the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller import log
from controller.news.history import ROUTINE

Data = Mapping[str, Any]


class EventLog:
    """The file."""

    def __init__(self, path: Path, max_bytes: int, kept: int) -> None:
        """Open it, to be appended to.

        Args:
            path: Where; older files are beside it, with ``.1`` and so on at the end.
            max_bytes: It is rotated before it gets larger; 0: never.
            kept: How many older files are kept.

        Raises:
            ConfigError: it cannot be written.
        """
        log.open_event_log(path, max_bytes, kept)

    def write(self, event: Data, at: float) -> None:
        """Write an event as plain data; ``at`` is seconds since the epoch."""
        if event["event"] not in ROUTINE:
            line = {"at": _iso(at), **line_of(event)}
            log.EVENTS.info("%s", json.dumps(line, separators=(",", ":"), default=str))

    def close(self) -> None:
        """Write no more."""
        log.close_event_log()


def line_of(event: Data) -> dict[str, Any]:
    """Return what a line says of an event: flat, and without what was so before."""
    kind = event["event"]
    if "migration" in event:
        return {"event": kind} | _migration(kind, event["migration"])
    if kind == "placement_changed":
        placement = event["placement"]
        functions = {name: f["placement"] for name, f in placement["functions"].items()}
        return {"event": kind, "functions": functions, "conflicts": placement["conflicts"]}
    if kind == "topology_changed":
        return {"event": kind, "version": event["topology"]["version"]}
    return {key: value for key, value in event.items() if key != "at"}


def _migration(kind: str, record: Data) -> dict[str, Any]:
    told = {"migration": record["id"]} | {k: v for k, v in record.items() if k != "id"}
    if kind != "migration_step":
        return told
    steps = told.pop("steps")
    begun = [step for step in steps if step["state"] != "pending"]
    return told | {"step": begun[-1] if begun else None}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
