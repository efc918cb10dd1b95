"""The management entity, its events and its commands, as people see them."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, pairs
from controller.operator.views import text
from controller.operator.views.event_text import event_line

Data = dict[str, Any]


def status(data: Data, page: Page) -> list[str]:
    """Show the management entity itself."""
    nodes = data["nodes"]
    rows = [
        ("version", data["version"]),
        ("process", f"{data['pid']}, {data['hub']} hub, up for {text.span(data['uptime_s'])}"),
        ("network file", data["network_file"]),
        ("journal", data["journal_file"]),
        ("nodes ready", f"{nodes['ready']} of {nodes['total']}"),
        ("under way", ", ".join(map(str, data["under_way"])) or "no migration"),
    ]
    return pairs(rows, page)


def events(data: Data, page: Page) -> list[str]:
    """Show one line for each event."""
    return [event_line(event, page) for event in data["events"]]


def commands(data: Data, page: Page) -> list[str]:
    """Show one line for each command."""
    return pairs(((command["name"], command["help"]) for command in data["commands"]), page)


def values(data: Data, _page: Page) -> list[str]:
    """Show one value a line."""
    return data["values"]
