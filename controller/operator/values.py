"""Types of arguments: how a value is read.

Choices: a type reads what a person types (text) and what a program sends (numbers, lists) alike,
so the command line, the RPC and the shell share one set of checks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

from controller.model.slots import parse_slots


class ArgumentType(Protocol):
    """How the values of an argument look."""

    @property
    def metavar(self) -> str:
        """What stands for a value in the help text."""

    @property
    def form(self) -> str:
        """What values look like, in words."""

    def read(self, value: Any) -> Any:
        """Return the value; raises ``ValueError`` saying what is wrong with it."""


@dataclass(frozen=True)
class Name:
    """A name of something in the network."""

    metavar: str
    form: str = "a name"

    def read(self, value: Any) -> str:
        """Accept any non-empty text."""
        if not isinstance(value, str) or not value.strip():
            raise ValueError("must be a name")
        return value.strip()


@dataclass(frozen=True)
class Text(Name):
    """A text whose form is checked where it is used."""

    form: str = "a text"


@dataclass(frozen=True)
class Names:
    """One name or several: ``a,b``, or a list."""

    metavar: str
    form: str = "names, separated by commas, or a list"

    def read(self, value: Any) -> list[str]:
        """Return the names in order."""
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, list) or not names:
            raise ValueError(f"{value!r} is no list of names")
        return [Name(self.metavar).read(name) for name in names]


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]

    @property
    def metavar(self) -> str:
        """Return all of them."""
        return "|".join(self.values)

    @property
    def form(self) -> str:
        """Return all of them."""
        return "one of " + ", ".join(self.values)

    def read(self, value: Any) -> str:
        """Accept exactly one of the words."""
        if value not in self.values:
            raise ValueError(f"{value!r} is none of {', '.join(self.values)}")
        return value


@dataclass(frozen=True)
class Slots:
    """A set of slots: ``0-7,12``, or a list of numbers."""

    metavar: str = "SLOTS"
    form: str = "slots such as 0-7,12, or a list of numbers"

    def read(self, value: Any) -> list[int]:
        """Return the slots in order."""
        if isinstance(value, list):
            if not value or not all(_is_whole(slot) and slot >= 0 for slot in value):
                raise ValueError(f"{value!r} is no list of slots such as [0, 1, 2]")
            return sorted(set(value))
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise ValueError(f"{value!r} is no set of slots such as 0-7")
        return sorted(parse_slots(value))


@dataclass(frozen=True)
class Ports:
    """Numbers of ports: ``1,2,3``, or a list of numbers."""

    metavar: str = "PORTS"
    form: str = "port numbers such as 1,2,3, or a list of them"

    def read(self, value: Any) -> list[int]:
        """Return the ports in order."""
        ports = value.split(",") if isinstance(value, str) else value
        ports = [ports] if _is_whole(ports) else ports
        if not isinstance(ports, list) or not ports:
            raise ValueError(f"{value!r} is no list of ports such as 1,2,3")
        return sorted({Number(self.metavar, least=1).read(port) for port in ports})


@dataclass(frozen=True)
class Number:
    """A whole number."""

    metavar: str
    least: int = 0

    @property
    def form(self) -> str:
        """Return the range in words."""
        return f"a whole number from {self.least} on"

    def read(self, value: Any) -> int:
        """Accept a number, or its decimal digits."""
        text = value.strip() if isinstance(value, str) else value
        digits = isinstance(text, str) and text.isascii() and text.isdigit()
        if not digits and not _is_whole(text):
            raise ValueError(f"{value!r} is not {self.form}")
        if int(text) < self.least:
            raise ValueError(f"must be at least {self.least}, not {value}")
        return int(text)


@dataclass(frozen=True)
class Quantity:
    """A measure that need not be whole, such as packets per second."""

    metavar: str
    form: str = "a number from 0 on"

    def read(self, value: Any) -> float:
        """Accept a number, or its text."""
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0 <= number < math.inf:
            raise ValueError(f"{value!r} is no number from 0 on")
        return number


@dataclass(frozen=True)
class Flag:
    """Something that is asked for, or not."""

    metavar: str = ""
    form: str = "true or false"

    def read(self, value: Any) -> bool:
        """Accept true and false only."""
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {value!r}")
        return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
