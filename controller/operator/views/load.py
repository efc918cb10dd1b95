"""Load as people see it."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, render
from controller.operator.views import text

Data = dict[str, Any]


def load(data: Data, page: Page) -> list[str]:
    """Show one line for each node; of a single one its slots and ports as well."""
    rows = [_row(node) for node in data["nodes"]]
    titles = ("node", "pps", "level", "high pps", "low pps", "functions", "age")
    lines = render(titles, rows, page)
    if len(data["nodes"]) == 1 and data["nodes"][0]["load"]:
        lines += _in_full(data["nodes"][0]["load"], page)
    return lines


def _row(node: Data) -> tuple[object, ...]:
    found = node["load"]
    limits = (text.rate(node["high_pps"]), text.rate(node["low_pps"]))
    if found is None:
        return (node["name"], None, "not measured", *limits, None, None)
    functions = {name: sum(slots.values()) for name, slots in found["functions"].items()}
    return (
        node["name"],
        text.rate(found["pps"]),
        "stale" if found["stale"] else found["level"],
        *limits,
        text.words([f"{name}:{text.rate(pps)}" for name, pps in functions.items()]),
        f"{found['age_s']:.1f} s",
    )


def _in_full(found: Data, page: Page) -> list[str]:
    slots = [
        (function, slot, text.rate(pps))
        for function, by_slot in found["functions"].items()
        for slot, pps in by_slot.items()
    ]
    ports = [
        (port, text.rate(rates["rx_pps"]), text.rate(rates["tx_pps"]))
        for port, rates in found["ports"].items()
    ]
    lines = ["", *render(("function", "slot", "pps"), slots, page)] if slots else []
    return lines + (["", *render(("port", "in pps", "out pps"), ports, page)] if ports else [])
