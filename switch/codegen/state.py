"""A packet's state as local variables of the generated function.

Every field is an integer variable, every header has a validity flag, the place in the frame that
it was extracted from, and a flag that says whether a field of it was assigned. Variables that a
program has no use for never get into the generated code (`switch.codegen.liveness`).

While code is emitted this records what can happen to each header, which decides how the deparser
writes it: headers of which nothing is ever assigned are copied from the frame, others are patched,
and headers that the program can make valid by itself are packed from their fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from switch.codegen.code import (
    Assign,
    Block,
    Value,
    boolean,
    number,
    variable,
)
from switch.codegen.module import Names
from switch.codegen.operators import cut
from switch.p4json.headers import VALID_FIELD, FieldType, Header, Layout

PROCESS = "process"
EGRESS = "egress"
"""The names of the generated functions: a packet's whole way, and egress of one that waited."""

PARAMETERS = ("data", "at", "length", "port", "kind", "carried")
"""Of both functions: the buffer, where in it the frame begins and how long it is, the port
it came in by, how it came (`Instance`), and what it brought along from its former run."""

Bounds = dict[tuple[str, str], int]
"""The highest value that fields ever take, by header and field."""

SHORT = frozenset({"scalars", "standard_metadata"})
"""Headers whose fields are named without the header's name."""


