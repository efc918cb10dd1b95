"""Typed arguments of commands: how a value is read, and which values would do.

Choices: a type reads what a person types (text) and what a program sends (numbers, lists) alike,
so the command line, the RPC and a shell share one set of checks. What only the live network can
tell (whether there is such a node) comes as candidates, which a shell completes from as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.errors import RequestError
from controller.model.slots import parse_slots

SHOWN_VALUES = 12
"Values that would do, listed in a text; more are counted."


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


class ArgumentType(Protocol):
    """How the values of an argument look."""

    metavar: str
    "What stands for a value in the help text."

    def read(self, value: Any) -> Any:
        """Return the value; raises ``ValueError`` saying what is wrong with it."""


@dataclass(frozen=True)
class Name:
    """A name of something in the network."""

    metavar: str

    def read(self, value: Any) -> str:
        """Accept any non-empty text."""
        if not isinstance(value, str) or not value.strip():
            raise ValueError("must be a name")
        return value.strip()


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]

    @property
    def metavar(self) -> str:
        """Return all of them."""
        return "|".join(self.values)

    def read(self, value: Any) -> str:
        """Accept exactly one of the words."""
        if value not in self.values:
            raise ValueError(f"{value!r} is none of {', '.join(self.values)}")
        return value


@dataclass(frozen=True)
class Slots:
    """A set of slots: ``0-7,12``, or a list of numbers."""

    metavar: str = "SLOTS"

    def read(self, value: Any) -> list[int]:
        """Return the slots in order."""
        if isinstance(value, list):
            if not value or not all(isinstance(slot, int) and slot >= 0 for slot in value):
                raise ValueError(f"{value!r} is no list of slots such as [0, 1, 2]")
            return sorted(set(value))
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise ValueError(f"{value!r} is no set of slots such as 0-7")
        return sorted(parse_slots(value))


@dataclass(frozen=True)
class Number:
    """A whole number."""

    metavar: str
    least: int = 0

    def read(self, value: Any) -> int:
        """Accept a number, or its decimal digits."""
        digits = isinstance(value, str) and value.isascii() and value.isdigit()
        if not digits and (not isinstance(value, int) or isinstance(value, bool)):
            raise ValueError(f"{value!r} is no number")
        if int(value) < self.least:
            raise ValueError(f"must be at least {self.least}, not {value}")
        return int(value)


@dataclass(frozen=True)
class Flag:
    """Something that is asked for, or not."""

    metavar: str = ""

    def read(self, value: Any) -> bool:
        """Accept true and false only."""
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {value!r}")
        return value


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
    candidates: Callable[[Any], Sequence[str]] | None = None
    "Given the management entity: the values that would do; None: whatever the type reads."

    @property
    def positional(self) -> bool:
        """Tell whether it is written without a dash."""
        return not self.flag.startswith("-")

    def take(self, given: Any, me: Any) -> Any:
        """Return the value to be used for what was given (None: nothing).

        Raises:
            ArgumentError: it will not do.
        """
        if given is None:
            if self.required:
                raise ArgumentError(self.flag, "is missing", self._values(me))
            return self.default
        try:
            value = self.type.read(given)
        except ValueError as exc:
            raise ArgumentError(self.flag, str(exc)) from exc
        values = self._values(me)
        if self.candidates is not None and str(value) not in values:
            raise ArgumentError(self.flag, f"there is no {self._noun} {value!r}", values)
        return value

    @property
    def _noun(self) -> str:
        return self.type.metavar.lower()

    def _values(self, me: Any) -> list[str]:
        return [str(value) for value in self.candidates(me)] if self.candidates else []
