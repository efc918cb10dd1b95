"""How the data of commands looks to people: one function for each command, from data to lines.

Choices: pure, and tolerant of nothing: data comes from the same version's commands.
"""

from __future__ import annotations

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


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [f"{value} {unit}" for value, unit in parts if value][:2]
    return " ".join(shown) or "0 s"
