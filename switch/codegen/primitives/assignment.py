"""Assignments to fields."""

from __future__ import annotations

from collections.abc import Mapping

from switch.codegen.code import Assign, Block
from switch.codegen.context import Context, Place
from switch.codegen.primitives.family import Arguments, Emitter, argument, expect, store
from switch.p4json.expressions import FieldRef


def assign(arguments: Arguments, context: Context, place: Place) -> Block:
    """`f = value`."""
    expect(arguments, 2, place)
    return store(arguments[0], argument(arguments, 1, context, place), context, place)


def assign_varbit(arguments: Arguments, context: Context, place: Place) -> Block:
    """`f = g` for fields of variable length: value and length."""
    expect(arguments, 2, place)
    match arguments:
        case (FieldRef() as target, FieldRef() as source):
            state = context.state
            length = Assign(state.bits_name(target.header), state.bits(source.header))
            return [*store(target, context.read(source), context, place), length]
    raise place.error("assigns a field of variable length from or to what is none")


PRIMITIVES: Mapping[str, Emitter] = {
    "assign": assign,
    "modify_field": assign,
    "assign_VL": assign_varbit,
}
