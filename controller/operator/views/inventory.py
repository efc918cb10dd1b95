"""Nodes, links and hosts as people see them."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, render
from controller.operator.views import text

Data = dict[str, Any]


def nodes(data: Data, page: Page) -> list[str]:
    """Show one line for each node."""
    rows = [
        (
            node["name"],
            node["state"],
            node["program"],
            text.words([f"{name}:{f['enforce']}" for name, f in node["functions"].items()]),
            node["address"],
            node["reason"],
        )
        for node in data["nodes"]
    ]
    return render(("node", "state", "program", "enforces", "address", "note"), rows, page)


def links(data: Data, page: Page) -> list[str]:
    """Show one line for each link."""
    rows = [(link["a"], link["b"]) for link in data["links"]]
    return render(("port", "port"), rows, page)


def hosts(data: Data, page: Page) -> list[str]:
    """Show one line for each host."""
    rows = [
        (host["name"], host["attached"], host["zone"], host["mac"], text.words(host["ip"]))
        for host in data["hosts"]
    ]
    return render(("host", "port", "zone", "mac", "ip"), rows, page)
