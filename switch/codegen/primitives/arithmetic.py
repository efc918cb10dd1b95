"""The arithmetic primitives of P4_14: `f = a op b` and `f = f op a`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from switch.codegen import operators
from switch.codegen.code import Block, Value
from switch.codegen.context import Context, Place
from switch.codegen.primitives.family import Arguments, Emitter, argument, expect, store

Operator = Callable[[Value, Value], Value]


def _three_address(operator: Operator) -> Emitter:
    """`f = a op b`."""

    def emit(arguments: Arguments, context: Context, place: Place) -> Block:
        expect(arguments, 3, place)
        left = argument(arguments, 1, context, place)
        right = argument(arguments, 2, context, place)
        return store(arguments[0], operator(left, right), context, place)

    return emit


def _in_place(operator: Operator) -> Emitter:
    """`f = f op a`."""

    def emit(arguments: Arguments, context: Context, place: Place) -> Block:
        expect(arguments, 2, place)
        left = argument(arguments, 0, context, place)
        right = argument(arguments, 1, context, place)
        return store(arguments[0], operator(left, right), context, place)

    return emit


PRIMITIVES: Mapping[str, Emitter] = {
    "add": _three_address(operators.add),
    "subtract": _three_address(operators.subtract),
    "bit_and": _three_address(operators.bit_and),
    "bit_or": _three_address(operators.bit_or),
    "bit_xor": _three_address(operators.bit_xor),
    "shift_left": _three_address(operators.shift_left),
    "shift_right": _three_address(operators.shift_right),
    "add_to_field": _in_place(operators.add),
    "subtract_from_field": _in_place(operators.subtract),
}
