"""How the data of commands looks to people: one function for each command, from data to lines.

Choices: pure, and tolerant of nothing: data comes from the same version's commands.
"""

from __future__ import annotations

import datetime
from typing import Any

from controller.operator.tables import render

Data = dict[str, Any]


def status(data: Data, width: int | None) -> list[str]:
    """Show the management entity itself."""
    nodes = data["nodes"]
    rows = [
        ("version", data["version"]),
        ("process", f"{data['pid']}, {data['hub']} hub, up for {_span(data['uptime_s'])}"),
        ("network file", data["network_file"]),
        ("journal", data["journal_file"]),
        ("nodes ready", f"{nodes['ready']} of {nodes['total']}"),
        ("under way", ", ".join(map(str, data["under_way"])) or "no migration"),
    ]
    return render(("what", "value"), rows, width)[1:]


def nodes(data: Data, width: int | None) -> list[str]:
    """Show one line for each node."""
    rows = [
        (
            node["name"],
            node["state"],
            node["program"],
            " ".join(f"{name}:{f['enforce']}" for name, f in node["functions"].items()) or None,
            node["address"],
            node["reason"],
        )
        for node in data["nodes"]
    ]
    return render(("node", "state", "program", "enforces", "address", "note"), rows, width)


def placement(data: Data, width: int | None) -> list[str]:
    """Show who enforces what, and what is wrong with it."""
    rows = [
        (name, function["slots"], node, slots)
        for name, function in data["functions"].items()
        for node, slots in (function["placement"] or {"-": "none"}).items()
    ]
    lines = render(("function", "slots", "node", "enforces"), rows, width)
    return lines + [f"! {conflict}" for conflict in data["conflicts"]]


def functions(data: Data, width: int | None) -> list[str]:
    """Show each function and, below it, its state."""
    rows = [
        (
            function["name"],
            function["slots"],
            " ".join(function["programs"]),
            " ".join(function["nodes"]) or None,
            function["cells"],
            ", ".join(f"{state['name']} (merge: {state['merge']})" for state in function["states"]),
        )
        for function in data["functions"]
    ]
    return render(("function", "slots", "programs", "nodes", "cells", "state"), rows, width)


def plan(data: Data, width: int | None) -> list[str]:
    """Show what a migration would do; of one that was begun, how to follow it."""
    if "id" in data:
        return [f"migration {data['id']} is under way: hitless migrations {data['id']}"]
    found = data["plan"]
    steps = render(("step", "node"), [(s["name"], s["node"]) for s in found["steps"]], width)
    how = f"The steps by {found['method']}, {found['mode']} (nothing was done):"
    return [*(f"{reason}." for reason in found["explanation"]), how, *steps]


def migrations(data: Data, width: int | None) -> list[str]:
    """Show one line for each migration, or one of them with its steps."""
    if "migration" in data:
        return _migration(data["migration"], width)
    rows = [
        (
            record["id"],
            _when(record["created_at"]),
            record["function"],
            record["slots"],
            record["from"],
            record["to"],
            record["method"],
            record["mode"],
            record["state"],
            record["cells_moved"],
            _ms(record["duration_ms"]),
        )
        for record in data["migrations"]
    ]
    titles = "id", "started", "function", "slots", "from", "to", "method", "mode", "state"
    return render((*titles, "cells", "took"), rows, width)


def migration_summary(record: Data) -> list[str]:
    """Show a migration without its steps."""
    took = f" in {_ms(record['duration_ms'])}" if record["duration_ms"] is not None else ""
    return [
        f"migration {record['id']}: {record['function']}, slots {record['slots']},"
        f" {record['from']} to {record['to']}, {record['method']}, {record['mode']}",
        f"{record['state']}{took}, {record['cells_moved']} cells moved",
        *([record["reason"]] if record["reason"] else []),
    ]


def _migration(record: Data, width: int | None) -> list[str]:
    rows = [
        (step["name"], step["node"], step["state"], _ms(step["ms"]), detail_text(step["detail"]))
        for step in record["steps"]
    ]
    steps = render(("step", "node", "state", "took", "detail"), rows, width)
    return migration_summary(record) + steps


def detail_text(detail: Data) -> str:
    """Return a step's details in one line."""
    return ", ".join(f"{key} {value}" for key, value in detail.items())


def _when(epoch_s: float) -> str:
    return datetime.datetime.fromtimestamp(epoch_s).strftime("%Y-%m-%d %H:%M:%S")


def _ms(ms: float | None) -> str | None:
    return None if ms is None else f"{ms:.1f} ms"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [f"{value} {unit}" for value, unit in parts if value][:2]
    return " ".join(shown) or "0 s"
