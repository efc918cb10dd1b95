"""What there is to say about commands: for ``--help``, for ``help`` and ``?`` in the shell."""

from __future__ import annotations

from collections.abc import Iterable

from controller.operator.command import Command
from controller.operator.completion import Hint
from controller.operator.grammar import NO_WAIT_HELP, usage
from controller.operator.tables import Page, pairs

INDENT = "  "
NO_WAIT_HINT = ("--no-wait", NO_WAIT_HELP)


def command_help(command: Command, page: Page, program: str = "") -> list[str]:
    """Say how a command is written, what it does, and what its arguments are."""
    start = f"{program} " if program else ""
    lines = page.wrap(f"usage: {start}{usage(command)}", len("usage: "))
    lines += ["", *page.wrap(_sentence(command.help))]
    lines += page.wrap(command.details.replace("`", "")) if command.details else []
    if command.arguments:
        rows = [(argument.flag, argument.help) for argument in command.arguments]
        rows += [NO_WAIT_HINT] if command.can_be_awaited else []
        lines += ["", "arguments:", *described(rows, page)]
    if command.examples:
        lines += ["", "examples:", *_indented(f"{start}{line}" for line in command.examples)]
    return lines


def hint_lines(hints: Iterable[Hint], page: Page) -> list[str]:
    """Show what could come next, one a line."""
    rows = [(hint.text, hint.help) for hint in hints]
    return described(rows, page) if rows else [f"{INDENT}<return>"]


def described(rows: Iterable[tuple[str, str]], page: Page) -> list[str]:
    """Show names and what they are, one a line, indented."""
    narrower = Page(None if page.width is None else page.width - len(INDENT), page.colour)
    return _indented(pairs(rows, narrower))


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"{INDENT}{line}" for line in lines]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
