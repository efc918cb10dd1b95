"""Plans and scaling as people see them."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, pairs, render
from controller.operator.views import text

Data = dict[str, Any]


def plan(data: Data, page: Page) -> list[str]:
    """Show a plan: why, what moves, what is expected of it."""
    found = data["plan"]
    reasons = [line for reason in found["explanation"] for line in page.wrap(reason)]
    if not found["moves"]:
        return [*reasons, "nothing moves"]
    moves = [
        (
            move["function"],
            move["slots"],
            move["from"],
            move["to"],
            move["method"],
            text.milliseconds(move["time_ms"], digits=0),
        )
        for move in found["moves"]
    ]
    titles = ("function", "slots", "from", "to", "method", "takes")
    loads = [
        (node, text.rate(pps), text.rate(found["after_pps"].get(node)))
        for node, pps in found["before_pps"].items()
    ]
    lines = [*reasons, *render(titles, moves, page)]
    lines += ["", *render(("node", "pps now", "pps then"), loads, page)] if loads else []
    return [*lines, "it is under way: hitless scaling" if data["begun"] else "nothing was done"]


def status(data: Data, page: Page) -> list[str]:
    """Show what is done by itself, and the latest plans."""
    current = data["plan"]
    rows = [
        ("mode", "paused" if data["paused"] else data["mode"]),
        ("drained", ", ".join(data["draining"]) or "no node"),
        ("under way", plan_name(current) if current else "no plan"),
    ]
    kept = [
        (
            one["function"],
            one["slots"],
            one["node"],
            "yes" if one["broken"] else "no",
            one["reason"],
        )
        for one in data["held"]
    ]
    plans = [
        (
            text.moment(one["at"]),
            plan_name(one["plan"]),
            one["state"],
            len(one["plan"]["moves"]),
            one["reason"] or (None if one["plan"]["moves"] else _why(one["plan"])),
        )
        for one in data["plans"]
    ]
    lines = pairs(rows, page)
    if kept:
        titles: tuple[str, ...] = ("paths held", "slots", "enforced by", "broken", "because")
        lines += ["", *render(titles, kept, page)]
    if plans:
        titles = ("when", "plan", "state", "moves", "reason")
        lines += ["", *render(titles, plans, page)]
    return lines


def _why(found: Data) -> str | None:
    return "; ".join(found["explanation"]) or None


def plan_name(found: Data) -> str:
    """Return a plan in two or three words."""
    return f"{found['kind'].replace('_', ' ')} {found['node']}".strip()
