"""Headers as a whole: validity, copies, and the two ends of a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from switch.codegen.code import Assign, Block, If, Value, boolean, number, variable
from switch.codegen.conditions import choose, less, negate
from switch.codegen.context import Context, Place
from switch.codegen.expressions import candidates
from switch.codegen.operators import add, shift_right, subtract
from switch.codegen.primitives.family import (
    Arguments,
    Emitter,
    argument,
    expect,
    object_name,
    pick,
)

PACKET_SIZE = "packet_size"
"""The length in bytes that egress reports: as received, plus headers added, minus those removed."""


def size_in_bytes(header: str, context: Context) -> Value:
    """How long a header is in the packet."""
    header_type = context.program.body.layout.headers[header].type
    fixed = number(header_type.fixed_width // 8)
    if header_type.varbit is None:
        return fixed
    return add(fixed, shift_right(context.state.bits(header), number(3)))


def packet_size(context: Context) -> str:
    """The variable that tracks the packet's length."""
    return context.state.local(PACKET_SIZE, variable("length", 0))


def add_header(arguments: Arguments, context: Context, place: Place) -> Block:
    """`setValid()`: a header that was not valid starts with all fields 0."""
    expect(arguments, 1, place)
    options = candidates(arguments[0], context, place)
    return pick([(condition, _add(header, context)) for condition, header in options])


def _add(header: str, context: Context) -> Block:
    state = context.state
    if context.program.body.layout.headers[header].is_metadata:
        return []
    fresh: Block = [
        Assign(state.field_name(header, item.name), number(0))
        for item in context.program.body.layout.headers[header].type.fields
    ]
    if context.program.body.layout.headers[header].type.varbit:
        fresh.append(Assign(state.bits_name(header), number(0)))
    size = packet_size(context)
    grown = Assign(size, add(variable(size), size_in_bytes(header, context)))
    return [If(negate(state.valid(header)), [*fresh, grown, *state.set_valid(header, True)])]


def remove_header(arguments: Arguments, context: Context, place: Place) -> Block:
    """`setInvalid()`."""
    expect(arguments, 1, place)
    options = candidates(arguments[0], context, place)
    return pick([(condition, _remove(header, context)) for condition, header in options])


def _remove(header: str, context: Context) -> Block:
    if context.program.body.layout.headers[header].is_metadata:
        return []
    size = packet_size(context)
    shrunk = Assign(size, subtract(variable(size), size_in_bytes(header, context)))
    return [If(context.state.valid(header), [shrunk, *context.state.set_valid(header, False)])]


def assign_header(arguments: Arguments, context: Context, place: Place) -> Block:
    """`h = g`: validity and, if valid, all fields."""
    expect(arguments, 2, place)
    sources = candidates(arguments[1], context, place)
    return pick(
        [
            (target_condition, pick([(c, copy_header(target, s, context)) for c, s in sources]))
            for target_condition, target in candidates(arguments[0], context, place)
        ]
    )


def copy_header(target: str, source: str, context: Context) -> Block:
    """Copy one header to another of the same type."""
    state = context.state
    layout = context.program.body.layout
    if target == source:
        return []
    copied: Block = []
    for item in layout.headers[target].type.fields:
        copied += state.assign(target, item.name, state.field(source, item.name))
    if layout.headers[target].type.varbit:
        copied.append(Assign(state.bits_name(target), state.bits(source)))
    copied += state.set_valid(target, True)
    if layout.headers[source].is_metadata:
        return copied
    return [If(state.valid(source), copied, state.set_valid(target, False))]


def assign_stack(arguments: Arguments, context: Context, place: Place) -> Block:
    """`s = t` for stacks of headers."""
    expect(arguments, 2, place)
    names = [object_name(arguments, index, "header_stack", place) for index in range(2)]
    stacks = context.program.body.layout.stacks
    block: Block = [Assign(context.state.next_name(names[0]), context.state.next(names[1]))]
    for pair in zip(stacks[names[0]].headers, stacks[names[1]].headers, strict=True):
        block += copy_header(*pair, context)
    return block


def assign_union(arguments: Arguments, context: Context, place: Place) -> Block:
    """`u = v` for header unions."""
    expect(arguments, 2, place)
    sources = candidates(arguments[1], context, place)
    return pick(
        [
            (target_condition, pick([(c, copy_union(target, s, context)) for c, s in sources]))
            for target_condition, target in candidates(arguments[0], context, place)
        ]
    )


