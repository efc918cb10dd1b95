"""Commands about migrations: begin one, look at them, go on with those that wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controller.model.slots import format_slots
from controller.operator.arguments import Argument
from controller.operator.command import Command, Data
from controller.operator.commands.common import DRY_RUN, FUNCTION, node_names
from controller.operator.values import Choice, Name, Number, Slots
from controller.operator.views import migrations as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity


def _migrate(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    # Imported late, for the command line's sake, which has no use for it.
    from controller.migration.plan import MigrationRequest

    slots = arguments["slots"]
    request = MigrationRequest(
        arguments["function"],
        arguments["source"],
        arguments["destination"],
        None if slots is None else frozenset(slots),
        arguments["method"],
        arguments["mode"],
    )
    if arguments["dry_run"]:
        return {"plan": me.plan(request).to_dict()}
    return {"id": me.migrate(request)}


def _migrations(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    if arguments["id"] is None:
        records = me.migrations(arguments["last"])
        return {"migrations": [record.to_dict() for record in records]}
    return {"migration": me.migration(arguments["id"]).to_dict()}


def _recover(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return {"migrations": [record.to_dict() for record in me.recover()]}


def _source_slots(me: ManagementEntity, others: Mapping[str, Any]) -> list[str]:
    """Return what the source enforces: all of it, then slot by slot."""
    found = me.placement().by_node(str(others.get("function"))).get(str(others.get("source")))
    return [format_slots(found), *map(str, sorted(found))] if found else []


_MIGRATE = (
    replace(FUNCTION, help="the function to move"),
    Argument(
        "source",
        "--from",
        Name("NODE"),
        "the node that enforces the slots now",
        required=True,
        candidates=node_names,
    ),
    Argument(
        "destination",
        "--to",
        Name("NODE"),
        "the node that shall enforce them",
        required=True,
        candidates=node_names,
    ),
    Argument(
        "slots",
        "--slots",
        Slots(),
        "the slots to move, such as 0-7,12 (default: all that the node enforces)",
        candidates=_source_slots,
        strict=False,
    ),
    Argument(
        "method",
        "--method",
        Choice(("pm", "pr", "auto")),
        "pm: flip flags in the programs that run; pr: reload programs; auto: pm where the"
        " destination has the function (default: auto)",
        default="auto",
    ),
    Argument(
        "mode",
        "--mode",
        Choice(("hitless", "paper")),
        "hitless: learn, copy, enforce; paper: one snapshot, as in the paper (default: hitless)",
        default="hitless",
    ),
    DRY_RUN,
)

FAMILY = (
    Command(
        "migrate",
        "move slots of a function from one node to another, while traffic flows",
        _migrate,
        views.plan,
        _MIGRATE,
        acts=True,
        starts_migration=True,
        details="The command line and the shell wait for the end and show the steps; Ctrl-C stops"
        " the waiting, not the migration. Over the RPC the answer is the migration's `id` at once,"
        " and events tell of its steps.",
        examples=(
            "migrate firewall --from s1 --to s2 --dry-run",
            "migrate firewall --from s1 --to s2 --slots 0-7",
        ),
    ),
    Command(
        "migrations",
        "the latest migrations, or one of them with its steps",
        _migrations,
        views.migrations,
        (
            Argument("id", "ID", Number("ID", least=1), "the migration to show in full"),
            Argument(
                "last",
                "--last",
                Number("N", least=1),
                "show so many, the latest (default: 20)",
                default=20,
            ),
        ),
        examples=("migrations --last 5", "migrations 3"),
    ),
    Command(
        "recover",
        "try again to finish or undo migrations that wait for a node or for an operator",
        _recover,
        views.migrations,
        acts=True,
    ),
)
