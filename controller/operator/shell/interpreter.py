"""Does what a line says: a command, or one of the shell's own words.

Choices: each command has a connection of its own, so a management entity that was restarted is
found again, and events of the last command do not pile up behind the prompt.
"""

from __future__ import annotations

import shlex
from dataclasses import replace

from controller.errors import HitlessError
from controller.operator.address import Address
from controller.operator.client import RpcClient
from controller.operator.commands import COMMANDS
from controller.operator.console import Console
from controller.operator.grammar import UsageError, parse, resolve
from controller.operator.status import DONE, INTERRUPTED, status_of
from controller.operator.tables import pairs
from controller.operator.terminal import page_for
from controller.operator.views.help_text import command_help

OWN_WORDS = {
    "help": "what commands there are, or what one does: help migrate",
    "exit": "leave the shell; so do quit and Ctrl-D",
    "quit": "leave the shell",
}
JSON = "--json"


class Interpreter:
    """Runs lines, one after the other."""

    def __init__(self, address: Address, console: Console) -> None:
        self.address = address
        self.over = False
        "Whether the shell is to be left."
        self._console = console

    def run(self, line: str) -> int:
        """Run a line and show what comes of it; return an exit status. Nothing for a comment."""
        try:
            words = shlex.split(line, comments=True)
            return self._run(words) if words else DONE
        except ValueError as exc:
            return self._complain(UsageError(f"{line.strip()}: {exc}"))
        except KeyboardInterrupt:
            print(file=self._console.err)
            self._console.complain("stopped waiting for an answer")
            return INTERRUPTED
        except HitlessError as exc:
            return self._complain(exc)

    def _complain(self, problem: HitlessError) -> int:
        self._console.complain(problem)
        return status_of(problem)

    def _run(self, words: list[str]) -> int:
        own = _own_word(words[0])
        if own == "help":
            return self._help(words[1:])
        if own is not None:
            self.over = True
            return DONE
        console = replace(self._console, json=True) if JSON in words else self._console
        command, rest = resolve([word for word in words if word != JSON])
        given = parse(command, rest)
        with RpcClient(self.address) as client:
            return console.run(client, command, given)

    def _help(self, words: list[str]) -> int:
        page = page_for(self._console.out)
        if words:
            command, _ = resolve(words)
            lines = command_help(command, page)
        else:
            known = [(command.name, command.help) for command in COMMANDS.values()]
            lines = pairs([*known, *OWN_WORDS.items()], page)
        print("\n".join(lines), file=self._console.out)
        return DONE


def _own_word(word: str) -> str | None:
    """Return the shell's own word that is meant, if no command can be."""
    if word in OWN_WORDS:
        return word
    if any(command.words[0].startswith(word) for command in COMMANDS.values()):
        return None
    return next((own for own in OWN_WORDS if own.startswith(word)), None)
