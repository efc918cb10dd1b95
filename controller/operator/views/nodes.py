"""What a node holds, as people see it."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, render
from controller.operator.views import text

Data = dict[str, Any]


def tables(data: Data, page: Page) -> list[str]:
    """Show one line for each table, or for each entry of one."""
    if "tables" in data:
        rows = [
            (t["name"], text.words(t["match"]), text.words(t["actions"]), t["size"], t["entries"])
            for t in data["tables"]
        ]
        return render(("table", "match", "actions", "size", "entries"), rows, page)
    counted = any(entry["packets"] is not None for entry in data["entries"])
    entries = [
        (
            entry["match"],
            entry["priority"] or None,
            entry["action"],
            *((entry["packets"], entry["bytes"]) if counted else ()),
        )
        for entry in data["entries"]
    ]
    titles = ("match", "priority", "action", *(("packets", "bytes") if counted else ()))
    what = f"{data['table']} of {data['node']}"
    return [what, *(render(titles, entries, page) if entries else ["no entries"])]


def registers(data: Data, page: Page) -> list[str]:
    """Show one line for each register, or for each cell of one."""
    if "registers" in data:
        rows = [(r["name"], f"{r['cells']:,}", r["bits"]) for r in data["registers"]]
        return render(("register", "cells", "bits"), rows, page)
    cells = [(index, value, f"{value:#x}") for index, value in data["cells"]]
    what = f"{data['register']} of {data['node']}, {_cells(data['size'])}"
    return [what, *(render(("cell", "value", "hex"), cells, page) if cells else _ALL_ZERO)]


def counters(data: Data, page: Page) -> list[str]:
    """Show one line for each counter, or for each cell of one."""
    if "counters" in data:
        rows = [(c["name"], f"{c['cells']:,}", c["unit"]) for c in data["counters"]]
        return render(("counter", "cells", "counts"), rows, page)
    what = f"{data['counter']} of {data['node']}, {_cells(data['size'])}"
    cells = [(index, f"{packets:,}", f"{octets:,}") for index, packets, octets in data["cells"]]
    return [what, *(render(("cell", "packets", "bytes"), cells, page) if cells else _ALL_ZERO)]


def added(data: Data, _page: Page) -> list[str]:
    """Say what a program that was checked, or taken in, has."""
    name, has = data["program"], f"functions: {', '.join(data['functions']) or 'none'}"
    if not data["added"]:
        return [f"{name} can be added; {has}"]
    return [f"{name} added; {has}", f"program push NODE {name} gives it to a node"]


def pushed(data: Data, _page: Page) -> list[str]:
    """Say what was done to a node."""
    if not data["pushed"]:
        return [f"{data['node']} runs {data['program']} already"]
    return [f"{data['node']} runs {data['program']}; {data['entries']} entries written"]


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


_ALL_ZERO = ["all of those read are 0"]
