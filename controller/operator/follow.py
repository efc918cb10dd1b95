"""Following a migration, or a plan of several, to its end, and showing the steps.

Choices: events bring the news at once; asking every few seconds makes up for any that were missed
and notices a management entity that hangs. Both carry the whole record, so either will do.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TextIO

from controller.errors import NoAnswer
from controller.migration.states import MigrationState, StepState
from controller.operator.client import RpcClient
from controller.operator.terminal import page_for
from controller.operator.views.text import details, milliseconds
from controller.visible import all_visible

ASK_INTERVAL_S = 2.0
HANGING = 4
"Columns by which what does not fit a step's line is indented."

PLAN_ENDS = ("finished", "failed", "stopped")

Record = dict[str, Any]


def follow(
    client: RpcClient, migration_id: int, timeout_s: float, progress: TextIO | None
) -> Record:
    """Wait until a migration has ended or waits for a node, and return its record.

    Args:
        client: A connection that has subscribed to events.
        migration_id: The migration.
        timeout_s: How long to wait.
        progress: Where steps are shown as they change; None: nowhere.

    Raises:
        NoAnswer: it has not come so far in time, or the management entity hangs.
        NotRunning: the management entity has ended.
    """
    deadline = time.monotonic() + timeout_s
    shown: dict[int, str] = {}
    record = None
    while time.monotonic() < deadline:
        record = record or client.call("migrations", {"id": migration_id})["migration"]
        _show_news(record, shown, progress)
        state = MigrationState(record["state"])
        if state.ended or state.blocked:
            return record
        record = _next_record(client, migration_id, deadline)
    raise NoAnswer(
        f"migration {migration_id} has not ended within {timeout_s:g} s and goes on:"
        f" hitless migrations {migration_id}",
        alive=True,
    )


def follow_plan(
    client: RpcClient, plan: Mapping[str, Any], timeout_s: float, progress: TextIO | None
) -> Record:
    """Wait until a plan has come to its end, and return the event that says so.

    Args:
        client: A connection that subscribed to events before the plan was begun.
        plan: The plan.
        timeout_s: How long to wait.
        progress: Where the steps of its migrations are shown; None: nowhere.

    Raises:
        NoAnswer: it has not ended in time, or the management entity hangs.
        NotRunning: the management entity has ended.
    """
    deadline = time.monotonic() + timeout_s
    shown: dict[int, dict[int, str]] = {}
    while (left_s := deadline - time.monotonic()) > 0:
        event = client.next_event(min(ASK_INTERVAL_S, left_s))
        if event is None:
            client.call("ping")  # no news: does it live?
        elif "migration" in event:
            record = event["migration"]
            _show_news(record, shown.setdefault(record["id"], {}), progress)
        elif event["event"] == "plan" and _is_end(event, plan):
            return event
    raise NoAnswer(
        f"the plan has not come to its end within {timeout_s:g} s and goes on: hitless scaling",
        alive=True,
    )


def _is_end(event: Mapping[str, Any], plan: Mapping[str, Any]) -> bool:
    same = all(event["plan"][key] == plan[key] for key in ("kind", "node"))
    return same and event["state"] in PLAN_ENDS


def _next_record(client: RpcClient, migration_id: int, deadline: float) -> Record | None:
    """Return the record in the next event about a migration; None if none comes for a while."""
    ask_at = min(time.monotonic() + ASK_INTERVAL_S, deadline)
    while (left_s := ask_at - time.monotonic()) > 0:
        event = client.next_event(left_s)
        record = event.get("migration") if event else None
        if record and record["id"] == migration_id:
            return record
    return None


def _show_news(record: Record, shown: dict[int, str], progress: TextIO | None) -> None:
    """Show each step that is new: running ones until they have come to something.

    ``shown`` remembers what was shown of each.
    """
    if progress is None:
        return
    for position, step in enumerate(record["steps"]):
        state = StepState(step["state"])
        if state is StepState.PENDING or shown.get(position) == state.value:
            continue
        shown[position] = state.value
        running = state is StepState.RUNNING
        # What comes next on this line is never shorter than what is there.
        line = "\n".join(page_for(progress).wrap(_step_line(all_visible(step)), HANGING))
        print(f"\r{line}", end="" if running else "\n", file=progress, flush=True)


def _step_line(step: Mapping[str, Any]) -> str:
    took = milliseconds(step["ms"]) or ""
    line = f"  {step['name']:<12} {step['node']:<8} {step['state']:<8} {took:>10}"
    return f"{line}  {details(step['detail'])}".rstrip(" ") if took else line
