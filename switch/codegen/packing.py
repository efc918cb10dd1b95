"""Bits to integers and back: how fields are read out of a frame, and put together again.

Reading: adjacent fields that are wanted share containers of 1, 2, 4 or 8 bytes, and one
`struct.unpack_from` reads all containers of a header; what nobody wants is skipped as padding.
Writing: fields are joined to runs of whole bytes, and one `struct.pack` writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from switch.codegen.code import (
    Assign,
    BitField,
    Block,
    Extract,
    ForEach,
    If,
    Loop,
    Unpack,
    Value,
    call,
    number,
    variable,
)
from switch.codegen.module import Links, Names
from switch.codegen.operators import add, bit_and, bit_or, cut, shift_left, shift_right, wrap_signed

_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A value of so many bits, to be written."""

    value: Value
    width: int


def lower(block: Block, links: Links) -> Block:
    """Turn every `Extract` of a block into an `unpack_from` and the shifts that it takes."""
    lowered: Block = []
    for statement in block:
        match statement:
            case Extract():
                lowered += _lower_extract(statement, links)
            case If(condition=condition, then=then, otherwise=otherwise):
                lowered.append(If(condition, lower(then, links), lower(otherwise, links)))
            case Loop(body=body, exhausted=exhausted):
                end = None if exhausted is None else lower(exhausted, links)
                lowered.append(Loop(lower(body, links), end))
            case ForEach(targets=targets, value=value, body=body):
                lowered.append(ForEach(targets, value, lower(body, links)))
            case _:
                lowered.append(statement)
    return lowered


def position(start: Value) -> Value:
    """The index into the packet buffer of a byte of the frame."""
    return add(variable("at"), start) if start.constant != 0 else variable("at")


def pack(pieces: Sequence[Piece], links: Links) -> Value:
    """The bytes of some values in network order; together they fill whole bytes."""
    runs = _byte_runs(pieces)
    if any(width // 8 not in _FORMATS for _, width in runs) and len(runs) == 1:
        value, width = runs[0]
        return Value(f"{value.inside(12)}.to_bytes({width // 8}, 'big')", reads=value.reads)
    parts: list[tuple[Value, int]] = []
    for value, width in runs:
        parts += _split(value, width)
    layout = ">" + "".join(_FORMATS[width // 8] for _, width in parts)
    packer = links.get("pack", layout, wish=f"pack_{layout[1:]}")
    return call(packer, *(value for value, _ in parts))


def join(pieces: Sequence[Piece]) -> Value:
    """One number made of the pieces, the first in the highest bits."""
    total = sum(piece.width for piece in pieces)
    joined = number(0)
    for piece in pieces:
        total -= piece.width
        joined = bit_or(joined, shift_left(cut(piece.value, piece.width), number(total)))
    return joined


def _byte_runs(pieces: Sequence[Piece]) -> list[tuple[Value, int]]:
    """Join pieces up to where whole bytes end."""
    runs, pending, bits = [], [], 0
    for piece in pieces:
        pending.append(piece)
        bits += piece.width
        if bits % 8 == 0 and bits:
            runs.append((join(pending), bits))
            pending, bits = [], 0
    assert not pending, "pieces do not fill whole bytes"
    return runs


def _split(value: Value, width: int) -> list[tuple[Value, int]]:
    """Cut a run of whole bytes into parts that `struct` knows."""
    parts = []
    for part_bytes in _containers(width // 8):
        width -= 8 * part_bytes
        part = cut(shift_right(value, number(width)), 8 * part_bytes)
        parts.append((part, 8 * part_bytes))
    return parts


def _containers(count: int) -> list[int]:
    """Sizes of containers that make up so many bytes, largest first."""
    sizes = []
    for size in (8, 4, 2, 1):
        sizes += [size] * (count // size)
        count %= size
    return sizes


def _lower_extract(statement: Extract, links: Links) -> Block:
    groups = _groups(statement.fields)
    first = groups[0][0]
    layout, names, block, end = ">", [], [], first
    for low, high, fields in groups:
        layout += _padding(low - end)
        parts = _containers(high - low)
        layout += "".join(_FORMATS[part] for part in parts)
        group_names = _group_names(fields, parts, high, links.names)
        names += group_names
        block += _take_apart(fields, group_names, parts, low, high)
        end = high
    start = position(add(statement.start, number(first)))
    if layout == ">B":
        byte = Value(f"data[{start.text}]", reads=start.reads, low=0, high=255)
        return [Assign(names[0], byte), *block]
    unpack = links.get("unpack", layout, wish=f"unpack_{layout[1:]}")
    return [Unpack(tuple(names), call(unpack, variable("data"), start)), *block]


def _groups(fields: Sequence[BitField]) -> list[tuple[int, int, list[BitField]]]:
    """Ranges of bytes, first and last excluded, with the fields that lie in them."""
    groups: list[tuple[int, int, list[BitField]]] = []
    for item in sorted(fields, key=lambda item: item.offset):
        low, high = item.offset // 8, (item.offset + item.width + 7) // 8
        if groups and low < groups[-1][1]:
            group_low, group_high, members = groups[-1]
            groups[-1] = (group_low, max(group_high, high), [*members, item])
        else:
            groups.append((low, high, [item]))
    return groups


def _group_names(
    fields: Sequence[BitField], parts: Sequence[int], high: int, names: Names
) -> list[str]:
    only = fields[0]
    whole = len(fields) == 1 and only.offset % 8 == 0 and only.offset + only.width == 8 * high
    if whole and len(parts) == 1:
        return [only.name]
    return [names.get("part", only.name, str(index), wish="raw") for index in range(len(parts))]


def _take_apart(
    fields: Sequence[BitField], names: Sequence[str], parts: Sequence[int], low: int, high: int
) -> Block:
    """Assign the fields of one group from the containers that were read."""
    block: Block = []
    width = 8 * (high - low)
    whole = join(
        [
            Piece(variable(name, 0, (1 << 8 * part) - 1), 8 * part)
            for name, part in zip(names, parts, strict=True)
        ]
    )
    for item in fields:
        below = width - (item.offset - 8 * low) - item.width
        value = bit_and(shift_right(whole, number(below)), number((1 << item.width) - 1))
        if item.signed:
            value = wrap_signed(value, item.width)
        if value.text != item.name:
            block.append(Assign(item.name, value))
    return block


def _padding(count: int) -> str:
    return f"{count}x" if count > 1 else "x" * count
