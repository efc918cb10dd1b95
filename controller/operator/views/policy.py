"""Policy and thresholds as people see them."""

from __future__ import annotations

from typing import Any

from controller.model.thresholds import LIMITS
from controller.operator.tables import Page, render
from controller.operator.views import text

Data = dict[str, Any]


def policy(data: Data, page: Page) -> list[str]:
    """Show what is wanted of each function, and how often state is kept."""
    file = data["policy_file"]
    head = [f"policy file: {file}" if file else "there is no policy file; nothing is wanted"]
    interval_s = data["checkpoint_interval_s"]
    head += [f"checkpoints: every {interval_s:g} s" if interval_s else "checkpoints: none"]
    rows = [
        (
            name,
            " - ".join(wanted["between"] or ()) or "any hosts",
            wanted["on_failure"],
            "any" if wanted["nodes"] is None else text.words(wanted["nodes"]),
            text.words([f"{node}:{slots}" for node, slots in wanted["pinned"].items()]),
            text.words(wanted["apart_from"]),
        )
        for name, wanted in data["functions"].items()
    ]
    titles = ("function", "between", "on failure", "nodes", "pinned", "apart from")
    return head + (render(titles, rows, page) if rows else [])


def thresholds(data: Data, page: Page) -> list[str]:
    """Show one line for each node; limits that were set at run time have a mark."""
    rows = [
        (
            one["node"],
            *(_limit(one, limit) for limit in LIMITS),
            f"{one['hold_s']:g} s",
            f"{one['cool_down_s']:g} s",
            "its own" if one["own"] else "all nodes'",
            _in_file(one),
        )
        for one in data["thresholds"]
    ]
    titles = tuple(limit.replace("_", " ") for limit in LIMITS)
    titles = ("node", *titles, "hold", "cool-down", "set for", "* file says")
    return render(titles, rows, page)


def _limit(one: Data, limit: str) -> str | None:
    shown = text.rate(one[limit])
    return f"{shown} *" if limit in one["set"] else shown


def _in_file(one: Data) -> str | None:
    """Return what the policy file says of limits that were set at run time."""
    said = {limit: text.rate(one["file"][limit]) or "none" for limit in one["set"]}
    return ", ".join(f"{limit.removesuffix('_pps')} {rate}" for limit, rate in said.items()) or None