@dataclass
class PacketState:
    """Maps the program's headers and fields to variables."""

    layout: Layout
    names: Names
    on_wire: frozenset[str] = frozenset()
    """Headers that the parser extracts or the deparser emits."""
    bounds: Bounds = field(default_factory=dict)
    """What is known of fields beyond their width."""
    defaults: dict[str, Value] = field(default_factory=dict)
    """What each variable holds when a packet arrives, should it be read before it is set."""
    places: dict[str, str] = field(default_factory=dict)
    """Variables of places in the frame, with their headers: read only of those extracted."""
    assigned: dict[str, set[str]] = field(default_factory=dict)
    """Fields that the program assigns, by header."""
    constructed: set[str] = field(default_factory=set)
    """Headers that can become valid otherwise than by extraction."""

    _used: dict[tuple[str, str], None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (PROCESS, EGRESS, *PARAMETERS):
            self.names.get("local", name, wish=name)

    # -- variables ----------------------------------------------------------------------------

    def local(self, wish: str, default: Value | None = None) -> str:
        """A variable of the generator's own; the same wish gives the same variable.

        `default` need not be given every time; where it never is, it is 0.
        """
        name = self.names.get("local", wish, wish=wish)
        if default is not None:
            self.defaults[name] = default
        self.defaults.setdefault(name, number(0))
        return name

    def field_type(self, header: str, name: str) -> FieldType:
        """The type of a field that is known to exist."""
        found = self.layout.find_field(header, name)
        assert found is not None, (header, name)
        return found

    def field_name(self, header: str, name: str) -> str:
        """The variable of a field."""
        if name == VALID_FIELD:
            return self.valid_name(header)
        wish = name if header in SHORT else f"{header}_{name}"
        variable_name = self.names.get("field", header, name, wish=wish)
        self._used.setdefault((header, name))
        self.defaults.setdefault(variable_name, number(0))
        return variable_name

    def field(self, header: str, name: str) -> Value:
        """A field's value, with the bounds of its type."""
        if name == VALID_FIELD:
            return self.valid(header)
        found = self.field_type(header, name)
        variable_name = self.field_name(header, name)
        if found.varbit:
            return variable(variable_name, 0)
        if found.signed:
            half = 1 << (found.width - 1)
            return variable(variable_name, -half, half - 1)
        full = (1 << found.width) - 1
        return variable(variable_name, 0, min(full, self.bounds.get((header, name), full)))

    def field_names(self) -> Iterator[tuple[tuple[str, str], str]]:
        """Header and field of every unsigned field that was used, with its variable."""
        for header, name in self._used:
            found = self.field_type(header, name)
            if not (found.signed or found.varbit):
                yield (header, name), self.field_name(header, name)

    def bits_name(self, header: str) -> str:
        """The variable that holds how many bits a header's varbit has."""
        return self._flag(header, "bits", number(0))

    def bits(self, header: str) -> Value:
        """How many bits a header's varbit has."""
        return variable(self.bits_name(header), 0)

    def valid_name(self, header: str) -> str:
        """The variable of a header's validity."""
        return self._flag(header, "valid", boolean(False))

    def valid(self, header: str) -> Value:
        """Whether a header is valid; metadata always is."""
        if self.layout.headers[header].is_metadata:
            return boolean(True)
        return variable(self.valid_name(header), 0, 1)

    def place_name(self, header: str) -> str:
        """The variable that holds where in the frame a header was extracted from, in bytes."""
        name = self._flag(header, "at", number(0))
        self.places[name] = header
        return name

    def dirty_name(self, header: str) -> str:
        """The variable that says whether a field of a header was assigned."""
        return self._flag(header, "dirty", boolean(False))

    def moved_name(self) -> str:
        """The variable that says that headers came or went: the frame must be made anew."""
        return self.local("moved", boolean(False))

    def _flag(self, header: str, what: str, default: Value) -> str:
        name = self.names.get("flag", header, what, wish=f"{header}_{what}")
        self.defaults.setdefault(name, default)
        return name

    # -- changes ------------------------------------------------------------------------------

    def assign(self, header: str, name: str, value: Value) -> Block:
        """Store a value in a field, cut to its width."""
        found = self.field_type(header, name)
        if not found.varbit:
            value = cut(value, found.width, found.signed, found.saturating)
        stored = Assign(self.field_name(header, name), value)
        if self.layout.headers[header].is_metadata:
            return [stored]
        self.assigned.setdefault(header, set()).add(name)
        return [stored, Assign(self.dirty_name(header), boolean(True))]

    def set_valid(self, header: str, valid: bool) -> Block:
        """Change a header's validity by program; members of a union exclude each other."""
        if self.layout.headers[header].is_metadata:
            return []
        block: Block = [Assign(self.valid_name(header), boolean(valid))]
        if header in self.on_wire:
            block.append(Assign(self.moved_name(), boolean(True)))
        if valid:
            self.mark_constructed(header)
            block += self.exclude_siblings(header)
        return block

    def mark_constructed(self, header: str) -> None:
        """Note that the header can be valid without standing in the frame."""
        self.constructed.add(header)

    def exclude_siblings(self, header: str) -> Block:
        """Invalidate the other members of the union that a header belongs to."""
        union = self.layout.headers[header].union
        if union is None:
            return []
        siblings = self.layout.unions[union].headers
        return [
            Assign(self.valid_name(name), boolean(False)) for name in siblings if name != header
        ]

    # -- groups of variables ------------------------------------------------------------------

    def metadata_fields(self) -> Iterator[tuple[str, FieldType]]:
        """All fields of all metadata."""
        for header in self.layout.headers.values():
            if header.is_metadata:
                yield from ((header.name, found) for found in header.type.fields)

    def reset_metadata(self) -> Block:
        """Set all metadata to 0."""
        return [
            Assign(self.field_name(header, found.name), number(0))
            for header, found in self.metadata_fields()
        ]

    def header_variables(self) -> list[str]:
        """Everything that the packet's headers consist of, for a copy that skips the parser."""
        found: list[str] = []
        for header in self.packet_headers():
            found += [self.valid_name(header.name), self.place_name(header.name)]
            found.append(self.dirty_name(header.name))
            found += [self.field_name(header.name, item.name) for item in header.type.fields]
            if header.type.varbit:
                found.append(self.bits_name(header.name))
        found += [self.next_name(name) for name in self.layout.stacks]
        found += [self.next_name(name) for name in self.layout.union_stacks]
        return found

    def packet_headers(self) -> Iterator[Header]:
        """All headers that are not metadata."""
        return (header for header in self.layout.headers.values() if not header.is_metadata)

    def next_name(self, stack: str) -> str:
        """The variable that holds how many elements of a stack were extracted."""
        return self._flag(stack, "next", number(0))

    def next(self, stack: str) -> Value:
        """How many elements of a stack were extracted."""
        stacks = self.layout.stacks
        size = (
            len(stacks[stack].headers)
            if stack in stacks
            else len(self.layout.union_stacks[stack].unions)
        )
        return variable(self.next_name(stack), 0, size)
