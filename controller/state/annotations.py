"""Structured annotations of P4Info, read into typed values.

A P4 program says what its functions are by annotations that p4c carries into P4Info:
``@hitless_state[function="firewall", merge="newer", …]``. ``Annotation`` wraps one of them and
hands out its values; whatever is missing, misspelt or of the wrong type is a ``ProgramError``
that names the program, the object and the annotation.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from finsy.p4schema import P4Annotation

from controller.errors import ProgramError

PREFIX = "hitless_"
LOAD, DROPS, PORTS = ON_COUNTERS = ("hitless_load", "hitless_drops", "hitless_ports")
"What may stand at a counter; each reader takes its own."

T = TypeVar("T", str, int)


class Annotated(Protocol):
    """An object of a P4Info: finsy's P4Register, P4Counter, P4Table, …."""

    @property
    def name(self) -> str:
        """The object's full name."""

    @property
    def annotations(self) -> list[P4Annotation]:
        """All annotations of the object."""


class Annotation:
    """One structured annotation, consumed value by value."""

    def __init__(self, program: str, owner: str, annotation: P4Annotation) -> None:
        """Wrap an annotation. Raises ``ProgramError`` if it is not a list of key-value pairs."""
        self.name = annotation.name
        self._where = f"program {program}: {owner}: @{annotation.name}"
        if not isinstance(annotation.body, dict):
            raise self.error("must have the form @name[key=value, …]")
        self._rest = dict(annotation.body)
        self._known: list[str] = []

    def error(self, problem: str) -> ProgramError:
        """Make an error about this annotation; the caller raises it."""
        return ProgramError(f"{self._where}: {problem}")

    def text(self, key: str) -> str:
        """Take a text that must be there."""
        return self._take(key, str, None)

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """Take a text that must be one of a few words."""
        value = self.text(key)
        if value not in choices:
            raise self.error(f"{key}={value!r} is unknown; these would do: {', '.join(choices)}")
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """Take a number that is not negative; without a default it must be there."""
        value = self._take(key, int, default)
        if value < 0:
            raise self.error(f"{key}={value} must not be negative")
        return value

    def has(self, key: str) -> bool:
        """Tell whether the annotation gives this key."""
        return key in self._rest

    def end(self) -> None:
        """Refuse keys that nobody took."""
        for key in self._rest:
            raise self.error(
                f"the key {key!r} is unknown; these would do: {', '.join(self._known)}"
            )

    def _take(self, key: str, kind: type[T], default: T | None) -> T:
        self._known.append(key)
        value = self._rest.pop(key, default)
        if value is None:
            raise self.error(f"{key} is missing")
        if not isinstance(value, kind) or isinstance(value, bool):
            wanted = "a text" if kind is str else "a number"
            raise self.error(f"{key} must be {wanted}, not {value!r}")
        return value


def annotations_of(program: str, owner: Annotated, allowed: tuple[str, ...]) -> list[Annotation]:
    """Return this project's annotations of an object.

    Raises:
        ProgramError: one of them is not allowed at this kind of object, or does not exist.
    """
    found = []
    for annotation in owner.annotations:
        if not annotation.name.startswith(PREFIX):
            continue
        if annotation.name not in allowed:
            would_do = ", ".join(f"@{name}" for name in allowed) or "none"
            raise ProgramError(
                f"program {program}: {owner.name}: @{annotation.name} does not belong here; "
                f"these would do: {would_do}"
            )
        found.append(Annotation(program, owner.name, annotation))
    return found
