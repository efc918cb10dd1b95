"""P4Data: values of the P4 types that registers and digests carry (specification "P4Data").

A codec turns a value into the data plane's cells, which are unsigned integers in the order of
the type's fields, and back. Registers of v1model have one cell each; digests are flat tuples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from finsy.proto import p4d, p4t

from switch.p4runtime.bytestrings import decode, decode_signed, encode, encode_signed
from switch.p4runtime.status import invalid_argument


class DataCodec(ABC):
    """One P4 type."""

    widths: tuple[int, ...]
    """The widths in bits of the cells of a value."""

    @abstractmethod
    def encode(self, cells: Iterator[int], message: p4d.P4Data) -> None:
        """Fill a message from as many cells as the type has."""

    @abstractmethod
    def decode(self, message: p4d.P4Data, what: str) -> list[int]:
        """The cells of a message; raises INVALID_ARGUMENT, naming `what`."""


class BitCodec(DataCodec):
    """`bit<W>`."""

    def __init__(self, width: int) -> None:
        self.widths = (width,)

    def encode(self, cells: Iterator[int], message: p4d.P4Data) -> None:
        """Fill a message from one cell."""
        message.bitstring = encode(next(cells))

    def decode(self, message: p4d.P4Data, what: str) -> list[int]:
        """The cell of a message."""
        _expect(message, "bitstring", what)
        return [decode(message.bitstring, self.widths[0], what)]


class IntCodec(DataCodec):
    """`int<W>`, whose cells hold the two's complement."""

    def __init__(self, width: int) -> None:
        self.widths = (width,)

    def encode(self, cells: Iterator[int], message: p4d.P4Data) -> None:
        """Fill a message from one cell."""
        cell, width = next(cells), self.widths[0]
        message.bitstring = encode_signed(cell - (cell >> (width - 1) << width))

    def decode(self, message: p4d.P4Data, what: str) -> list[int]:
        """The cell of a message."""
        _expect(message, "bitstring", what)
        width = self.widths[0]
        return [decode_signed(message.bitstring, width, what) & ((1 << width) - 1)]


class BoolCodec(DataCodec):
    """`bool`."""

    widths = (1,)

    def encode(self, cells: Iterator[int], message: p4d.P4Data) -> None:
        """Fill a message from one cell."""
        message.bool = bool(next(cells))

    def decode(self, message: p4d.P4Data, what: str) -> list[int]:
        """The cell of a message."""
        _expect(message, "bool", what)
        return [int(message.bool)]


class MembersCodec(DataCodec):
    """`struct` and `tuple`: their members in order."""

    def __init__(self, kind: str, members: tuple[DataCodec, ...]) -> None:
        self._kind = kind
        self._members = members
        self.widths = tuple(width for member in members for width in member.widths)

    def encode(self, cells: Iterator[int], message: p4d.P4Data) -> None:
        """Fill a message from the cells of all members."""
        value = getattr(message, self._kind)
        value.SetInParent()
        for member in self._members:
            member.encode(cells, value.members.add())

    def decode(self, message: p4d.P4Data, what: str) -> list[int]:
        """The cells of all members."""
        _expect(message, self._kind, what)
        given = getattr(message, self._kind).members
        if len(given) != len(self._members):
            raise invalid_argument(f"{what}: {len(given)} of {len(self._members)} members")
        pairs = zip(self._members, given, strict=True)
        return [cell for member, value in pairs for cell in member.decode(value, what)]


class HeaderCodec(DataCodec):
    """`header`: the data plane sends the fields of valid headers only."""

    def __init__(self, members: tuple[DataCodec, ...]) -> None:
        self._members = members
        self.widths = tuple(width for member in members for width in member.widths)

    def encode(self, cells: Iterator[int], message: p4d.P4Data) -> None:
        """Fill a message from the cells of all fields."""
        message.header.is_valid = True
        for member in self._members:
            field = p4d.P4Data()
            member.encode(cells, field)
            message.header.bitstrings.append(field.bitstring)

    def decode(self, message: p4d.P4Data, what: str) -> list[int]:
        """The cells of all fields of a valid header."""
        _expect(message, "header", what)
        given = message.header.bitstrings
        if not message.header.is_valid or len(given) != len(self._members):
            raise invalid_argument(f"{what}: a valid header of {len(self._members)} fields wanted")
        pairs = zip(self._members, given, strict=True)
        return [
            cell
            for member, bits in pairs
            for cell in member.decode(p4d.P4Data(bitstring=bits), what)
        ]


def _expect(message: p4d.P4Data, kind: str, what: str) -> None:
    given = message.WhichOneof("data")
    if given != kind:
        raise invalid_argument(f"{what}: the data is {given or 'nothing'}, and the type is {kind}")


def data_codec(spec: p4t.P4DataTypeSpec, types: p4t.P4TypeInfo) -> DataCodec:
    """The codec of a type; raises INVALID_ARGUMENT for one that no cell can hold."""
    kind = spec.WhichOneof("type_spec")
    if kind == "bitstring":
        return _bitstring_codec(spec.bitstring)
    if kind == "bool":
        return BoolCodec()
    if kind == "tuple":
        return MembersCodec("tuple", tuple(data_codec(m, types) for m in spec.tuple.members))
    if kind in ("struct", "header", "serializable_enum", "new_type"):
        return _named_codec(kind, getattr(spec, kind).name, types)
    raise invalid_argument(f"values of type {kind or 'unknown'} are not supported")


def _bitstring_codec(spec: p4t.P4BitstringLikeTypeSpec) -> DataCodec:
    kind = spec.WhichOneof("type_spec")
    width = getattr(spec, kind).bitwidth if kind in ("bit", "int") else 0
    if width <= 0:
        raise invalid_argument(f"values of type {kind or 'unknown'}<{width}> are not supported")
    return IntCodec(width) if kind == "int" else BitCodec(width)


def _named_codec(kind: str, name: str, types: p4t.P4TypeInfo) -> DataCodec:
    named: dict[str, Mapping[str, Any]] = {
        "struct": types.structs,
        "header": types.headers,
        "serializable_enum": types.serializable_enums,
        "new_type": types.new_types,
    }
    known = named[kind]
    if name not in known:
        raise invalid_argument(f"the type {name!r} is not in P4Info's type_info")
    spec = known[name]
    if kind == "struct":
        members = tuple(data_codec(member.type_spec, types) for member in spec.members)
        return MembersCodec("struct", members)
    if kind == "header":
        return HeaderCodec(tuple(_bitstring_codec(member.type_spec) for member in spec.members))
    if kind == "serializable_enum":
        return BitCodec(spec.underlying_type.bitwidth)
    if spec.WhichOneof("representation") == "original_type":
        return data_codec(spec.original_type, types)
    raise invalid_argument(f"the type {name!r} is translated, which this switch does not do")
