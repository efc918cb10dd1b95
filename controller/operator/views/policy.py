"""Policy and thresholds as people see them."""

from __future__ import annotations

from typing import Any

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
    """Show one line for each node."""
    rows = [
        (
            one["node"],
            text.rate(one["high_pps"]),
            text.rate(one["low_pps"]),
            text.rate(one["capacity_pps"]),
            f"{one['hold_s']:g} s",
            f"{one['cool_down_s']:g} s",
            "its own" if one["own"] else "all nodes'",
        )
        for one in data["thresholds"]
    ]
    titles = ("node", "high pps", "low pps", "capacity pps", "hold", "cool-down", "set for")
    return render(titles, rows, page)
