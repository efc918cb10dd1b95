"""What could come next on a command line: for completion, and the shell's ``?``.

Pure but for one function that asks the network for values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.operator.arguments import Argument
from controller.operator.command import Command
from controller.operator.commands import COMMANDS
from controller.operator.grammar import NO_WAIT_HELP, UsageError, resolve

Ask = Callable[[Command, Argument, Mapping[str, Any]], Sequence[str]]
"The values that would do for an argument of a command, given the others as written."


@dataclass(frozen=True)
class Hint:
    """One thing that could come next."""

    text: str
    "What is written; in angle brackets where that is for the operator to say."
    help: str

    @property
    def writable(self) -> bool:
        """Tell whether it can be written as it stands."""
        return not self.text.startswith("<")


def hints_at(text: str, ask: Ask, extra: Mapping[str, str]) -> tuple[str, list[Hint]]:
    """Return the word that a text ends in, and what could stand in its place.

    Args:
        text: A line up to where somebody is writing.
        ask: Asks for values.
        extra: Further first words and their help.
    """
    words = text.split()
    partial = words.pop() if words and not text[-1].isspace() else ""
    if words and words[0] == "help":
        found = hints(words[1:], partial, _nothing, {})
        return partial, [hint for hint in found if hint.writable]
    return partial, hints(words, partial, ask, extra)


def _nothing(*_about: Any) -> list[str]:
    return []


def hints(words: Sequence[str], partial: str, ask: Ask, extra: Mapping[str, str]) -> list[Hint]:
    """Return what could come next.

    Args:
        words: The words before the one that is being written.
        partial: What there is of that one; may be empty.
        ask: Asks for values.
        extra: Further first words and their help.
    """
    found = list(_command_words(words, extra))
    try:
        command, rest = resolve(words)
    except UsageError:
        pass
    else:
        found += _arguments(command, rest, partial, ask)
    return [hint for hint in found if hint.text.startswith(partial) or not hint.writable]


def _command_words(words: Sequence[str], extra: Mapping[str, str]) -> Iterator[Hint]:
    """Yield the next words of commands that begin with these."""
    depth = len(words)
    seen: set[str] = set()
    for command in COMMANDS.values():
        begins = len(command.words) > depth and all(
            full.startswith(word) for full, word in zip(command.words, words, strict=False)
        )
        word = command.words[depth] if begins else ""
        if word and word not in seen:
            seen.add(word)
            yield Hint(word, command.help if len(command.words) == depth + 1 else f"{word} ...")
    if not words:
        yield from (Hint(word, text) for word, text in extra.items())


def _arguments(command: Command, rest: Sequence[str], partial: str, ask: Ask) -> Iterator[Hint]:
    given, positionals, open_option = _given(command, rest)
    if open_option is not None:
        yield from _values(command, open_option, given, ask)
        return
    free = [argument for argument in command.arguments if argument.name not in given]
    if not partial.startswith("-"):
        waiting = [argument for argument in free if argument.positional]
        if waiting and positionals < len(command.arguments):
            yield from _values(command, waiting[0], given, ask)
    for argument in free:
        if not argument.positional:
            yield Hint(argument.flag, argument.help)
    if command.can_be_awaited and "--no-wait" not in rest:
        yield Hint("--no-wait", NO_WAIT_HELP)


def _given(command: Command, rest: Sequence[str]) -> tuple[dict[str, str], int, Argument | None]:
    """Return the arguments that are written, how many stand alone, and one without its value."""
    flags = {argument.flag: argument for argument in command.arguments if not argument.positional}
    waiting = [argument for argument in command.arguments if argument.positional]
    given: dict[str, str] = {}
    alone = 0
    pending: Argument | None = None
    for word in rest:
        if pending is not None:
            given[pending.name] = word
            pending = None
        elif word in flags:
            given[flags[word].name] = "true"
            pending = flags[word] if flags[word].takes_value else None
        elif not word.startswith("-") and alone < len(waiting):
            given[waiting[alone].name] = word
            alone += 1
    return given, alone, pending


def _values(
    command: Command, argument: Argument, given: Mapping[str, Any], ask: Ask
) -> Iterator[Hint]:
    others = {name: value for name, value in given.items() if name != argument.name}
    values = ask(command, argument, others)
    for value in values:
        yield Hint(value, argument.help)
    if not values or not argument.strict:
        yield Hint(f"<{argument.type.metavar}>", argument.help)
