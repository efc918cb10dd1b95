"""What a command is: a name, typed arguments, a function to plain data, and how people see that.

Choices: the command line, the shell, the RPC server and the reference in ``docs/`` all work from
these definitions. Data is made of maps, lists, texts, numbers, true, false and null, and goes over
the RPC and into ``--json`` as it is. A long answer is an iterator of parts: maps of the same form
whose lists belong one behind the other (``join``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.operator.arguments import Argument, ArgumentError
from controller.operator.tables import Page

if TYPE_CHECKING:
    from controller.management import ManagementEntity

Data = dict[str, Any]
OPERATOR: ContextVar[str] = ContextVar("OPERATOR", default="somebody")
"Who asked for the command that this thread runs, for the log."
Answer = Data | Iterator[Data]
"The data, or its parts."
Run = Callable[["ManagementEntity", Mapping[str, Any]], Answer]


@dataclass(frozen=True)
class Command:
    """One thing that an operator can ask for."""

    name: str
    "One word or several, such as ``node add``."
    help: str
    run: Run
    "Given the checked arguments by name; may block up to its own time limits."
    view: Callable[[Data, Page], list[str]]
    "The data as lines of text for a page."
    arguments: tuple[Argument, ...] = ()
    acts: bool = False
    "Whether it changes anything, in the network or in the management entity."
    starts_migration: bool = False
    "Whether the data may hold the ``id`` of a migration that it started."
    starts_plan: bool = False
    "Whether the data holds a ``plan`` that is carried out, if ``begun`` is true."
    follows: bool = False
    "Whether it is about events to come: what it returns says which (``subscribe``)."
    details: str = ""
    "What there is to say beyond ``help``, for the reference."
    examples: tuple[str, ...] = ()
    "Command lines, without the word ``hitless``."

    @property
    def method(self) -> str:
        """Its name in the RPC."""
        return "subscribe" if self.follows else self.name.replace(" ", "_")

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name."""
        return tuple(self.name.split())

    @property
    def can_be_awaited(self) -> bool:
        """Tell whether it may begin what goes on after its answer."""
        return self.starts_migration or self.starts_plan

    def argument(self, name: str) -> Argument:
        """Return an argument by its name in the RPC; raises ``ArgumentError``."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        known = [argument.name for argument in self.arguments]
        raise ArgumentError(name, f"{self.name} has no such argument", known)

    def take(self, given: Mapping[str, Any], me: ManagementEntity) -> dict[str, Any]:
        """Return all arguments by name, checked.

        Raises:
            ArgumentError: one will not do, or there is no such argument.
        """
        for key in given:
            self.argument(str(key))
        return {a.name: a.take(given.get(a.name), me, given) for a in self.arguments}

    def to_dict(self) -> Data:
        """Return the definition as plain data, for those who write clients."""
        return {
            "name": self.name,
            "method": self.method,
            "help": self.help,
            "acts": self.acts,
            "arguments": [
                {
                    "name": argument.name,
                    "written": argument.flag,
                    "help": argument.help,
                    "values": argument.type.form,
                    "required": argument.required,
                    "default": argument.default,
                }
                for argument in self.arguments
            ],
        }


def join(parts: Iterable[Data]) -> Data:
    """Return the parts of an answer as one: lists one behind the other, of all else the last."""
    whole: Data = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, list) and isinstance(whole.get(key), list):
                whole[key] += value
            else:
                whole[key] = list(value) if isinstance(value, list) else value
    return whole
