"""Typed access to the JSON, so that a malformed program is refused by name and not by a `KeyError`.

A `Node` is one JSON object together with the words for it in an error message
(`table NodeIngress.l2.dmac`) and its place in the P4 source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from switch.p4json.source import NOWHERE, ProgramError, SourceInfo

T = TypeVar("T")

MAX_WIDTH = 1 << 14
"""The widest field, parameter or cell, in bits; p4c allows 2,048."""

MAX_CELLS = 1 << 24
"""The largest array: what is beyond would take gigabytes."""


class Node:
    """One object of the JSON. Every accessor raises `ProgramError` if the attribute is not so."""

    __slots__ = ("_values", "source", "what")

    def __init__(self, values: object, what: str, inherited: SourceInfo = NOWHERE) -> None:
        self.what = what
        self.source = inherited
        if not isinstance(values, dict):
            raise self.error(f"is {_describe(values)}, not an object")
        self._values: Mapping[str, Any] = values
        self.source = _read_source(values.get("source_info")) or inherited

    def error(self, why: str) -> ProgramError:
        """The error that refuses the program because of this object."""
        return ProgramError(self.what, why, self.source)

    def has(self, name: str) -> bool:
        """Whether the attribute is there and not null."""
        return self._values.get(name) is not None

    def raw(self, name: str) -> Any:
        """The attribute as it is in the JSON; must be there."""
        if name not in self._values:
            raise self.error(f"has no '{name}'")
        return self._values[name]

    def string(self, name: str) -> str:
        """A string."""
        return self._typed(name, str)

    def optional_string(self, name: str) -> str | None:
        """A string, or None if it is null or missing."""
        return self._typed(name, str) if self.has(name) else None

    def integer(self, name: str) -> int:
        """An integer of 0 or more."""
        value = self._typed(name, int)
        if value < 0:
            raise self.error(f"has a negative '{name}'")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean; the default if it is missing."""
        return self._typed(name, bool) if self.has(name) else default

    def items(self, name: str) -> list[Any]:
        """An array; empty if it is missing."""
        return self._typed(name, list) if self.has(name) else []

    def strings(self, name: str) -> list[str]:
        """An array of strings; empty if it is missing."""
        return self._all(name, str)

    def integers(self, name: str) -> list[int]:
        """An array of integers; empty if it is missing."""
        return self._all(name, int)

    def width(self, name: str) -> int:
        """A width in bits, within what is reasonable."""
        value = self.integer(name)
        if value > MAX_WIDTH:
            raise self.error(f"is {value} bits wide; at most {MAX_WIDTH} are supported")
        return value

    def size(self, name: str) -> int:
        """A number of cells, within what is reasonable."""
        value = self.integer(name)
        if value > MAX_CELLS:
            raise self.error(f"has {value} cells; at most {MAX_CELLS} are supported")
        return value

    def next_nodes(self, name: str) -> dict[str, str | None]:
        """A map to names of nodes, or to null."""
        found = self.mapping(name)
        for value in found.values():
            if not (value is None or isinstance(value, str)):
                raise self.error(f"'{name}' leads to {value!r}")
        return found

    def mapping(self, name: str) -> dict[str, Any]:
        """An object used as a map."""
        return self._typed(name, dict)

    def pair(self, name: str) -> tuple[str, str]:
        """A reference to a field: an array of two strings."""
        return self.as_pair(self.raw(name), name)

    def as_pair(self, value: object, name: str) -> tuple[str, str]:
        """Check that a value is an array of two strings."""
        match value:
            case [str(first), str(second)]:
                return first, second
        raise self.error(f"'{name}' is not a pair of names")

    def child(self, name: str, what: str | None = None) -> Node:
        """An object inside this one."""
        return Node(self.raw(name), what or f"{name} of {self.what}", self.source)

    def children(self, name: str, kind: str) -> Iterator[Node]:
        """The objects of an array, each named by its `name` if it has one."""
        for index, values in enumerate(self.items(name)):
            yield named_node(values, kind, index, self.source)

    def _all(self, name: str, kind: type[T]) -> list[T]:
        for value in self.items(name):
            if type(value) is not kind:
                raise self.error(f"'{name}' contains {value!r}")
        return self.items(name)

    def _typed(self, name: str, kind: type[T]) -> T:
        value = self.raw(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(f"'{name}' is {_describe(value)}")
        return value


def named_node(values: object, kind: str, index: int, inherited: SourceInfo = NOWHERE) -> Node:
    """A node described as `kind name`, or `kind #index` where there is no name."""
    name = values.get("name") if isinstance(values, dict) else None
    return Node(values, f"{kind} {name if isinstance(name, str) else f'#{index}'}", inherited)


def parse_hex(text: object, node: Node, name: str) -> int:
    """A hexadecimal string with an optional `0x` and an optional sign before it."""
    if isinstance(text, str):
        digits = text.removeprefix("-").removeprefix("0x")
        if digits and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            value = int(digits, 16)
            return -value if text.startswith("-") else value
    raise node.error(f"'{name}' is not a hexadecimal number: {text!r}")


def _describe(value: object) -> str:
    return "null" if value is None else f"of type {type(value).__name__}"


def _read_source(info: object) -> SourceInfo | None:
    match info:
        case {"filename": str(filename), "line": int(line), **rest}:
            column, fragment = rest.get("column"), rest.get("source_fragment")
            return SourceInfo(
                filename,
                line,
                column if isinstance(column, int) else 0,
                fragment if isinstance(fragment, str) else "",
            )
    return None
