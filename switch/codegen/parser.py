"""The parser: extraction, look-ahead and select, as nested `if`s over positions in the frame.

A state is written once for each way that leads to it, so that the position of every header is a
constant; loops (header stacks) and states with too many ways to them keep the position in a
variable. A parser error ends parsing; the packet goes on to ingress with what was extracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from switch.codegen.calculations import PAYLOAD_AT
from switch.codegen.code import (
    SUM,
    Assign,
    BitField,
    Block,
    Comment,
    Extract,
    If,
    Leave,
    Loop,
    Value,
    boolean,
    ends,
    number,
    variable,
)
from switch.codegen.context import Context, Place, Stage
from switch.codegen.emission_order import out_of_order
from switch.codegen.expressions import emit_value
from switch.codegen.operators import (
    add,
    bit_and,
    both,
    cut,
    either,
    equal,
    greater,
    less,
    negate,
    not_equal,
    shift_right,
    to_bool,
)
from switch.codegen.packing import Piece, join
from switch.codegen.primitives.family import pick
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
POSITION = "position"


def emit_parser(context: Context) -> Block:
    """The whole parser. Sets the parser error and where the payload begins."""
    return _ParserWriter(context).write()


class _ParserWriter:
    """Writes the states; `_position` is where the next bit stands, as far as it is known."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._state = context.state
        self._parser = context.program.body.parser
        self._position = number(0)
        self._position_name = context.state.local(POSITION)
        self._misplaced = out_of_order(context.program)

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
        hooks = Hooks(self._emit_state, self._jump, self._begin_label, self._end, self._time_out)
        code = write(graph, hooks, self._state.local(STEP))
        start = Comment("Parser")
        if code and isinstance(code[-1], Loop):
            return [start, *code]
        return [start, Loop(code if ends(code) else [*code, Leave()])]

    # -- ways through the graph -----------------------------------------------------------------

    def _jump(self) -> Block:
        return [Assign(self._position_name, self._position)]

    def _begin_label(self) -> None:
        self._position = variable(self._position_name, 0)

    def _end(self) -> Block:
        """Where the packet is accepted."""
        return [Assign(self._state.local(PAYLOAD_AT), self._position), Leave()]

    def _fail(self, error: Value) -> Block:
        """A parser error: parsing ends here."""
        target = self._context.well_known("standard_metadata.parser_error")
        block = self._state.assign(target.header, target.field, error) if target else []
        return [*block, *self._end()]

    def _time_out(self) -> Block:
        """A parser error for a loop that does not end."""
        self._begin_label()
        return self._fail_as("ParserTimeout")[:-1]  # the loop has been left already

    def _fail_as(self, error: str) -> Block:
        return self._fail(self._context.parser_error(error))

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
                return self._emit_extract(op, place)
            case Set(target=target, value=Lookahead() as ahead):
                before, value = self._emit_lookahead(ahead)
                return [*before, *self._state.assign(target.header, target.field, value)]
            case Set(target=target, value=source):
                return self._emit_set(target, source, place)
            case Verify(condition=condition, error=error):
                holds = to_bool(emit_value(condition, self._context, place))
                failed = self._fail(emit_value(error, self._context, place))
                return [If(negate(holds), failed)]
            case Advance(bits=bits):
                return self._emit_advance(emit_value(bits, self._context, place))
            case Primitive():
                return emit_primitive(op, self._context, place)

    def _emit_set(self, target: FieldRef, source: Expression, place: Place) -> Block:
        found = self._state.field_type(target.header, target.field)
        if found.varbit and isinstance(source, FieldRef):
            return copy_header(target.header, source.header, self._context)
        value = emit_value(source, self._context, place)
        return self._state.assign(target.header, target.field, value)

    # -- reading the packet -----------------------------------------------------------------------

    def _check_room(self, octets: Value) -> Block:
        """A parser error if fewer bytes than that are left."""
        end = add(self._position, octets)
        return [If(less(variable("length", 0), end), self._fail_as("PacketTooShort"))]

    def _emit_lookahead(self, ahead: Lookahead) -> tuple[Block, Value]:
        name = self._state.local(f"ahead_{ahead.offset}_{ahead.width}")
        size = (ahead.offset + ahead.width + 7) // 8
        field = BitField(name, ahead.offset, ahead.width)
        block = [*self._check_room(number(size)), Extract((field,), self._position)]
        return block, variable(name, 0, (1 << ahead.width) - 1)

    def _emit_advance(self, bits: Value) -> Block:
        block: Block = [Assign(self._state.moved_name(), boolean(True))]
        if bits.constant is None:
            uneven = not_equal(bit_and(bits, number(7)), number(0))
            block.append(If(uneven, self._fail_as("ParserInvalidArgument")))
        elif bits.constant % 8:
            return self._fail_as("ParserInvalidArgument")
        octets = shift_right(bits, number(3))
        block += self._check_room(octets)
        return block + self._move(add(self._position, octets))

    def _move(self, position: Value) -> Block:
        """Go on from another position, which is kept in a variable unless it is a constant."""
        if position.constant is not None:
            self._position = position
            return []
        self._position = variable(self._position_name, 0)
        return [Assign(self._position_name, position)]

    def _emit_extract(self, op: ExtractOp, place: Place) -> Block:
        layout = self._context.program.body.layout
        name = op.target.name
        match op.target.kind:
            case "header":
                return self._extract_header(name, op.varbit_bits, place)
            case "header_stack":
                elements = layout.stacks[name].headers
            case _:
                unions = (layout.unions[union] for union in layout.union_stacks[name].unions)
                elements = [union.headers[union.members.index(op.member or "")] for union in unions]
        return self._extract_next(name, elements, op.varbit_bits, place)

    def _extract_next(
        self, stack: str, elements: Sequence[str], bits: Expression | None, place: Place
    ) -> Block:
        """Extract to the first free element of a stack."""
        used = self._state.next(stack)
        before = self._position
        full = If(equal(used, number(len(elements))), self._fail_as("StackOutOfBounds"))
        options = []
        for index, element in enumerate(elements):
            self._position = before
            extracted = self._extract_header(element, bits, place)
            taken = Assign(self._state.next_name(stack), number(index + 1))
            condition = equal(used, number(index)) if index < len(elements) - 1 else None
            options.append((condition, [*extracted, taken]))
        return [full, *pick(options)]

    def _extract_header(self, header: str, bits: Expression | None, place: Place) -> Block:
        header_type = self._context.program.body.layout.headers[header].type
        start = self._position
        if header_type.varbit is None:
            octets = number(header_type.fixed_width // 8)
            block = self._check_room(octets)
            block.append(Extract(self._bit_fields(header), start))
        else:
            block, octets = self._extract_varbit(header, bits, place)
        block.append(Assign(self._state.place_name(header), start))
        block += self._move(add(start, octets))
        block.append(Assign(self._state.valid_name(header), boolean(True)))
        block += self._state.exclude_siblings(header)
        if header in self._misplaced:
            block.append(Assign(self._state.moved_name(), boolean(True)))
        return block

    def _bit_fields(self, header: str) -> tuple[BitField, ...]:
        """A header's fields up to the one of variable length."""
        fields, offset = [], 0
        for item in self._context.program.body.layout.headers[header].type.fields:
            if item.varbit:
                break
            name = self._state.field_name(header, item.name)
            fields.append(BitField(name, offset, item.width, item.signed))
            offset += item.width
        return tuple(fields)

    def _extract_varbit(
        self, header: str, bits: Expression | None, place: Place
    ) -> tuple[Block, Value]:
        """Extract a header with a field of variable length. Returns its size in bytes too."""
        header_type = self._context.program.body.layout.headers[header].type
        if bits is None:
            raise place.error(f"extracts {header} without the length of its variable field")
        size = variable(self._state.bits_name(header), 0)
        before = self._check_varbit(header, emit_value(bits, self._context, place))
        octets = add(number(header_type.fixed_width // 8), shift_right(size, number(3)))
        block = [*before, *self._check_room(octets)]
        varbit = header_type.varbit
        assert varbit is not None
        if varbit.width:
            too_long = greater(size, number(varbit.width))
            block.append(If(too_long, self._fail_as("HeaderTooShort")))
        return block + self._read_varbit(header, size), octets

    def _check_varbit(self, header: str, bits: Value) -> Block:
        """Set the length in bits, which must be whole bytes."""
        name = self._state.bits_name(header)
        uneven = not_equal(bit_and(variable(name, 0), number(7)), number(0))
        return [Assign(name, bits), If(uneven, self._fail_as("ParserInvalidArgument"))]

    def _read_varbit(self, header: str, bits: Value) -> Block:
        """Read all fields, those behind the variable one at a position that depends on it."""
        fields = self._context.program.body.layout.headers[header].type.fields
        index = next(number_of for number_of, item in enumerate(fields) if item.varbit)
        before = self._bit_fields(header)
        offset = sum(item.width for item in before)
        tail = [(item.name, item.width) for item in fields[index + 1 :]]
        first = add(self._position, number(offset // 8))
        last = add(first, shift_right(bits, number(3)))
        read = self._context.links.get("read_bytes")
        name = self._state.field_name(header, fields[index].name)
        text = f"{read}(data, at + {first.inside(SUM)}, at + {last.inside(SUM)})"
        value = Value(text, reads=first.reads | last.reads | {"data", "at"}, low=0)
        block: Block = [Extract(before, self._position)] if before else []
        block.append(Assign(name, value))
        behind, passed = [], 0
        for field_name, width in tail:
            behind.append(BitField(self._state.field_name(header, field_name), passed, width))
            passed += width
        return [*block, Extract(tuple(behind), last)] if behind else block

    # -- select -----------------------------------------------------------------------------------

    def _emit_select(self, state: ParseState, follow: Follow) -> Block:
        cases = _cases(state)
        if len({item.next_state for item in cases}) == 1:
            return []
        block, key = self._emit_key(state)
        before = self._position
        chain: Block = []
        for next_state, items in reversed(_runs(cases)):
            self._position = before
            body = follow(next_state)
            condition = boolean(False)
            for item in items:
                condition = either(condition, self._matches(item, key, state))
            chain = body if condition.constant else [If(condition, body, chain)]
        self._position = before
        return block + chain

    def _emit_key(self, state: ParseState) -> tuple[Block, list[Piece]]:
        """The values selected on, each with its width."""
        block: Block = []
        pieces = []
        for part in state.key:
            width = key_width(part, self._context.program.body.layout)
            if isinstance(part, Lookahead):
                before, value = self._emit_lookahead(part)
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
