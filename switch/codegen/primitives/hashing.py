"""Hashes and random numbers."""

from __future__ import annotations

from collections.abc import Mapping

from switch.codegen.calculations import emit_calculation
from switch.codegen.code import PRODUCT, SIGN, Block, If, Run, Value, number, variable
from switch.codegen.conditions import choose
from switch.codegen.context import Context, Place
from switch.codegen.operators import BINARY, add, bit_and
from switch.codegen.primitives.family import (
    Arguments,
    Emitter,
    argument,
    expect,
    object_name,
    store,
)


def hash_with_offset(arguments: Arguments, context: Context, place: Place) -> Block:
    """`hash(field, algorithm, base, data, max)`: `base + hash % max`; a max of 0 counts as 1."""
    expect(arguments, 4, place)
    base = argument(arguments, 1, context, place)
    name = object_name(arguments, 2, "calculation", place)
    size = argument(arguments, 3, context, place)
    before, digest = emit_calculation(context.program.body.calculations[name], context, place)
    result = add(reduce(digest, size), base)
    return [*before, *store(arguments[0], result, context, place)]


def reduce(digest: Value, size: Value) -> Value:
    """`digest % size`, by a mask where that does the same."""
    if size.constant is None:
        size = choose(BINARY["=="](size, number(0)), number(1), size)
        return Value(
            f"{digest.inside(PRODUCT)} % {size.inside(SIGN)}", PRODUCT, digest.reads | size.reads, 0
        )
    modulus = size.constant or 1
    if digest.high is not None and digest.high < modulus:
        return digest
    if modulus & (modulus - 1) == 0:
        return bit_and(digest, number(modulus - 1))
    return Value(f"{digest.inside(PRODUCT)} % {modulus}", PRODUCT, digest.reads, 0, modulus - 1)


def random(arguments: Arguments, context: Context, place: Place) -> Block:
    """`random(field, low, high)`, both ends included; nothing happens if low is above high."""
    expect(arguments, 3, place)
    low = argument(arguments, 1, context, place)
    high = argument(arguments, 2, context, place)
    draw = context.links.get("random", wish="random_between")
    name = context.state.local("drawn")
    reads = low.reads | high.reads
    drawn = Run(f"{name} = {draw}({low.text}, {high.text})", reads, frozenset({name}))
    stored = store(arguments[0], variable(name, 0, high.high), context, place)
    ordered = BINARY["<="](low, high)
    if ordered.constant:
        return [drawn, *stored]
    return [If(ordered, [drawn, *stored])]


PRIMITIVES: Mapping[str, Emitter] = {
    "modify_field_with_hash_based_offset": hash_with_offset,
    "modify_field_rng_uniform": random,
}
