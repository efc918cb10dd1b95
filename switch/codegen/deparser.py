"""Putting the frame together again, and sending it.

A frame of which nothing was changed is sent from where it was received. Otherwise its headers are
written one after the other: copied from the frame, patched, or packed from their fields.
"""

from __future__ import annotations

from switch.codegen.actions import emit_action
from switch.codegen.calculations import payload
from switch.codegen.checksums import emit_update
from switch.codegen.code import (
    SUM,
    Assign,
    Block,
    Comment,
    If,
    Run,
    Value,
    number,
    variable,
)
from switch.codegen.conditions import either, less
from switch.codegen.context import Context, Stage
from switch.codegen.operators import add, shift_right
from switch.codegen.packing import Piece, join, pack, position
from switch.codegen.primitives.forwarding import truncation
from switch.p4json.actions import Action

FRAME = "frame"
ADDRESS = "address"
SIZE = "size"


def emit_deparser(context: Context) -> Block:
    """Update checksums and run the deparser's own statements; what `emit_output` needs."""
    primitives = context.program.body.deparser.primitives
    control = Action(-1, "deparser", (), primitives)
    body = [*emit_update(context), *emit_action(control, (), context, Stage.DEPARSER)]
    return [Comment("Deparser"), *body] if body else []


def emit_output(context: Context, then: Block) -> Block:
    """Set address and size of the frame to send, then do what follows."""
    state = context.state
    address, size = state.local(ADDRESS), state.local(SIZE)
    base = context.links.get("buffer_address")
    kept: Block = [
        Assign(address, add(Value(base, low=0), variable("at", 0))),
        Assign(size, variable("length", 0)),
    ]
    frame = state.local(FRAME)
    stash = context.links.get("stash")
    rewritten: Block = [
        *emit_frame(context, frame),
        Run(f"{address} = {stash}({frame})", frozenset({frame}), frozenset({address})),
        Assign(size, Value(f"len({frame})", reads=frozenset({frame}), low=0)),
    ]
    return [If(was_changed(context), rewritten, kept), *_truncate(context, size), *then]


def _truncate(context: Context, size: str) -> Block:
    if not context.features.truncates:
        return []
    limit = variable(truncation(context), 0)
    return [If(less(limit, variable(size)), [Assign(size, limit)])]


def was_changed(context: Context) -> Value:
    """Whether the frame differs from the one received."""
    state = context.state
    changed = variable(state.moved_name(), 0, 1)
    for header in context.program.body.deparser.order:
        if state.assigned.get(header):
            changed = either(changed, variable(state.dirty_name(header), 0, 1))
    return changed


def emit_frame(context: Context, frame: str) -> Block:
    """Assign the bytes of the whole frame."""
    block: Block = [Assign(frame, Value("b''"))]
    for header in context.program.body.deparser.order:
        if context.program.body.layout.headers[header].is_metadata:
            continue
        block.append(If(context.state.valid(header), _emit_header(header, context, frame)))
    return [*block, _append(frame, payload(context))]


def _append(frame: str, octets: Value) -> Assign:
    text = f"{frame} + {octets.inside(SUM + 1)}"
    return Assign(frame, Value(text, SUM, octets.reads | {frame}))


def _emit_header(header: str, context: Context, frame: str) -> Block:
    state = context.state
    fields = context.program.body.layout.headers[header].type.fields
    if header in state.constructed:
        return _emit_packed(header, context, frame)
    copied: Block = [_append(frame, _original(header, context))]
    assigned = state.assigned.get(header, set())
    if not assigned:
        return copied
    if assigned.issuperset(item.name for item in fields) or _has_varbit(header, context):
        changed = _emit_packed(header, context, frame)
    else:
        changed = [_append(frame, _patched(header, context))]
    return [If(variable(state.dirty_name(header), 0, 1), changed, copied)]


def _has_varbit(header: str, context: Context) -> bool:
    return context.program.body.layout.headers[header].type.varbit is not None


def _original(header: str, context: Context) -> Value:
    """The header's bytes as they were received."""
    header_type = context.program.body.layout.headers[header].type
    start = variable(context.state.place_name(header), 0)
    size = number(header_type.fixed_width // 8)
    if header_type.varbit is not None:
        size = add(size, shift_right(context.state.bits(header), number(3)))
    first, last = position(start), position(add(start, size))
    return Value(f"data[{first.text}:{last.text}]", reads=first.reads | last.reads | {"data"})


def _patched(header: str, context: Context) -> Value:
    """The received bytes with the assigned fields in their place."""
    fields = context.program.body.layout.headers[header].type.fields
    assigned = context.state.assigned[header]
    pieces, keep = [], 0
    for item in fields:
        new = item.name in assigned
        value = context.state.field(header, item.name) if new else number(0)
        pieces.append(Piece(value, item.width))
        keep = keep << item.width | (0 if new else (1 << item.width) - 1)
    size = sum(item.width for item in fields) // 8
    patch = context.links.get("patch")
    values = join(pieces)
    original = _original(header, context)
    text = f"{patch}({original.text}, {number(keep).text}, {values.text}, {size})"
    return Value(text, reads=original.reads | values.reads)


def _emit_packed(header: str, context: Context, frame: str) -> Block:
    """The header from its fields alone."""
    state = context.state
    fields = context.program.body.layout.headers[header].type.fields
    before = [item for item in fields if not item.varbit]
    behind = []
    if _has_varbit(header, context):
        index = next(number_of for number_of, item in enumerate(fields) if item.varbit)
        before, behind = list(fields[:index]), list(fields[index + 1 :])
    block: Block = []
    for run in (before, None, behind):
        if run:
            pieces = [Piece(state.field(header, item.name), item.width) for item in run]
            block.append(_append(frame, pack(pieces, context.links)))
        elif run is None and len(before) < len(fields):
            block.append(_append(frame, _varbit(header, context)))
    return block


def _varbit(header: str, context: Context) -> Value:
    varbit = context.program.body.layout.headers[header].type.varbit
    assert varbit is not None
    value = context.state.field(header, varbit.name)
    bits = context.state.bits(header)
    text = f"{value.text}.to_bytes({shift_right(bits, number(3)).text}, 'big')"
    return Value(text, reads=value.reads | bits.reads)
