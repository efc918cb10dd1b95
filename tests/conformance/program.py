"""A compiled program, and finding its objects by the names that STF tests use.

Names are looked up as p4c's runner does: the whole name, or else its end, if that is the end of one
object's name only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from finsy.proto import p4i
from google.protobuf import text_format


class UnknownNameError(LookupError):
    """A name that means nothing in this program, or more than one thing."""


class _Named(Protocol):
    @property
    def preamble(self) -> p4i.Preamble: ...


NamedT = TypeVar("NamedT", bound=_Named)


@dataclass(frozen=True)
class Program:
    """What p4c made of a program: BMv2 JSON and P4Info."""

    name: str
    json: bytes
    p4info: p4i.P4Info

    @classmethod
    def read(cls, json_path: Path, p4info_path: Path) -> Program:
        """Read both files. Raises `OSError`, or `text_format.ParseError` for a broken P4Info."""
        p4info = text_format.Parse(p4info_path.read_text(), p4i.P4Info())
        return cls(json_path.stem, json_path.read_bytes(), p4info)

    def table(self, name: str) -> p4i.Table:
        """Find a table."""
        return find("table", name, self.p4info.tables)

    def table_by_id(self, table_id: int) -> p4i.Table:
        """The table with this id."""
        return next(table for table in self.p4info.tables if table.preamble.id == table_id)

    def action(self, table: p4i.Table, name: str) -> p4i.Action:
        """Find an action of a table."""
        ids = {reference.id for reference in table.action_refs}
        actions = [action for action in self.p4info.actions if action.preamble.id in ids]
        return find(f"action of {table.preamble.name}", name, actions)

    def any_action(self, name: str) -> p4i.Action:
        """Find an action, of whatever table."""
        return find("action", name, self.p4info.actions)

    def profile(self, name: str) -> p4i.ActionProfile:
        """Find an action profile or selector."""
        return find("action profile", name, self.p4info.action_profiles)


def find(kind: str, name: str, objects: Iterable[NamedT]) -> NamedT:
    """Find an object by its name or the end of it. Raises `UnknownNameError`."""
    objects = list(objects)
    for candidates in (
        [item for item in objects if item.preamble.name == name],
        [item for item in objects if item.preamble.name.endswith(f".{name}")],
        [item for item in objects if item.preamble.name.endswith(name)],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            names = ", ".join(item.preamble.name for item in candidates)
            raise UnknownNameError(f"{kind} '{name}' may be {names}")
    names = ", ".join(item.preamble.name for item in objects) or "none"
    raise UnknownNameError(f"there is no {kind} '{name}' (there is: {names})")


def find_field(table: p4i.Table, name: str) -> p4i.MatchField:
    """Find a key field. `x$0.f` stands for `x[0].f`, `x` or `x.valid` for the validity of `x`."""
    name = re.sub(r"\$(\d+)", r"[\1]", name)
    fields = {field.name: field for field in table.match_fields}
    spellings = [name, f"{name}$", f"{name}.$valid$", f"{name}.isValid()"]
    if name == "valid" or name.endswith(".valid"):
        spellings += [f"{name[:-5]}$valid$", f"{name[:-5]}isValid()"]
    for spelling in spellings:
        if spelling in fields:
            return fields[spelling]
    found = [field for key, field in fields.items() if _ends_with(key, spellings)]
    if len(found) != 1:
        names = ", ".join(fields) or "none"
        raise UnknownNameError(
            f"table {table.preamble.name} has no single field '{name}' (fields: {names})"
        )
    return found[0]


def _ends_with(key: str, spellings: Sequence[str]) -> bool:
    return any(key.endswith(f".{spelling}") for spelling in spellings)
