"""BMv2 JSON as far as it must be understood to check it: its objects by section and name.

The format is the one that p4c emits for simple_switch and that behavioral-model describes in
docs/JSON_format.md. Nothing here runs it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from controller.errors import ProgramError

JsonObject = Mapping[str, Any]

_NAMED = (
    "header_types",
    "headers",
    "header_stacks",
    "header_union_types",
    "header_unions",
    "header_union_stacks",
    "parsers",
    "parse_vsets",
    "deparsers",
    "meter_arrays",
    "counter_arrays",
    "register_arrays",
    "calculations",
    "learn_lists",
    "pipelines",
    "checksums",
    "extern_instances",
)
_REQUIRED = ("header_types", "headers", "parsers", "deparsers", "pipelines")
_PIPELINES = ("ingress", "egress")


@dataclass(frozen=True)
class JsonProgram:
    """The sections of a BMv2 JSON, indexed."""

    name: str
    "The program's name, for messages."
    sections: Mapping[str, Mapping[str, JsonObject]]
    "Objects by section and name; tables, conditionals and action profiles of all pipelines."
    actions: Mapping[int, JsonObject]
    "Actions by id: p4c emits a copy of the same name for each table that uses it."
    fields: Mapping[str, Mapping[str, int | None]]
    "Fields of each header type, with their widths in bits; None where that varies."

    @classmethod
    def parse(cls, name: str, data: bytes) -> JsonProgram:
        """Read and index a JSON; raises ``ProgramError`` if it has not even the right shape."""
        reader = _Reader(name)
        root = reader.load(data)
        sections = {
            section: reader.by_name(section, reader.objects(root, section)) for section in _NAMED
        }
        pipelines = list(sections["pipelines"].values())
        for section in ("tables", "conditionals", "action_profiles"):
            members = [o for pipeline in pipelines for o in reader.objects(pipeline, section)]
            sections[section] = reader.by_name(section, members)
        actions = reader.by_id("actions", reader.objects(root, "actions"))
        fields = {
            header_type: dict(reader.fields(header_type, definition))
            for header_type, definition in sections["header_types"].items()
        }
        return cls(name, sections, actions, fields)

    def fail(self, what: str, problem: str, where: JsonObject | None = None) -> NoReturn:
        """Raise ``ProgramError`` naming the object and, if the JSON has it, its source line."""
        raise ProgramError(f"program {self.name}: {what}{_source(where)}: {problem}")

    def find(self, section: str, what: str, name: str) -> JsonObject:
        """Return an object that the P4Info has; raises ``ProgramError`` if the JSON has not."""
        found = self.sections[section].get(name)
        if found is None:
            self.fail(what, "it is not in the JSON")
        return found

    def check_room(self, what: str, found: JsonObject, member: str, wanted: int) -> None:
        """Raise ``ProgramError`` if the JSON's object is smaller than the P4Info promises."""
        room = found.get(member, 0)
        if room < wanted:
            self.fail(what, f"the P4Info promises room for {wanted}, the JSON {room}", found)

    def check_width(self, what: str, wanted: int, found: Any, where: JsonObject) -> None:
        """Raise ``ProgramError`` if widths in bits differ; 0 or None stands for one unknown."""
        if wanted and found is not None and found != wanted:
            self.fail(what, f"it is {wanted} bits wide, in the JSON {found}", where)

    @contextlib.contextmanager
    def naming(self, what: str, where: JsonObject | None = None) -> Iterator[None]:
        """Name the object at hand if what is in it has not even the right shape."""
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
            self.fail(what, f"it is malformed: {type(exc).__name__}: {exc}", where)

    def actions_named(self, name: str) -> list[JsonObject]:
        """Return all copies of an action."""
        return [action for action in self.actions.values() if action["name"] == name]

    def header_fields(self, header: str) -> Mapping[str, int | None] | None:
        """Return the fields of a header instance; None if there is no such header."""
        instance = self.sections["headers"].get(header)
        return None if instance is None else self.fields.get(str(instance.get("header_type")), {})

    def field_width(self, field: Any) -> int | None:
        """Return the width of a field given as ``[header, field]``; None if unknown."""
        header, name = field
        if name == "$valid$":
            return 1
        return (self.header_fields(header) or {}).get(name)


class _Reader:
    """Takes the JSON apart, and says which part has the wrong shape."""

    def __init__(self, name: str) -> None:
        self._name = name

    def load(self, data: bytes) -> JsonObject:
        try:
            root = json.loads(data)
        except (ValueError, RecursionError) as exc:
            self._fail(f"the JSON cannot be parsed: {exc}")
        if not isinstance(root, dict):
            self._fail("the JSON is not an object")
        for section in _REQUIRED:
            if not root.get(section):
                self._fail(f"the JSON has no {section}: is it from p4c, for v1model?")
        if "actions" not in root:
            self._fail("the JSON has no actions: is it from p4c, for v1model?")
        names = [pipeline.get("name") for pipeline in self.objects(root, "pipelines")]
        if not all(name in names for name in _PIPELINES):
            self._fail("the JSON has no pipelines ingress and egress: is it for v1model?")
        return root

    def objects(self, parent: JsonObject, section: str) -> Sequence[JsonObject]:
        """Return the objects in a section; an absent one is empty."""
        members = parent.get(section) or []
        if not isinstance(members, list) or not all(isinstance(o, dict) for o in members):
            self._fail(f"{section} is not a list of objects")
        return members

    def by_name(self, section: str, objects: Sequence[JsonObject]) -> dict[str, JsonObject]:
        """Index objects by name."""
        found: dict[str, JsonObject] = {}
        for member in objects:
            name = member.get("name")
            if not isinstance(name, str):
                self._fail(f"an object in {section} has no name")
            if name in found:
                self._fail(f"{section} has {name} twice")
            found[name] = member
        return found

    def by_id(self, section: str, objects: Sequence[JsonObject]) -> dict[int, JsonObject]:
        """Index objects by id."""
        found: dict[int, JsonObject] = {}
        for member in objects:
            ident = member.get("id")
            if not isinstance(ident, int) or not isinstance(member.get("name"), str):
                self._fail(f"an object in {section} has no id or no name")
            if ident in found:
                self._fail(f"{section} has the id {ident} twice")
            found[ident] = member
        return found

    def fields(self, name: str, header_type: JsonObject) -> Iterator[tuple[str, int | None]]:
        """Return the names and widths of a header type's fields."""
        fields = header_type.get("fields") or []
        if not isinstance(fields, list):
            self._fail(f"the fields of header type {name} are not a list")
        for field in fields:
            match field:
                case [str(field_name), int(width), *_]:
                    yield field_name, width
                case [str(field_name), "*", *_]:
                    yield field_name, None
                case _:
                    self._fail(f"header type {name} has a field that is not [name, width]")

    def _fail(self, problem: str) -> NoReturn:
        raise ProgramError(f"program {self._name}: {problem}")


def _source(where: JsonObject | None) -> str:
    info = (where or {}).get("source_info")
    if not isinstance(info, dict) or "line" not in info:
        return ""
    return f" ({info.get('filename', '')}:{info['line']})"
