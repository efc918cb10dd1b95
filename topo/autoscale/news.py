"""What the management entity tells while the scenario runs: its events, from `hitless watch`.

Each event is a line of JSON in the command's log, with the time at which it happened. They are read
as they come, for the progress that people see, and kept, for the account of it all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from topo.deployment import Deployment
from topo.errors import ProcessFailed
from topo.requirements import executable

KINDS = ("load", "load_high", "load_low", "plan", "migration_step", "migration_ended")
TOLD = ("load_high", "plan", "migration_ended")
"""Kinds that people want to see as they happen. Not `load_low`: most nodes are always idle."""
SUBSCRIBE_TIMEOUT_S = 20.0

Event = Mapping[str, Any]


class News:
    """The events of a management entity, from now on."""

    def __init__(self, deployment: Deployment) -> None:
        """Begin to listen; returns once the first event, a measurement of load, has come."""
        socket = str(deployment.configuration.rpc_socket)
        kinds = ",".join(KINDS)
        self._process = deployment.network.process(
            "watch",
            [executable("hitless"), "watch", "--kinds", kinds, "--rpc", socket, "--json"],
        )
        self._offset = 0
        self.events: list[Event] = []
        self._process.wait_until(
            lambda: bool(self.take()), "heard of any load", SUBSCRIBE_TIMEOUT_S
        )

    def take(self) -> list[Event]:
        """Return the events that have come since the last call."""
        self._process.check()
        with self._process.log.open("rb") as log:
            log.seek(self._offset)
            text = log.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        try:
            fresh = [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise ProcessFailed(
                f"hitless watch said something else{self._process.tail()}"
            ) from error
        self.events += fresh
        return fresh


def describe(event: Event) -> str:
    """Return an event in a line or a few, for people."""
    match event["event"]:
        case "load_high" | "load_low" as kind:
            word = "above" if kind == "load_high" else "below"
            return (
                f"{event['node']} handles {event['load']['pps']:,.0f} packets/s, "
                f"{word} {event['threshold_pps']:,.0f}"
            )
        case "plan":
            return _describe_plan(event)
        case "migration_ended":
            move = event["migration"]
            moved = f"slots {move['slots']} from {move['from']} to {move['to']}"
            return f"migration {move['id']} {move['state']}: {moved}"
        case kind:
            return kind


def _describe_plan(event: Event) -> str:
    plan = event["plan"]
    name = f"plan {plan['kind'].replace('_', '-')} {plan['node']}".rstrip()
    if event["state"] != "begun":
        return f"{name}: {event['state']}" + (f": {event['reason']}" if event["reason"] else "")
    return "\n             ".join([f"{name}:", *plan["explanation"]])
