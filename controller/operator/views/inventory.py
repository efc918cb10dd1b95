"""Nodes, links and hosts as people see them."""

from __future__ import annotations

from typing import Any

from controller.model.slots import format_slots
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


def node_names(data: Data, _page: Page) -> list[str]:
    """Show the names of all nodes in one line."""
    return [f"nodes: {' '.join(data['nodes']) or 'none'}"]


def ports(data: Data, page: Page) -> list[str]:
    """Show one line for each port."""
    rows = [(port["port"], port["facing"], port["peer"]) for port in data["ports"]]
    return render(("port", "facing", "peer"), rows, page) if rows else ["no node is up"]


def links(data: Data, page: Page) -> list[str]:
    """Show one line for each link."""
    rows = [
        (link["a"], link["b"], *map(text.milliseconds, link["lldp_ms"])) for link in data["links"]
    ]
    titles = ("port", "port", "lldp trip", "and back")
    return render(titles, rows, page) if rows else ["there is no link"]


def hosts(data: Data, page: Page) -> list[str]:
    """Show one line for each host."""
    rows = [
        (
            host["name"],
            host["attached"],
            host["zone"],
            host["mac"],
            text.words(host["ip"]),
            "learned" if host["learned"] else "described",
        )
        for host in data["hosts"]
    ]
    titles = ("host", "port", "zone", "mac", "ip", "known")
    return render(titles, rows, page) if rows else ["there is no host"]


def path(data: Data, page: Page) -> list[str]:
    """Show one line for each way, with the slots that take it."""
    rows = [
        (format_slots(way["slots"]), " - ".join(way["nodes"]) or "there is no way")
        for way in data["paths"]
    ]
    return render(("slots", "nodes"), rows, page)
