"""Runs commands for a person or a script: asks, waits, shows. For the command line and the shell.

Choices: data goes to ``out``, all else to ``err``. A migration's progress is shown where that is a
terminal. Ctrl-C stops waiting, and nothing else. What is not JSON is shown with control characters
written out: a node's own words are among it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from controller.errors import NotRunning
from controller.migration.states import MigrationState
from controller.news.history import ROUTINE, Levels
from controller.operator.client import CALL_TIMEOUT_S, RpcClient
from controller.operator.command import Command, Data
from controller.operator.commands import COMMANDS
from controller.operator.follow import follow, follow_plan
from controller.operator.grammar import NO_WAIT
from controller.operator.status import DONE, FAILED, INTERRUPTED
from controller.operator.terminal import page_for
from controller.operator.views.migrations import migration_summary
from controller.visible import all_visible, visible

WAIT_TIMEOUT_S = 600.0
"A migration's end is awaited so long where nobody says otherwise."
EVENT_PAUSE_S = 3600.0


@dataclass(frozen=True)
class Console:
    """Where commands are shown, and how."""

    out: TextIO
    err: TextIO
    program: str = "hitless"
    json: bool = False
    timeout_s: float | None = None
    "Give up waiting for an answer, or for a migration's end, after so long; None: by default."

    def run(self, client: RpcClient, command: Command, arguments: Mapping[str, Any]) -> int:
        """Run a command and show what comes of it; return an exit status.

        Raises:
            HitlessError: it was refused or not answered.
            KeyboardInterrupt: nothing that is under way was left behind.
        """
        given = {name: value for name, value in arguments.items() if name != NO_WAIT}
        if command.follows:
            return self._watch(client, given)
        waits = command.can_be_awaited and not arguments.get(NO_WAIT)
        if waits:
            client.subscribe(_PROGRESS_KINDS)
        try:
            data = client.fetch(command.method, given, self.timeout_s or CALL_TIMEOUT_S)
        except KeyboardInterrupt:
            if not command.can_be_awaited:
                raise
            return self._interrupted("stopped waiting; what was begun goes on: hitless migrations")
        if waits and "id" in data:
            return self._wait(client, data["id"])
        self._show(command, data)
        return self._wait_plan(client, data["plan"]) if waits and data.get("begun") else DONE

    def complain(self, problem: object) -> None:
        """Say what went wrong."""
        page = page_for(self.err)
        said = "\n".join(page.wrap(f"{self.program}: {visible(str(problem))}"))
        print(page.paint(self.program, "bad") + said.removeprefix(self.program), file=self.err)

    def _watch(self, client: RpcClient, given: Mapping[str, Any]) -> int:
        """Show events until Ctrl-C, or for the time limit if there is one."""
        client.subscribe(given.get("kinds"))
        levels = Levels()
        try:
            while event := client.next_event(self.timeout_s or EVENT_PAUSE_S):
                if given.get("kinds") or not (event["event"] in ROUTINE or levels.again(event)):
                    self._show_event(event)
        except KeyboardInterrupt:
            return INTERRUPTED
        return DONE

    def _show_event(self, event: Data) -> None:
        if self.json:
            print(json.dumps(event, ensure_ascii=False), file=self.out, flush=True)
            return
        shown = {"events": [all_visible(event)]}
        for line in COMMANDS["watch"].view(shown, page_for(self.out)):
            print(line, file=self.out, flush=True)

    def _wait(self, client: RpcClient, migration_id: int) -> int:
        """Wait for a migration's end and show its record."""
        later = f"hitless migrations {migration_id}"
        progress = self.err if self.err.isatty() else None
        try:
            record = follow(client, migration_id, self.timeout_s or WAIT_TIMEOUT_S, progress)
        except KeyboardInterrupt:
            return self._interrupted(f"stopped waiting; migration {migration_id} goes on: {later}")
        except NotRunning as exc:
            raise NotRunning(
                f"{exc}; when it runs again, migration {migration_id} is finished or undone:"
                f" {later}"
            ) from exc
        if progress and self.out.isatty() and not self.json:
            summary = migration_summary(all_visible(record))
            print("\n".join(summary), file=self.out)  # the steps have been seen
        else:
            self._show(COMMANDS["migrations"], {"migration": record})
        return DONE if record["state"] == MigrationState.FINISHED.value else FAILED

    def _wait_plan(self, client: RpcClient, plan: Data) -> int:
        """Wait for a plan's end and say how it came out."""
        progress = self.err if self.err.isatty() else None
        try:
            end = follow_plan(client, plan, self.timeout_s or WAIT_TIMEOUT_S, progress)
        except KeyboardInterrupt:
            return self._interrupted("stopped waiting; the plan goes on: hitless scaling")
        if end["state"] != "finished":
            self.complain(f"the plan {end['state']}: {end['reason']}")
            return FAILED
        if not self.json:
            print(f"finished; its migrations: {_listed(end['migrations'])}", file=self.out)
        return DONE

    def _interrupted(self, left_behind: str) -> int:
        """Say what goes on although nobody waits for it any more; return the exit status."""
        print(file=self.err)  # behind the terminal's ^C
        self.complain(left_behind)
        return INTERRUPTED

    def _show(self, command: Command, data: Data) -> None:
        if self.json:
            print(json.dumps(data, indent=2, ensure_ascii=False), file=self.out)
            return
        for line in command.view(all_visible(data), page_for(self.out)):
            print(line, file=self.out)


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids)) or "none"


_PROGRESS_KINDS = (
    "plan",
    "migration_started",
    "migration_step",
    "migration_blocked",
    "migration_ended",
)
