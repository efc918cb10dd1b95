"""Following one migration to its end over the RPC, and showing its steps as they happen.

Choices: events bring the news at once; asking every few seconds makes up for any that were missed
and notices a management entity that hangs. Both carry the whole record, so either will do.
"""

from __future__ import annotations

import time
from typing import Any, TextIO

from controller.errors import NoAnswer
from controller.operator.client import RpcClient

ASK_INTERVAL_S = 2.0

Record = dict[str, Any]


def follow(
    client: RpcClient, migration_id: int, timeout_s: float, progress: TextIO | None
) -> Record:
    """Wait until a migration has ended, and return its record.

    Args:
        client: A connection that has subscribed to events.
        migration_id: The migration.
        timeout_s: How long to wait.
        progress: Where steps are shown as they end; None: nowhere.

    Raises:
        NoAnswer: it has not ended in time, or the management entity hangs.
        NotRunning: the management entity has ended.
    """
    deadline = time.monotonic() + timeout_s
    shown = 0
    while True:
        record = client.call("migrations", {"id": migration_id})["migration"]
        while record is not None:
            shown = _show_new_steps(record, shown, progress)
            if record["ended"]:
                return record
            if time.monotonic() > deadline:
                raise NoAnswer(
                    f"migration {migration_id} has not ended within {timeout_s:g} s and goes on:"
                    f" hitless migrations {migration_id}",
                    alive=True,
                )
            record = _next_record(client, migration_id, deadline)


def _next_record(client: RpcClient, migration_id: int, deadline: float) -> Record | None:
    """Return the record in the next event about a migration; None if none comes for a while."""
    ask_at = min(time.monotonic() + ASK_INTERVAL_S, deadline)
    while (left_s := ask_at - time.monotonic()) > 0:
        event = client.next_event(left_s)
        record = event.get("migration") if event else None
        if record and record["id"] == migration_id:
            return record
    return None


def _show_new_steps(record: Record, shown: int, progress: TextIO | None) -> int:
    """Show the steps that have ended since; return how many were shown so far."""
    ended = [step for step in record["steps"] if step["ms"] is not None]
    for step in ended[shown:] if progress else ():
        detail = f"  {step['detail']}" if step["detail"] else ""
        print(
            f"  {step['name']:<18} {step['node']:<8} {step['state']:<8} {step['ms']:>9.1f} ms"
            f"{detail}",
            file=progress,
            flush=True,
        )
    return max(shown, len(ended))
