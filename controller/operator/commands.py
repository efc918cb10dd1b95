"""What an operator can ask of the management entity: every command, defined once.

The command line (``hitless``), the RPC server and any shell work from these definitions. A command
is a name, typed arguments, a function from the management entity to plain data, and a function from
that data to lines of text. Data goes over the RPC and into ``--json`` as it is.

Choices: this module is imported by the command line, so it must import quickly: the management
entity and what it is made of appear in annotations only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.errors import RequestError
from controller.operator import views
from controller.operator.arguments import (
    Argument,
    ArgumentError,
    Choice,
    Flag,
    Name,
    Number,
    Slots,
)

if TYPE_CHECKING:
    from controller.management import ManagementEntity

Data = dict[str, Any]


@dataclass(frozen=True)
class Command:
    """One thing that an operator can ask for."""

    name: str
    help: str
    run: Callable[[ManagementEntity, Mapping[str, Any]], Data]
    "Given the checked arguments by name; may block up to its own time limits."
    view: Callable[[Data, int | None], list[str]]
    "The data as lines of text, for a terminal of that many columns (None: any)."
    arguments: tuple[Argument, ...] = ()
    starts_migration: bool = False
    "Whether the data may hold the ``id`` of a migration that it started."


def execute(me: ManagementEntity, name: str, given: Mapping[str, Any]) -> Data:
    """Run a command with arguments as they were sent.

    Raises:
        RequestError: there is no such command, or an argument will not do.
        HitlessError: whatever the command meets.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise RequestError(f"there is no command {name!r}; these would do: {', '.join(COMMANDS)}")
    known = {argument.name: argument for argument in command.arguments}
    for key in given:
        if key not in known:
            raise ArgumentError(str(key), f"{name} has no such argument", list(known))
    return command.run(
        me, {key: argument.take(given.get(key), me) for key, argument in known.items()}
    )


def _status(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return me.status()


def _nodes(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return {"nodes": [report.to_dict() for report in me.nodes()]}


def _placement(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    view = me.placement().to_dict()
    return {"functions": view["functions"], "conflicts": view["conflicts"]}


def _functions(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return {"functions": [function.to_dict() for function in me.functions()]}


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


def _node_names(me: ManagementEntity) -> list[str]:
    return me.node_names()


def _function_names(me: ManagementEntity) -> list[str]:
    return me.function_names()


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "status",
            "the management entity itself: version, nodes reached, migrations under way",
            _status,
            views.status,
        ),
        Command(
            "nodes",
            "the nodes, whether they are reached, and what they run",
            _nodes,
            views.nodes,
        ),
        Command(
            "placement",
            "which node enforces which slots of which function",
            _placement,
            views.placement,
        ),
        Command(
            "functions",
            "the network functions: their slots, their state, the programs that have them",
            _functions,
            views.functions,
        ),
        Command(
            "migrate",
            "move slots of a function from one node to another, while traffic flows",
            _migrate,
            views.plan,
            (
                Argument(
                    "function",
                    "FUNCTION",
                    Name("FUNCTION"),
                    "the function to move",
                    required=True,
                    candidates=_function_names,
                ),
                Argument(
                    "source",
                    "--from",
                    Name("NODE"),
                    "the node that enforces the slots now",
                    required=True,
                    candidates=_node_names,
                ),
                Argument(
                    "destination",
                    "--to",
                    Name("NODE"),
                    "the node that shall enforce them",
                    required=True,
                    candidates=_node_names,
                ),
                Argument(
                    "slots",
                    "--slots",
                    Slots(),
                    "the slots to move, such as 0-7,12 (default: all that the node enforces)",
                ),
                Argument(
                    "method",
                    "--method",
                    Choice(("pm", "pr", "auto")),
                    "pm: flip flags in the programs that run; pr: reload programs; auto: pm"
                    " where the destination has the function (default: auto)",
                    default="auto",
                ),
                Argument(
                    "mode",
                    "--mode",
                    Choice(("hitless", "paper")),
                    "hitless: learn, copy, enforce; paper: one snapshot, as in the paper"
                    " (default: hitless)",
                    default="hitless",
                ),
                Argument(
                    "dry_run",
                    "--dry-run",
                    Flag(),
                    "show the plan and do nothing",
                    default=False,
                ),
            ),
            starts_migration=True,
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
        ),
        Command(
            "recover",
            "try again to finish or undo migrations that wait for a node or for an operator",
            _recover,
            views.migrations,
        ),
    )
}
