"""Headers, metadata, stacks and unions, and the types of headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from switch.p4json.reader import MAX_WIDTH, Node
from switch.p4json.source import NOWHERE, SourceInfo

VALID_FIELD = "$valid$"
"""The hidden one-bit field that every header has."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of a header type."""

    name: str
    width: int
    """In bits; for a varbit the most it can have."""
    signed: bool = False
    saturating: bool = False
    varbit: bool = False


@dataclass(frozen=True, slots=True)
class HeaderType:
    """A header type: fields in the order in which they stand in the packet."""

    name: str
    fields: tuple[FieldType, ...]
    source: SourceInfo = NOWHERE

    @property
    def fixed_width(self) -> int:
        """Bits of all fields but the varbit."""
        return sum(field.width for field in self.fields if not field.varbit)

    @property
    def varbit(self) -> FieldType | None:
        """The one field of variable length, if there is one."""
        return next((field for field in self.fields if field.varbit), None)

    def field(self, name: str) -> FieldType | None:
        """The field of that name; the hidden validity bit too."""
        if name == VALID_FIELD:
            return FieldType(VALID_FIELD, 1)
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Header:
    """An instance of a header type, in the packet or as metadata."""

    name: str
    id: int
    type: HeaderType
    is_metadata: bool
    union: str | None = None
    """The union that it is a member of."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of headers, lowest index first."""

    name: str
    type: HeaderType
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """A header union: at most one member is valid."""

    name: str
    members: tuple[str, ...]
    """Names of members in the union's type, in order."""
    headers: tuple[str, ...]
    """The headers that the members are, in the same order."""


@dataclass(frozen=True, slots=True)
class UnionStack:
    """A stack of header unions, lowest index first."""

    name: str
    unions: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Everything that a packet's state is made of."""

    headers: Mapping[str, Header]
    stacks: Mapping[str, Stack]
    unions: Mapping[str, Union]
    union_stacks: Mapping[str, UnionStack]
    aliases: Mapping[str, tuple[str, str]]
    """BMv2's own name of a field (`intrinsic_metadata.mcast_grp`) to header and field."""

    def find_field(self, header: str, field: str) -> FieldType | None:
        """The type of a field, None if there is no such header or field."""
        found = self.headers.get(header)
        return found.type.field(field) if found else None

    def has_member(self, union_stack: str, member: object) -> bool:
        """Whether the unions of a stack have a member of that name."""
        found = self.union_stacks.get(union_stack)
        return found is not None and all(
            member in self.unions[name].members for name in found.unions
        )

    def resolve(self, bmv2_name: str) -> tuple[str, str] | None:
        """Header and field of one of BMv2's well-known fields; None if the program lacks it."""
        header, _, field = bmv2_name.partition(".")
        target = self.aliases.get(bmv2_name, (header, field))
        return target if self.find_field(*target) else None


def read_layout(root: Node) -> Layout:
    """Read header types, headers, stacks, unions and aliases."""
    types = {
        node.string("name"): _read_type(node)
        for node in root.children("header_types", "header type")
    }
    unions, union_by_header = _read_unions(root)
    headers, by_id = _read_headers(root, types, union_by_header)
    return Layout(
        headers=headers,
        stacks=_read_stacks(root, types, headers, by_id),
        unions={name: _bind_union(union, by_id) for name, union in unions.items()},
        union_stacks=_read_union_stacks(root),
        aliases=_read_aliases(root),
    )


def _read_type(node: Node) -> HeaderType:
    max_bits = 8 * node.integer("max_length") if node.has("max_length") else 0
    fields = [_read_field_type(item, node) for item in node.items("fields")]
    if sum(field.varbit for field in fields) > 1:
        raise node.error("has more than one field of variable length")
    _check_varbit_place(fields, node)
    room = max(max_bits - sum(field.width for field in fields), 0)
    fields = [replace(field, width=room) if field.varbit else field for field in fields]
    return HeaderType(node.string("name"), tuple(fields), node.source)


def _check_varbit_place(fields: Sequence[FieldType], node: Node) -> None:
    before = 0
    for field in fields:
        if field.varbit and before % 8:
            raise node.error(f"has a varbit field {field.name} that does not begin at a byte")
        before += field.width


