"""Plans and migrations as people see them."""

from __future__ import annotations

from typing import Any

from controller.operator.tables import Page, render
from controller.operator.views import text

Data = dict[str, Any]


def plan(data: Data, page: Page) -> list[str]:
    """Show what a migration would do; of one that was begun, how to follow it."""
    if "id" in data:
        return [f"migration {data['id']} is under way: hitless migrations {data['id']}"]
    found = data["plan"]
    steps = render(("step", "node"), [(s["name"], s["node"]) for s in found["steps"]], page)
    reasons = [line for reason in found["explanation"] for line in page.wrap(f"{reason}.")]
    how = f"The steps by {found['method']}, {found['mode']} (nothing was done):"
    return [*reasons, how, *steps]


def migrations(data: Data, page: Page) -> list[str]:
    """Show one line for each migration, or one of them with its steps."""
    if "migration" in data:
        return _migration(data["migration"], page)
    if not data["migrations"]:
        return ["there is no migration"]
    rows = [
        (
            record["id"],
            text.moment(record["created_at"]),
            record["function"],
            record["slots"],
            record["from"],
            record["to"],
            record["method"] if record["mode"] == "hitless" else f"{record['method']} paper",
            record["state"],
            f"{record['cells_moved']:,}",
            text.milliseconds(record["duration_ms"], digits=0),
        )
        for record in data["migrations"]
    ]
    titles = "id", "started", "function", "slots", "from", "to", "method", "state"
    return render((*titles, "cells", "took"), rows, page)


def migration_summary(record: Data) -> list[str]:
    """Show a migration without its steps."""
    duration_ms = record["duration_ms"]
    took = f" in {text.milliseconds(duration_ms)}" if duration_ms is not None else ""
    return [
        f"migration {record['id']}: {record['function']}, slots {record['slots']},"
        f" {record['from']} to {record['to']}, {record['method']}, {record['mode']}",
        f"{record['state']}{took}, {record['cells_moved']:,} cells moved",
        *([record["reason"]] if record["reason"] else []),
    ]


def _migration(record: Data, page: Page) -> list[str]:
    rows = [
        (
            step["name"],
            step["node"],
            step["state"],
            text.milliseconds(step["ms"]),
            text.details(step["detail"]),
        )
        for step in record["steps"]
    ]
    return migration_summary(record) + render(
        ("step", "node", "state", "took", "detail"), rows, page
    )