def copy_union(target: str, source: str, context: Context) -> Block:
    """Copy one union to another of the same type."""
    unions = context.program.body.layout.unions
    if target == source:
        return []
    block: Block = []
    for one, other in zip(unions[target].headers, unions[source].headers, strict=True):
        block += copy_header(one, other, context)
    return block


def assign_union_stack(arguments: Arguments, context: Context, place: Place) -> Block:
    """`s = t` for stacks of header unions."""
    expect(arguments, 2, place)
    names = [object_name(arguments, index, "header_union_stack", place) for index in range(2)]
    stacks = context.program.body.layout.union_stacks
    block: Block = [Assign(context.state.next_name(names[0]), context.state.next(names[1]))]
    for pair in zip(stacks[names[0]].unions, stacks[names[1]].unions, strict=True):
        block += copy_union(*pair, context)
    return block


def push(arguments: Arguments, context: Context, place: Place) -> Block:
    """`push_front(n)`: elements move up, the first n become invalid."""
    stack, elements, count = _shifted(arguments, context, place)
    used = context.state.next(stack)
    grown = add(used, number(count))
    size = number(len(elements))
    block: Block = [Assign(context.state.next_name(stack), choose(less(grown, size), grown, size))]
    for index in range(len(elements) - 1, count - 1, -1):
        block += _move(elements[index], elements[index - count], context)
    for element in elements[:count]:
        block += _invalidate(element, context)
    return block


def pop(arguments: Arguments, context: Context, place: Place) -> Block:
    """`pop_front(n)`: elements move down, the last n become invalid."""
    stack, elements, count = _shifted(arguments, context, place)
    used = context.state.next(stack)
    shrunk = choose(less(number(count), used), subtract(used, number(count)), number(0))
    block: Block = [Assign(context.state.next_name(stack), shrunk)]
    for index in range(max(len(elements) - count, 0)):
        block += _move(elements[index], elements[index + count], context)
    for element in elements[max(len(elements) - count, 0) :]:
        block += _invalidate(element, context)
    return block


def _shifted(
    arguments: Arguments, context: Context, place: Place
) -> tuple[str, Sequence[Sequence[str]], int]:
    """The stack, the headers of each of its elements, and by how many elements it is shifted."""
    expect(arguments, 2, place)
    count = argument(arguments, 1, context, place).constant
    if count is None or count < 0:
        raise place.error("shifts a stack by what is not constant")
    layout = context.program.body.layout
    match arguments[0]:
        case _ if getattr(arguments[0], "name", None) in layout.stacks:
            name = object_name(arguments, 0, "header_stack", place)
            elements: Sequence[Sequence[str]] = [
                (header,) for header in layout.stacks[name].headers
            ]
        case _:
            name = object_name(arguments, 0, "header_union_stack", place)
            elements = [layout.unions[union].headers for union in layout.union_stacks[name].unions]
    return name, elements, min(count, len(elements))


def _move(targets: Sequence[str], sources: Sequence[str], context: Context) -> Block:
    """Move an element of a stack, validity and all."""
    block: Block = []
    state = context.state
    for target, source in zip(targets, sources, strict=True):
        state.mark_constructed(target)
        for item in context.program.body.layout.headers[target].type.fields:
            name = state.field_name(target, item.name)
            block.append(Assign(name, state.field(source, item.name)))
            state.assigned.setdefault(target, set()).add(item.name)
        if context.program.body.layout.headers[target].type.varbit:
            block.append(Assign(state.bits_name(target), state.bits(source)))
        block.append(Assign(state.valid_name(target), state.valid(source)))
    return [*block, _moved(context)]


def _invalidate(headers: Sequence[str], context: Context) -> Block:
    invalid: Block = [
        Assign(context.state.valid_name(header), boolean(False)) for header in headers
    ]
    return [*invalid, _moved(context)]


def _moved(context: Context) -> Assign:
    return Assign(context.state.moved_name(), boolean(True))


PRIMITIVES: Mapping[str, Emitter] = {
    "add_header": add_header,
    "add_header_fast": add_header,
    "remove_header": remove_header,
    "assign_header": assign_header,
    "copy_header": assign_header,
    "assign_header_stack": assign_stack,
    "assign_union": assign_union,
    "assign_union_stack": assign_union_stack,
    "push": push,
    "pop": pop,
}
