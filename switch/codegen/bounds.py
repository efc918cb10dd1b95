"""How large a field ever becomes, over all that is assigned to it anywhere in the program.

A `bit<32>` that only ever holds `index & 0x3ff` is at most 1023: masks after arithmetic and checks
of an array's index that rest on it can be left out. Bounds of one generation are found in its
statements and used in the next; each is sound, for it rests on sound ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from switch.codegen.code import Assign, Block, Extract, ForEach, If, Loop
from switch.codegen.state import Bounds, PacketState


def find_bounds(block: Block, state: PacketState) -> Bounds:
    """The highest value of each unsigned field. Tuples only give fields back what they held."""
    highest: dict[str, int | None] = {}
    for name, high in _assignments(block):
        known = highest.get(name, 0)
        highest[name] = None if known is None or high is None else max(known, high)
    found: Bounds = {}
    for (header, name), variable in state.field_names():
        high = highest.get(variable, 0)
        if high is not None:
            found[header, name] = high
    return found


def _assignments(block: Block) -> Iterator[tuple[str, int | None]]:
    """Each variable that is assigned, with the highest value that it may get there."""
    for statement in block:
        match statement:
            case Assign(target=target, value=value):
                yield target, value.high
            case Extract(fields=fields):
                for field in fields:
                    yield field.name, (1 << field.width) - 1
            case If(then=then, otherwise=otherwise):
                yield from _assignments(then)
                yield from _assignments(otherwise)
            case Loop(body=body, exhausted=exhausted):
                yield from _assignments(body)
                yield from _assignments(exhausted or [])
            case ForEach(body=body):
                yield from _assignments(body)
