"""What updates of one kind have in common: all bytes of their messages but the values.

Updates that write entries of one table, or cells of one register, differ in keys, arguments and
indices. Everything else of their messages (tags, ids, lengths) is the same bytes at the same
places, as long as the values take as many bytes. A `Pattern` is taken from one message; others
that fit it are told by comparing bytes, and their values are cut out all at once, without an
object for each field of each message.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, repeat
from struct import Struct
from typing import Any, NamedTuple, TypeAlias

from finsy.proto import p4r

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in an `Update`: names of fields, and places in repeated ones."""

Columns: TypeAlias = dict[Path, list[Any]]
"""Values of several messages by path: byte strings, or integers for varints."""

_VARYING = frozenset(
    {
        "p4.v1.TableEntry.priority",
        "p4.v1.TableEntry.controller_metadata",
        "p4.v1.FieldMatch.LPM.prefix_len",
        "p4.v1.Index.index",
    }
)
"""Integers that are values; others (ids, flags) belong to the pattern, as empty strings do."""

_MAX_VARINT_BYTES = 4
"""Of a value; longer integers belong to the pattern."""

_VARINT = 0
"""The wire type; beside it messages of P4Runtime have that of fields with a length, 2."""


class Unfit(Exception):  # noqa: N818 - never leaves the reading of a batch
    """A message of which no pattern can be taken."""


class _Value(NamedTuple):
    start: int
    end: int
    path: Path
    is_varint: bool


class Pattern:
    """The pattern of an update, with its tag and length in `WriteRequest`."""

    def __init__(self, raw: bytes) -> None:
        """Raises `Unfit`, and protobuf's `DecodeError` if it is not an update at all."""
        _, body = read_varint(raw, 0, len(raw))
        _, body = read_varint(raw, body, len(raw))
        values = list(_values(p4r.Update.DESCRIPTOR, raw, body, len(raw), ()))
        bounds = [0, *(edge for value in values for edge in value[:2]), len(raw)]
        pieces = [raw[start:end] for start, end in pairwise(bounds)]
        self._values = values
        self._constants = tuple(pieces[::2])
        self._struct = Struct("".join(f"{len(piece)}s" for piece in pieces))
        self._body = body
        self.size = len(raw)
        self.example = p4r.Update.FromString(raw[body:])
        """The message that the pattern was taken from."""
        self.is_canonical = self.example.SerializeToString() == raw[body:]
        """Whether the bytes say nothing twice, and nothing that is not understood."""

    def rows(self, raw: memoryview, start: int) -> list[tuple[bytes, ...]]:
        """The messages from `start` on that fit, each as the bytes of constants and values."""
        end = start + (len(raw) - start) // self.size * self.size
        constants = self._constants
        found = []
        for row in self._struct.iter_unpack(raw[start:end]):
            if row[::2] != constants:
                break
            found.append(row)
        return found[: self._count_whole(found)]

    def columns(self, rows: list[tuple[bytes, ...]]) -> Columns:
        """The values of messages that fit."""
        columns = list(zip(*rows, strict=True))[1::2]
        return {
            value.path: _integers(column) if value.is_varint else column
            for value, column in zip(self._values, columns, strict=True)
        }

    def message(self, row: tuple[bytes, ...]) -> p4r.Update:
        """A message that fits."""
        return p4r.Update.FromString(b"".join(row)[self._body :])

    def _count_whole(self, rows: list[tuple[bytes, ...]]) -> int:
        """How many of the first messages have integers that end where the pattern says."""
        count = len(rows)
        for place, value in enumerate(self._values):
            if value.is_varint:
                width = value.end - value.start
                mask = int.from_bytes(b"\x80" * width)
                whole = mask ^ 0x80
                for row in range(count):
                    if int.from_bytes(rows[row][2 * place + 1]) & mask != whole:
                        count = row
                        break
        return count


def _integers(column: tuple[bytes, ...]) -> list[int]:
    """The values of varints of one length."""
    raw = map(int.from_bytes, column, repeat("little"))
    match len(column[0]):
        case 1:
            return list(raw)
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
            yield _Value(begin, start, where, False)


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