def _read_field_type(item: object, node: Node) -> FieldType:
    match item:
        case [str(name), "*", *_]:
            return FieldType(name, 0, varbit=True)
        case [str(name), int(width), *flags] if 0 < width <= MAX_WIDTH:
            signed, saturating = (*flags, False, False)[:2]
            return FieldType(name, width, bool(signed), bool(saturating))
    raise node.error(f"has a malformed field {item!r}")


def _read_headers(
    root: Node, types: Mapping[str, HeaderType], union_by_header: Mapping[int, str]
) -> tuple[dict[str, Header], dict[int, str]]:
    headers, by_id = {}, {}
    for node in root.children("headers", "header"):
        header_type = types.get(node.string("header_type"))
        if header_type is None:
            raise node.error(f"is of the unknown type {node.string('header_type')}")
        header = Header(
            name=node.string("name"),
            id=node.integer("id"),
            type=header_type,
            is_metadata=node.flag("metadata"),
            union=union_by_header.get(node.integer("id")),
        )
        if not header.is_metadata and header.type.fixed_width % 8:
            raise node.error(
                f"is {header.type.fixed_width} bits wide, which is no whole number of bytes"
            )
        headers[header.name] = header
        by_id[header.id] = header.name
    return headers, by_id


def _read_stacks(
    root: Node,
    types: Mapping[str, HeaderType],
    found: Mapping[str, Header],
    by_id: Mapping[int, str],
) -> dict[str, Stack]:
    stacks = {}
    for node in root.children("header_stacks", "header stack"):
        header_type = types.get(node.string("header_type"))
        if header_type is None:
            raise node.error(f"is of the unknown type {node.string('header_type')}")
        headers = _resolve_ids(node, "header_ids", by_id)
        if any(found[name].type is not header_type for name in headers):
            raise node.error("has an element of another type than its own")
        stacks[node.string("name")] = Stack(node.string("name"), header_type, headers)
    return stacks


def _read_unions(root: Node) -> tuple[dict[str, tuple[Node, tuple[str, ...]]], dict[int, str]]:
    """Unions with the names of their members, and the union of each header id."""
    types = {}
    for node in root.children("header_union_types", "header union type"):
        types[node.string("name")] = tuple(
            node.as_pair(member, "headers")[0] for member in node.items("headers")
        )
    unions, union_by_header = {}, {}
    for node in root.children("header_unions", "header union"):
        members = types.get(node.string("union_type"))
        if members is None:
            raise node.error(f"is of the unknown type {node.string('union_type')}")
        unions[node.string("name")] = (node, members)
        for header_id in node.integers("header_ids"):
            union_by_header[header_id] = node.string("name")
    return unions, union_by_header


def _bind_union(union: tuple[Node, tuple[str, ...]], by_id: Mapping[int, str]) -> Union:
    node, members = union
    headers = _resolve_ids(node, "header_ids", by_id)
    if len(headers) != len(members):
        raise node.error(f"has {len(headers)} headers for {len(members)} members")
    return Union(node.string("name"), members, headers)


def _read_union_stacks(root: Node) -> dict[str, UnionStack]:
    by_id = {
        node.integer("id"): node.string("name")
        for node in root.children("header_unions", "header union")
    }
    return {
        node.string("name"): UnionStack(
            node.string("name"), _resolve_ids(node, "header_union_ids", by_id)
        )
        for node in root.children("header_union_stacks", "header union stack")
    }


def _resolve_ids(node: Node, name: str, by_id: Mapping[int, str]) -> tuple[str, ...]:
    names = []
    for identifier in node.integers(name):
        if identifier not in by_id:
            raise node.error(f"'{name}' refers to the unknown id {identifier!r}")
        names.append(by_id[identifier])
    return tuple(names)


def _read_aliases(root: Node) -> dict[str, tuple[str, str]]:
    aliases = {}
    for item in root.items("field_aliases"):
        match item:
            case [str(name), target]:
                aliases[name] = root.as_pair(target, "field_aliases")
            case _:
                raise root.error(f"has a malformed field alias {item!r}")
    return aliases
