"""Messages of many register cells, assembled in protobuf's wire format.

A cell's message is `Entity.register_entry` (field 11) with `register_id` (1), `index.index` (2.1)
and `data.bitstring` (3.1); all but the index and the bits is the same for the cells of an array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from finsy.proto import p4r

from switch.p4runtime.bytestrings import encode
from switch.p4runtime.view import MAX_ENTITIES_PER_RESPONSE

_ENTITIES = b"\x0a"
_REGISTER_ENTRY = b"\x5a"
_REGISTER_ID = b"\x08"
_INDEX = b"\x12"
_INDEX_INDEX = b"\x08"
_DATA = b"\x1a"
_DATA_BITSTRING = b"\x0a"


MAX_WIDTH = 512
"""In bits; so far every length fits one byte."""
_ONE_BYTE = [bytes((value,)) for value in range(0x80)]


def register_messages(
    register_id: int, first: int, cells: Sequence[int]
) -> Iterator[p4r.ReadResponse]:
    """The messages of consecutive `bit<W>` cells, W up to MAX_WIDTH, of bounded size."""
    for start in range(0, len(cells), MAX_ENTITIES_PER_RESPONSE):
        chunk = cells[start : start + MAX_ENTITIES_PER_RESPONSE]
        yield p4r.ReadResponse.FromString(_wire(register_id, first + start, chunk))


def _wire(register_id: int, first: int, cells: Sequence[int]) -> bytes:
    head = _REGISTER_ID + _varint(register_id) + _INDEX
    length = _ONE_BYTE
    parts = []
    for index, cell in enumerate(cells, first):
        bits = encode(cell)
        place = _INDEX_INDEX + _varint(index)
        data = _DATA_BITSTRING + length[len(bits)] + bits
        body = head + length[len(place)] + place + _DATA + length[len(data)] + data
        entity = _REGISTER_ENTRY + length[len(body)] + body
        parts.append(_ENTITIES + length[len(entity)] + entity)
    return b"".join(parts)


def _varint(value: int) -> bytes:
    """An unsigned value in protobuf's variable-length form."""
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
