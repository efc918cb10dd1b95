"""What the families of primitives have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from switch.codegen.code import Assign, Block, If, Value, variable
from switch.codegen.context import Context, Place
from switch.codegen.expressions import emit_value, field_candidates
from switch.p4json.expressions import Expression, ObjectRef

Arguments: TypeAlias = tuple[Expression, ...]
Emitter: TypeAlias = Callable[[Arguments, Context, Place], Block]


def store(target: Expression, value: Value, context: Context, place: Place) -> Block:
    """Assign to what the target stands for; where that is known at run time only, one `if` each."""
    options = field_candidates(target, context, place)
    return pick(
        [
            (condition, context.state.assign(ref.header, ref.field, value))
            for condition, ref in options
        ]
    )


def pick(options: Sequence[tuple[Value | None, Block]]) -> Block:
    """Run the block whose condition holds; a single option may have none."""
    chosen: Block = []
    for condition, block in reversed(options):
        chosen = block if condition is None else [If(condition, block, chosen)]
    return chosen


def argument(arguments: Arguments, index: int, context: Context, place: Place) -> Value:
    """The value of an argument."""
    return emit_value(arguments[index], context, place)


def object_name(arguments: Arguments, index: int, kind: str, place: Place) -> str:
    """The name of an argument that must be an object of that kind."""
    match arguments[index]:
        case ObjectRef(kind=found, name=name) if found == kind:
            return name
    raise place.error(f"expects a {kind.replace('_', ' ')} as parameter {index + 1}")


def expect(arguments: Arguments, count: int, place: Place) -> None:
    """Refuse a call with another number of parameters."""
    if len(arguments) != count:
        raise place.error(f"takes {count} parameters, not {len(arguments)}")


def once(value: Value, wish: str, context: Context) -> tuple[Block, Value]:
    """A value that may be written down several times, computed once."""
    if value.constant is not None or value.text.isidentifier():
        return [], value
    name = context.state.local(wish)
    return [Assign(name, value)], variable(name, value.low, value.high)
