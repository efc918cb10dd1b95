"""Messages of many register cells, put together in protobuf's wire format and sent as they are.

A cell's message is `Entity.register_entry` (field 11) with `register_id` (1), `index.index` (2.1)
and `data.bitstring` (3.1). Of these only the index and the bits differ within an array: the bytes
of an index and of a small value are made once, and what comes before them depends on nothing but
their length. A cell costs a fifth of what a message object costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from switch.p4runtime.view import MAX_ENTITIES_PER_RESPONSE

MAX_WIDTH = 512
"""In bits; so far every length fits one byte."""

_ENTITIES, _REGISTER_ENTRY = b"\x0a", b"\x5a"
_REGISTER_ID, _INDEX = b"\x08", b"\x12"
_INDEX_INDEX = b"\x08"
_DATA, _BITSTRING = b"\x1a", b"\x0a"
_BYTE = [bytes((value,)) for value in range(256)]


def register_messages(register_id: int, first: int, cells: Sequence[int]) -> Iterator[bytes]:
    """Serialized `ReadResponse`s of consecutive `bit<W>` cells, W up to MAX_WIDTH."""
    for start in range(0, len(cells), MAX_ENTITIES_PER_RESPONSE):
        chunk = cells[start : start + MAX_ENTITIES_PER_RESPONSE]
        yield _wire(register_id, first + start, chunk)


def _wire(register_id: int, first: int, cells: Sequence[int]) -> bytes:
    register = _REGISTER_ID + _varint(register_id) + _INDEX
    heads: dict[int, bytes] = {}
    parts: list[bytes] = []
    for index, cell in zip(_indices(first, len(cells)), cells, strict=True):
        data = _SMALL[cell] if cell < 256 else _data(cell)
        size = len(index) + len(data)
        head = heads.get(size)
        if head is None:
            heads[size] = head = _head(register, size)
        parts += (head, index, data)
    return b"".join(parts)


def _head(register: bytes, size: int) -> bytes:
    """What comes before an index and data of so many bytes."""
    body = len(register) + size
    return _ENTITIES + _BYTE[body + 2] + _REGISTER_ENTRY + _BYTE[body] + register


def _data(cell: int) -> bytes:
    """The field `data` of a cell, from its own number on."""
    bits = cell.to_bytes(max(1, (cell.bit_length() + 7) // 8), "big")
    return _DATA + _BYTE[len(bits) + 2] + _BITSTRING + _BYTE[len(bits)] + bits


_SMALL = [_data(cell) for cell in range(256)]


@lru_cache(maxsize=256)
def _indices(first: int, count: int) -> tuple[bytes, ...]:
    """The contents of the field `index` for consecutive indices, with their length in front."""
    return tuple(_index(index) for index in range(first, first + count))


def _index(index: int) -> bytes:
    body = _INDEX_INDEX + _varint(index)
    return _BYTE[len(body)] + body


def _varint(value: int) -> bytes:
    """An unsigned value in protobuf's variable-length form."""
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
