"""Registers, indirect counters and indirect meters.

An index beyond the array does nothing, as on BMv2: the field keeps its value.
"""

from __future__ import annotations

from collections.abc import Mapping

from switch.codegen.code import Block, If, Run, Value, number
from switch.codegen.conditions import less
from switch.codegen.context import Context, Place
from switch.codegen.module import short
from switch.codegen.operators import cut
from switch.codegen.primitives.family import (
    Arguments,
    Emitter,
    argument,
    expect,
    object_name,
    once,
    store,
)


def within(index: Value, size: int, block: Block) -> Block:
    """The block, guarded by a check of the index unless it cannot be out of range."""
    if index.high is not None and index.high < size:
        return block
    return [If(less(index, number(size)), block)]


def register_read(arguments: Arguments, context: Context, place: Place) -> Block:
    """`register.read(field, index)`."""
    expect(arguments, 3, place)
    array = context.program.registers[object_name(arguments, 1, "register_array", place)]
    before, index = once(argument(arguments, 2, context, place), "index", context)
    cells = context.links.get("register", array.name)
    high = (1 << array.width) - 1
    cell = Value(f"{cells}[{index.text}]", reads=index.reads, low=0, high=high)
    return [*before, *within(index, array.size, store(arguments[0], cell, context, place))]


def register_write(arguments: Arguments, context: Context, place: Place) -> Block:
    """`register.write(index, value)`."""
    expect(arguments, 3, place)
    array = context.program.registers[object_name(arguments, 0, "register_array", place)]
    before, index = once(argument(arguments, 1, context, place), "index", context)
    value = cut(argument(arguments, 2, context, place), array.width)
    cells = context.links.get("register", array.name)
    written = Run(f"{cells}[{index.text}] = {value.text}", index.reads | value.reads)
    return [*before, *within(index, array.size, [written])]


def count(arguments: Arguments, context: Context, place: Place) -> Block:
    """`counter.count(index)`: packets and bytes, the bytes as received."""
    expect(arguments, 2, place)
    counter = context.program.counters[object_name(arguments, 0, "counter_array", place)]
    if counter.is_direct:
        return []
    before, index = once(argument(arguments, 1, context, place), "index", context)
    packets = context.links.get(
        "counter_packets", counter.name, wish=f"{short(counter.name)}_packets"
    )
    octets = context.links.get("counter_bytes", counter.name, wish=f"{short(counter.name)}_bytes")
    counted: Block = [
        Run(f"{packets}[{index.text}] += 1", index.reads),
        Run(f"{octets}[{index.text}] += length", index.reads | {"length"}),
    ]
    return [*before, *within(index, counter.size, counted)]


def execute_meter(arguments: Arguments, context: Context, place: Place) -> Block:
    """`meter.execute_meter(index, field)`: the field takes the packet's colour."""
    expect(arguments, 3, place)
    meter = context.program.meters[object_name(arguments, 0, "meter_array", place)]
    before, index = once(argument(arguments, 1, context, place), "index", context)
    meters = context.links.get("meter", meter.name)
    amount = "length" if meter.counts_bytes else "1"
    colour = Value(
        f"{meters}[{index.text}].mark({amount}, length)",
        reads=index.reads | {"length"},
        low=0,
        high=2,
    )
    name = context.state.local("colour")
    marked = Run(f"{name} = {colour.text}", colour.reads, frozenset({name}))
    stored = store(
        arguments[2], Value(name, reads=frozenset({name}), low=0, high=2), context, place
    )
    return [*before, *within(index, meter.size, [marked, *stored])]


PRIMITIVES: Mapping[str, Emitter] = {
    "register_read": register_read,
    "register_write": register_write,
    "count": count,
    "execute_meter": execute_meter,
}
