"""The network at a glance, as people see it."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, pairs
from controller.operator.views import text

Data = dict[str, Any]

MOST_LOADED = 3


def overview(data: Data, page: Page) -> list[str]:
    """Show a line for each thing that there is to know, and what is wrong."""
    nodes = data["nodes"]
    missing = [f"{node['name']} {node['state']}" for node in nodes if node["state"] != "ready"]
    rows = [
        ("nodes ready", f"{len(nodes) - len(missing)} of {len(nodes)}"),
        *([("not ready", ", ".join(missing))] if missing else []),
        ("links, hosts", f"{len(data['links'])}, {len(data['hosts'])}"),
        *((name, _places(function)) for name, function in data["functions"].items()),
        ("most loaded", _most_loaded(data["load"]) or "load is not measured"),
        ("by itself", _by_itself(data["scaling"])),
    ]
    conflicts = [page.paint(f"! {conflict}", "bad") for conflict in data["conflicts"]]
    return pairs(rows, page) + conflicts


def _places(function: Data) -> str:
    return text.details(function["placement"]) or "nowhere"


def _most_loaded(load: Data) -> str:
    most = sorted(load.items(), key=lambda item: -item[1]["pps"])[:MOST_LOADED]
    return ", ".join(f"{name} {text.rate(found['pps'])} packets/s" for name, found in most)


def _by_itself(scaling: Data | None) -> str:
    if scaling is None:
        return "starting"
    drained = ", ".join(scaling["draining"])
    mode = "paused" if scaling["paused"] else scaling["mode"]
    return f"{mode}; drained: {drained}" if drained else mode
