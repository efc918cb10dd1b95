"""Commands about the management entity itself, and about commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.errors import RequestError
from controller.operator.arguments import Argument
from controller.operator.command import Command, Data
from controller.operator.values import Name, Names, Number
from controller.operator.views import entity as views

if TYPE_CHECKING:
    from controller.management import ManagementEntity


def _status(me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return me.status()


def _kinds(_me: ManagementEntity | None, _others: Mapping[str, Any]) -> list[str]:
    # Imported late, for the command line's sake, which has no use for it.
    from controller.events import PUBLISHED

    return [event.kind for event in PUBLISHED]


def _events(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    events = me.history.latest(arguments["last"], arguments["kinds"])
    return {"events": events}


def _watch(_me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    return {"kinds": arguments["kinds"]}


def _all() -> Mapping[str, Command]:
    # They know this module.
    from controller.operator.commands import COMMANDS

    return COMMANDS


def _commands(_me: ManagementEntity, _arguments: Mapping[str, Any]) -> Data:
    return {"commands": [command.to_dict() for command in _all().values()]}


def _command_names(_me: ManagementEntity, _others: Mapping[str, Any]) -> list[str]:
    return list(_all())


def _argument_names(_me: ManagementEntity, others: Mapping[str, Any]) -> list[str]:
    command = _all().get(str(others.get("command")))
    return [argument.name for argument in command.arguments] if command else []


def _values(me: ManagementEntity, arguments: Mapping[str, Any]) -> Data:
    argument = _all()[arguments["command"]].argument(arguments["argument"])
    others = dict(pair.partition("=")[::2] for pair in arguments["given"] or [])
    try:
        return {"values": argument.values(me, others)}
    except RequestError:
        return {"values": []}  # another argument has to be mended first


_KINDS = Argument(
    "kinds", "--kinds", Names("KIND"), "only events of these kinds", candidates=_kinds
)

FAMILY = (
    Command(
        "status",
        "the management entity itself: version, nodes reached, migrations under way",
        _status,
        views.status,
    ),
    Command(
        "watch",
        "events as they happen, until Ctrl-C",
        _watch,
        views.events,
        (_KINDS,),
        follows=True,
        details="Measurements of load are shown only if --kinds names them. Over the RPC this is"
        " the method `subscribe`: events arrive as notifications on the same connection.",
        examples=("watch", "watch --kinds migration_started,migration_ended"),
    ),
    Command(
        "events",
        "the latest events",
        _events,
        views.events,
        (
            _KINDS,
            Argument(
                "last",
                "--last",
                Number("N", least=1),
                "show so many (default: 20)",
                default=20,
            ),
        ),
        details="The management entity keeps the latest 1,000 in memory; measurements of load are"
        " not kept.",
        examples=("events --last 5", "events --kinds node_down,node_ready"),
    ),
    Command(
        "commands",
        "all commands with their arguments, for those who write clients",
        _commands,
        views.commands,
    ),
    Command(
        "values",
        "the values that would do for an argument of a command, as the network is now",
        _values,
        views.values,
        (
            Argument(
                "command",
                "COMMAND",
                Name("COMMAND"),
                "the command",
                required=True,
                candidates=_command_names,
            ),
            Argument(
                "argument",
                "ARGUMENT",
                Name("ARGUMENT"),
                "its argument, by the name in the RPC",
                required=True,
                candidates=_argument_names,
            ),
            Argument(
                "given",
                "--given",
                Names("NAME=VALUE"),
                "its other arguments, where the values depend on them",
            ),
        ),
        examples=("values migrate source", "values registers register --given node=s1"),
    ),
)
