"""What updates of one kind have in common: all bytes of their messages but the values.

Updates that write entries of one table, or cells of one register, differ in keys, arguments and
indices. Everything else of their messages (tags, ids, lengths) is the same bytes at the same
places, as long as the values take as many bytes. A `Pattern` is taken from one message; others
that fit it are told by comparing bytes, and their values are cut out all at once, without an
object for each field of each message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct, unpack
from typing import Any, Literal, NamedTuple, TypeAlias

from finsy.proto import p4r

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in an `Update`: names of fields, and places in repeated ones."""

Columns: TypeAlias = dict[Path, Sequence[Any]]
"""Values of several messages by path: integers, also those of P4's byte strings."""

_VARYING = frozenset(
    {
        "p4.v1.TableEntry.priority",
        "p4.v1.TableEntry.controller_metadata",
        "p4.v1.FieldMatch.LPM.prefix_len",
        "p4.v1.Index.index",
    }
)
"""Integers that are values; others (ids, flags) belong to the pattern, as empty strings do."""

_OPAQUE = "p4.v1.TableEntry.metadata"
"""The one byte string that is no integer, and stays one."""

_MAX_VARINT_BYTES = 4
"""Of a value; longer integers belong to the pattern."""

_MAX_VALUE_BYTES = 256
"""Of a message with a pattern: each costs some steps at every comparison."""

_VARINT = 0
"""The wire type; beside it messages of P4Runtime have that of fields with a length, 2."""

_STEP = 8
"""So many times more messages are compared with a pattern after as many as fitted it."""

_BLANK = bytes(256)
_CONTINUES = bytes(byte & 0x80 for byte in range(256))
"""What is the same of all values of a length: nothing of a string, of each byte of a varint
whether another one follows. As tables for `bytes.translate`."""

_CODES = {2: "H", 4: "I", 8: "Q"}
"""What `struct` calls integers of so many bytes."""


class Unfit(Exception):  # noqa: N818 - never leaves the reading of a batch
    """A message of which no pattern can be taken."""


class _Value(NamedTuple):
    start: int
    end: int
    path: Path
    is_varint: bool
    is_opaque: bool = False

    def column(self, raw: bytes, size: int) -> Sequence[Any]:
        """The values in messages of a size."""
        length = self.end - self.start
        if self.is_varint:
            return _varints(_integers(raw, self.start, length, size, "<"), length)
        if not self.is_opaque:
            return _integers(raw, self.start, length, size, ">")
        return [raw[at : at + length] for at in range(self.start, len(raw), size)]


class Pattern:
    """The pattern of an update, with its tag and length in `WriteRequest`."""

    def __init__(self, raw: bytes) -> None:
        """Raises `Unfit`, and protobuf's `DecodeError` if it is not an update at all."""
        _, body = read_varint(raw, 0, len(raw))
        _, body = read_varint(raw, body, len(raw))
        values = list(_values(p4r.Update.DESCRIPTOR, raw, body, len(raw), ()))
        if sum(value.end - value.start for value in values) > _MAX_VALUE_BYTES:
            raise Unfit
        self.size = len(raw)
        self._body = body
        self._values = values
        self._cut = Struct(_constants_format(values, self.size))
        self._constants = self._cut.unpack(raw)
        """The bytes between values."""
        self._constant_bits = [
            (place, _CONTINUES if value.is_varint else _BLANK)
            for value in values
            for place in range(value.start, value.end)
        ]
        """For each byte of a value what is constant in it."""
        self._constant = bytes(self._without_values(raw))
        self.example = p4r.Update.FromString(raw[body:])
        """The message that the pattern was taken from."""
        self.is_canonical = self.example.SerializeToString() == raw[body:]
        """Whether the bytes say nothing twice, and nothing that is not understood."""

    def count(self, raw: memoryview) -> int:
        """How many of the first messages fit."""
        size, wanted = self.size, self._constant
        fitting, step, whole = 0, 1, len(raw) // size
        if not whole or self._cut.unpack_from(raw) != self._constants:
            return 0
        while fitting < whole:
            step = min(step, whole - fitting)
            part = self._without_values(raw[fitting * size : (fitting + step) * size])
            if part != wanted * step:
                places = range(0, len(part), size)
                alike = (part[place : place + size] == wanted for place in places)
                return fitting + next(count for count, is_alike in enumerate(alike) if not is_alike)
            fitting += step
            step *= _STEP
        return fitting

    def columns(self, raw: memoryview) -> Columns:
        """The values of messages that fit."""
        octets = bytes(raw)
        return {value.path: value.column(octets, self.size) for value in self._values}

    def messages(self, raw: memoryview) -> Iterator[p4r.Update]:
        """The messages that fit, one by one."""
        for start in range(0, len(raw), self.size):
            message = raw[start + self._body : start + self.size]
            yield p4r.Update.FromString(message)  # type: ignore[arg-type]  # it takes a view too

    def _without_values(self, raw: bytes | memoryview) -> bytearray:
        """Messages with nothing but what is the same in all that fit."""
        rest = bytearray(raw)
        for place, table in self._constant_bits:
            rest[place :: self.size] = rest[place :: self.size].translate(table)
        return rest


