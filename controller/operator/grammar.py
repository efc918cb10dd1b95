"""The language of command lines, one-shot and in the shell: words to a command with arguments.

Words of commands may be abbreviated as long as they are unambiguous, as with ip and vtysh; so may
options. Where a command's name begins a longer one (``thresholds`` and ``thresholds set``), the
longer one is meant only if its further word is written in full.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from controller.errors import RequestError
from controller.operator.arguments import Argument
from controller.operator.command import Command
from controller.operator.commands import COMMANDS
from controller.operator.values import Flag

NO_WAIT = "no_wait"
"The option of commands that begin something, which is not sent: do not wait for its end."
NO_WAIT_HELP = "say what has begun and do not wait for its end"


class UsageError(RequestError):
    """A command line is none."""


def resolve(words: Sequence[str]) -> tuple[Command, list[str]]:
    """Return the command that words begin with, and the words behind it.

    Raises:
        UsageError: there is none, or more than one; the text says what would do.
    """
    if not words:
        raise UsageError(f"no command is given; these would do: {_names(COMMANDS.values())}")
    possible: list[Command] = list(COMMANDS.values())
    found: Command | None = None
    for depth, word in enumerate(words):
        longer = [command for command in possible if len(command.words) > depth]
        choices = _matching(longer, depth, word, exact=found is not None)
        if not choices and found is not None:
            return found, list(words[depth:])
        possible = _only(choices, longer, depth, words)
        found = next((c for c in possible if len(c.words) == depth + 1), None)
        if found is not None and len(possible) == 1:
            return found, list(words[depth + 1 :])
    if found is None:
        raise UsageError(f"{' '.join(words)}: give one of {_names(possible)}")
    return found, []


def _matching(
    commands: Sequence[Command], depth: int, word: str, *, exact: bool
) -> dict[str, list[Command]]:
    """Return the commands by their word at a depth, where that can be meant by ``word``."""
    by_word: dict[str, list[Command]] = {}
    for command in commands:
        by_word.setdefault(command.words[depth], []).append(command)
    if word in by_word:
        return {word: by_word[word]}
    if exact or not word:
        return {}
    return {full: found for full, found in by_word.items() if full.startswith(word)}


def _only(
    choices: Mapping[str, list[Command]],
    longer: Sequence[Command],
    depth: int,
    words: Sequence[str],
) -> list[Command]:
    """Return the commands of the only choice; raises ``UsageError`` if it is not one."""
    if len(choices) == 1:
        return next(iter(choices.values()))
    word, line = words[depth], " ".join(words[: depth + 1])
    if choices:
        raise UsageError(f"{line!r} is ambiguous: {', '.join(choices)}")
    close = get_close_matches(word, {command.words[depth] for command in longer}, cutoff=0.7)
    if close:
        raise UsageError(f"there is no command {line!r}; close to it: {', '.join(close)}")
    raise UsageError(f"there is no command {line!r}; these would do: {_names(longer)}")


def _names(commands: Any) -> str:
    return ", ".join(command.name for command in commands)


def parse(command: Command, words: Sequence[str]) -> dict[str, Any]:
    """Return the arguments that words give a command, without those that they leave out.

    Raises:
        UsageError: they do not fit; the text names the argument.
    """
    found = vars(parser_of(command).parse_args(list(words)))
    return {
        name: value for name, value in found.items() if value is not None and value is not False
    }


def parser_of(command: Command) -> argparse.ArgumentParser:
    """Return the parser of a command's own words."""
    parser = _Parser(command.name, usage=usage(command), description=command.help, add_help=False)
    for argument in command.arguments:
        _add(parser, argument)
    if command.can_be_awaited:
        parser.add_argument("--no-wait", action="store_true", help=NO_WAIT_HELP)
    return parser


def usage(command: Command) -> str:
    """Return how a command is written, in one line."""
    words = [command.name, *(_written(argument) for argument in command.arguments)]
    return " ".join(words + (["[--no-wait]"] if command.can_be_awaited else []))


def _written(argument: Argument) -> str:
    text = argument.flag
    if not argument.positional and argument.takes_value:
        text += f" {argument.type.metavar}"
    return text if argument.required else f"[{text}]"


class _Parser(argparse.ArgumentParser):
    """A parser that raises what argparse would end the process with."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message} (usage: {self.usage})")


def _add(parser: argparse.ArgumentParser, argument: Argument) -> None:
    if isinstance(argument.type, Flag):
        parser.add_argument(
            argument.flag, dest=argument.name, action="store_true", help=argument.help
        )
        return
    details: dict[str, Any] = {
        "metavar": argument.flag if argument.positional else argument.type.metavar,
        "type": _reader(argument),
        "help": argument.help,
    }
    if argument.positional:
        nargs = None if argument.required else "?"
        parser.add_argument(argument.name, nargs=nargs, **details)
    else:
        parser.add_argument(
            argument.flag, dest=argument.name, required=argument.required, **details
        )


def _reader(argument: Argument) -> Any:
    def read(text: str) -> Any:
        try:
            return argument.type.read(text)
        except ValueError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from exc

    return read
