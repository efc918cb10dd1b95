"""Functions, slots and placement as people see them."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, render
from controller.operator.views import text

Data = dict[str, Any]


def placement(data: Data, page: Page) -> list[str]:
    """Show who enforces what, and what is wrong with it."""
    rows = [
        (name, function["slots"], node, slots)
        for name, function in data["functions"].items()
        for node, slots in (function["placement"] or {"-": "none"}).items()
    ]
    table = render(("function", "slots", "node", "enforces"), rows, page)
    return table + [page.paint(f"! {conflict}", "bad") for conflict in data["conflicts"]]


def functions(data: Data, page: Page) -> list[str]:
    """Show one line for each function."""
    rows = [
        (
            function["name"],
            function["slots"],
            " ".join(function["programs"]),
            text.words(function["nodes"]),
            function["cells"],
            ", ".join(f"{state['name']} (merge: {state['merge']})" for state in function["states"]),
        )
        for function in data["functions"]
    ]
    return render(("function", "slots", "programs", "nodes", "cells", "state"), rows, page)


def slots(data: Data, page: Page) -> list[str]:
    """Show one line for each slot."""
    rows = [
        (
            slot["function"],
            slot["slot"],
            " ".join(slot["enforced_by"]) or "nowhere",
            text.words(slot["learned_by"]),
            text.rate(slot["pps"]),
        )
        for slot in data["slots"]
    ]
    return render(("function", "slot", "enforced by", "learned by", "pps"), rows, page)