def _constants_format(values: Sequence[_Value], size: int) -> str:
    """What `struct` is to read of a message: all but the values."""
    parts, place = [], 0
    for value in values:
        parts.append(f"{value.start - place}s{value.end - value.start}x")
        place = value.end
    return "".join([*parts, f"{size - place}s"])


def _integers(
    raw: bytes, start: int, length: int, size: int, order: Literal["<", ">"]
) -> Sequence[int]:
    """Integers of a length, `size` bytes apart, cut out byte by byte of all at once."""
    if length == 1:
        return raw[start::size]
    width = next((width for width in _CODES if width >= length), None)
    if width is None:
        return [int.from_bytes(raw[at : at + length]) for at in range(start, len(raw), size)]
    count = len(raw) // size
    packed = bytearray(width * count)
    place = width - length if order == ">" else 0
    for byte in range(length):
        packed[place + byte :: width] = raw[start + byte :: size]
    return unpack(f"{order}{count}{_CODES[width]}", packed)


def _varints(raw: Sequence[int], length: int) -> Sequence[int]:
    """The values of varints of a length, from their bytes as an integer, the first the lowest."""
    match length:
        case 1:
            return raw
        case 2:
            return [v & 0x7F | v >> 1 & 0x3F80 for v in raw]
        case 3:
            return [v & 0x7F | v >> 1 & 0x3F80 | v >> 2 & 0x1FC000 for v in raw]
        case _:
            return [
                v & 0x7F | v >> 1 & 0x3F80 | v >> 2 & 0x1FC000 | v >> 3 & 0xFE00000 for v in raw
            ]


def _values(descriptor: Any, raw: bytes, start: int, end: int, path: Path) -> Iterator[_Value]:
    """The values of a message that takes the bytes from `start` to `end`."""
    counts: dict[int, int] = {}
    while start < end:
        tag, start = read_varint(raw, start, end)
        field = descriptor.fields_by_number.get(tag >> 3)
        if field is None:
            raise Unfit
        begin, start = start, skip_field(raw, tag, start, end)
        where = (*path, field.name)
        if tag & 7 == _VARINT:
            if field.full_name in _VARYING and start - begin <= _MAX_VARINT_BYTES:
                yield _Value(begin, start, where, True)
            continue
        length, begin = read_varint(raw, begin, end)
        if field.is_repeated:
            where = (*where, counts.setdefault(field.number, 0))
            counts[field.number] += 1
        if field.message_type is not None:
            yield from _values(field.message_type, raw, begin, start, where)
        elif field.type == field.TYPE_BYTES and length:
            yield _Value(begin, start, where, False, field.full_name == _OPAQUE)


def skip_field(raw: bytes | memoryview, tag: int, start: int, end: int) -> int:
    """Where a field ends whose content begins at `start`. Raises `Unfit`."""
    number, begin = read_varint(raw, start, end)
    match tag & 7:
        case 0:
            return begin
        case 2 if begin + number <= end:
            return begin + number
        case _:
            raise Unfit


def read_varint(raw: bytes | memoryview, start: int, end: int) -> tuple[int, int]:
    """An integer, and where it ends. Raises `Unfit` if it is not whole or too long."""
    value = 0
    for place in range(min(10, end - start)):
        byte = raw[start + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, start + place + 1
    raise Unfit
