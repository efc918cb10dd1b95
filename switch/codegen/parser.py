"""The parser: extraction, look-ahead and select, as nested `if`s over positions in the frame.

A state is written once for each way that leads to it, so that the position of every header is a
constant; loops (header stacks) and states with too many ways to them keep the position in a
variable. A parser error ends parsing; the packet goes on to ingress with what was extracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from switch.codegen.code import (
    Block,
    Comment,
    If,
    Leave,
    Loop,
    Value,
    boolean,
    ends,
    number,
)
from switch.codegen.conditions import both, either, equal, negate, to_bool
from switch.codegen.context import Context, Place, Stage
from switch.codegen.expressions import emit_value
from switch.codegen.extraction import PacketReader
from switch.codegen.operators import bit_and, cut
from switch.codegen.packing import Piece, join
from switch.codegen.primitives.headers import copy_header
from switch.codegen.primitives.table import emit_primitive
from switch.codegen.structure import Follow, Graph, Hooks, write
from switch.p4json.actions import Primitive
from switch.p4json.arrays import key_width
from switch.p4json.expressions import (
    Expression,
    FieldRef,
    LastField,
    Lookahead,
    UnionLastField,
)
from switch.p4json.parsers import Advance, ParserOp, ParseState, Set, Transition, Verify
from switch.p4json.parsers import Extract as ExtractOp

STEP = "parser_step"


def emit_parser(context: Context) -> Block:
    """The whole parser. Sets the parser error and where the payload begins."""
    return _ParserWriter(context).write()


class _ParserWriter:
    """Writes the states and the ways between them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._state = context.state
        self._parser = context.program.body.parser
        self._reader = PacketReader(context)

    def write(self) -> Block:
        states = self._parser.states
        graph = Graph(
            start=self._parser.start,
            successors={
                name: [item.next_state for item in _cases(state)] for name, state in states.items()
            },
            weights={name: 2 + len(state.ops) for name, state in states.items()},
            meets=False,
        )
        reader = self._reader
        hooks = Hooks(
            self._emit_state, reader.jump, reader.begin_label, reader.end, reader.time_out
        )
        code = write(graph, hooks, self._state.local(STEP))
        start = Comment("Parser")
        if code and isinstance(code[-1], Loop):
            return [start, *code]
        return [start, Loop(code if ends(code) else [*code, Leave()])]

    # -- states -----------------------------------------------------------------------------------

    def _emit_state(self, name: str, follow: Follow) -> Block:
        state = self._parser.states[name]
        block: Block = [Comment(f"state {name}")]
        for op in state.ops:
            block += self._emit_op(op, state)
        return block + self._emit_select(state, follow)

    def _emit_op(self, op: ParserOp, state: ParseState) -> Block:
        place = Place(Stage.PARSER, f"parser state {state.name}", op.source or state.source)
        match op:
            case ExtractOp():
                return self._reader.extract(op, place)
            case Set(target=target, value=Lookahead() as ahead):
                before, value = self._reader.look_ahead(ahead)
                return [*before, *self._state.assign(target.header, target.field, value)]
            case Set(target=target, value=source):
                return self._emit_set(target, source, place)
            case Verify(condition=condition, error=error):
                holds = to_bool(emit_value(condition, self._context, place))
                failed = self._reader.fail(emit_value(error, self._context, place))
                return [If(negate(holds), failed)]
            case Advance(bits=bits):
                return self._reader.advance(emit_value(bits, self._context, place))
            case Primitive():
                return emit_primitive(op, self._context, place)

    def _emit_set(self, target: FieldRef, source: Expression, place: Place) -> Block:
        found = self._state.field_type(target.header, target.field)
        if found.varbit and isinstance(source, FieldRef):
            return copy_header(target.header, source.header, self._context)
        value = emit_value(source, self._context, place)
        return self._state.assign(target.header, target.field, value)

    # -- select -----------------------------------------------------------------------------------

    def _emit_select(self, state: ParseState, follow: Follow) -> Block:
        cases = _cases(state)
        if len({item.next_state for item in cases}) == 1:
            return []
        block, key = self._emit_key(state)
        before = self._reader.position
        chain: Block = []
        for next_state, items in reversed(_runs(cases)):
            self._reader.position = before
            body = follow(next_state)
            condition = boolean(False)
            for item in items:
                condition = either(condition, self._matches(item, key, state))
            chain = body if condition.constant else [If(condition, body, chain)]
        self._reader.position = before
        return block + chain

    def _emit_key(self, state: ParseState) -> tuple[Block, list[Piece]]:
        """The values selected on, each with its width."""
        block: Block = []
        pieces = []
        for part in state.key:
            width = key_width(part, self._context.program.body.layout)
            if isinstance(part, Lookahead):
                before, value = self._reader.look_ahead(part)
                block += before
            else:
                value = self._emit_key_field(part, state)
            pieces.append(Piece(cut(value, width), width))
        return block, pieces

    def _emit_key_field(
        self, part: FieldRef | LastField | UnionLastField, state: ParseState
    ) -> Value:
        place = Place(Stage.PARSER, f"parser state {state.name}", state.source)
        return emit_value(part, self._context, place)

    def _matches(self, item: Transition, key: Sequence[Piece], state: ParseState) -> Value:
        if item.is_default:
            return boolean(True)
        if item.value_set is not None:
            return self._in_value_set(item, key)
        condition = boolean(True)
        value, mask = item.value or 0, item.mask
        for piece in reversed(key):
            octets = 8 * ((piece.width + 7) // 8)
            full = (1 << piece.width) - 1
            part_mask = full if mask is None else mask & full
            wanted = value & ((1 << octets) - 1) & (part_mask if mask is not None else -1)
            if part_mask:
                tested = equal(bit_and(piece.value, number(part_mask)), number(wanted))
                condition = both(tested, condition)
            value >>= octets
            mask = None if mask is None else mask >> octets
        return condition

    def _in_value_set(self, item: Transition, key: Sequence[Piece]) -> Value:
        name = item.value_set or ""
        members = self._context.links.get("value_set", name)
        joined = join(key)
        if item.mask is None:
            return Value(f"{members}.holds({joined.text})", reads=joined.reads, low=0, high=1)
        text = f"{members}.holds_masked({joined.text}, {number(item.mask).text})"
        return Value(text, reads=joined.reads, low=0, high=1)


def _runs(cases: Sequence[Transition]) -> list[tuple[str | None, list[Transition]]]:
    """Cases that follow each other and lead to the same state, together."""
    return [
        (next_state, list(items))
        for next_state, items in groupby(cases, key=lambda item: item.next_state)
    ]


def _cases(state: ParseState) -> list[Transition]:
    """The transitions up to the default, which ends parsing if the state has none."""
    cases: list[Transition] = []
    default = Transition(None)
    for item in state.transitions:
        if item.is_default:
            default = item
        else:
            cases.append(item)
    return [*cases, default]
