"""Arguments of commands: how a value is taken, and which values would do.

Choices: what only the live network can tell (whether there is such a node) comes as candidates,
which a shell completes from as well. Candidates may depend on the other arguments: the registers of
a node are those of that node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.errors import RequestError
from controller.operator.values import ArgumentType, Choice, Flag

SHOWN_VALUES = 12
"Values that would do, listed in a text; more are counted."

Candidates = Callable[[Any, Mapping[str, Any]], Sequence[str]]
"Given the management entity and the arguments as sent: the values that would do."


class ArgumentError(RequestError):
    """An argument's value will not do; the text names the argument and values that would."""

    def __init__(self, argument: str, problem: str, values: Sequence[str] = ()) -> None:
        shown = ", ".join(values[:SHOWN_VALUES])
        more = len(values) - SHOWN_VALUES
        would_do = f"; these would do: {shown}" + (f" and {more} more" if more > 0 else "")
        super().__init__(f"{argument}: {problem}" + (would_do if values else ""))
        self.argument = argument
        self.problem = problem
        self.values = list(values)


@dataclass(frozen=True)
class Argument:
    """One argument of a command."""

    name: str
    "Its key in an RPC call, and in what the command's function gets."
    flag: str
    "How it is written on a command line: ``--from``, or a word for one without a dash."
    type: ArgumentType
    help: str
    required: bool = False
    default: Any = None
    candidates: Candidates | None = None
    "The values that would do; None: whatever the type reads."
    strict: bool = True
    "Whether no other values than the candidates would do."

    @property
    def positional(self) -> bool:
        """Tell whether it is written without a dash."""
        return not self.flag.startswith("-")

    def take(self, given: Any, me: Any, others: Mapping[str, Any]) -> Any:
        """Return the value to be used for what was given (None: nothing).

        Args:
            given: The value as sent.
            me: The management entity.
            others: All arguments as sent.

        Raises:
            ArgumentError: it will not do.
        """
        if given is None:
            if self.required:
                raise ArgumentError(self.flag, "is missing", self.values(me, others))
            return self.default
        try:
            value = self.type.read(given)
        except ValueError as exc:
            raise ArgumentError(self.flag, str(exc)) from exc
        if self.candidates is not None and self.strict:
            self._check(value, self.values(me, others))
        return value

    def values(self, me: Any, others: Mapping[str, Any]) -> list[str]:
        """Return the values that would do, as far as they can be listed."""
        if self.candidates is not None:
            return [str(value) for value in self.candidates(me, others)]
        return list(self.type.values) if isinstance(self.type, Choice) else []

    @property
    def takes_value(self) -> bool:
        """Tell whether a value is written behind it."""
        return not isinstance(self.type, Flag)

    def _check(self, value: Any, values: Sequence[str]) -> None:
        for one in value if isinstance(value, list) else [value]:
            if str(one) not in values:
                noun = self.type.metavar.lower()
                raise ArgumentError(self.flag, f"there is no {noun} {one!r}", values)
