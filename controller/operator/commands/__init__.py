"""What an operator can ask of the management entity: every command, defined once.

One module for each family of commands. The command line (``hitless``), the shell, the RPC server,
the page and ``docs/commands.md`` work from ``COMMANDS``.

Choices: these modules are imported by the command line, so they must import quickly: the
management entity and what it is made of appear in annotations only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controller.errors import RequestError
from controller.operator.command import OPERATOR, Answer, Command
from controller.operator.commands import (
    entity,
    functions,
    inventory,
    load,
    migrations,
    nodes,
    overview,
    policy,
    registration,
    scaling,
)

if TYPE_CHECKING:
    from controller.management import ManagementEntity

LOG = logging.getLogger(__name__)

COMMANDS: dict[str, Command] = {
    command.name: command
    for family in (
        overview,
        inventory,
        functions,
        load,
        migrations,
        scaling,
        policy,
        nodes,
        registration,
        entity,
    )
    for command in family.FAMILY
}
"Every command by its name."

METHODS: dict[str, Command] = {command.method: command for command in COMMANDS.values()}
"Every command by its name in the RPC."


def answer(me: ManagementEntity, method: str, given: Mapping[str, Any]) -> Answer:
    """Run a command with arguments as they were sent; return its data, or an iterator of parts.

    Raises:
        RequestError: there is no such command, or an argument will not do.
        HitlessError: whatever the command meets; parts may raise as well.
    """
    command = METHODS.get(method) or COMMANDS.get(method)
    if command is None:
        raise RequestError(f"there is no command {method!r}; these would do: {', '.join(METHODS)}")
    arguments = command.take(given, me)
    if command.acts:
        said = " ".join(f"{key}={value}" for key, value in given.items())
        LOG.info("%s: %s", OPERATOR.get(), f"{command.name} {said}".rstrip())
    return command.run(me, arguments)
