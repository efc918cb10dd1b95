"""Reading the packet: extraction, look-ahead and skipping, at a position known or not.

Where the position in the frame is known when code is generated it is a constant, else it is kept in
a variable. Whatever does not fit the frame ends parsing with a parser error.
"""

from __future__ import annotations

from collections.abc import Sequence

from switch.codegen.calculations import PAYLOAD_AT
from switch.codegen.code import (
    SUM,
    Assign,
    BitField,
    Block,
    Extract,
    If,
    Leave,
    Value,
    boolean,
    number,
    variable,
)
from switch.codegen.conditions import equal, greater, less, not_equal
from switch.codegen.context import Context, Place
from switch.codegen.emission_order import out_of_order
from switch.codegen.expressions import emit_value
from switch.codegen.operators import add, bit_and, shift_right
from switch.codegen.primitives.family import pick
from switch.p4json.expressions import Expression, Lookahead
from switch.p4json.parsers import Extract as ExtractOp

POSITION = "position"


class PacketReader:
    """Emits the code that reads the packet; keeps track of where the next bit stands."""

    def __init__(self, context: Context) -> None:
        self.position = number(0)
        """In bytes from the start of the frame."""
        self._context = context
        self._state = context.state
        self._position_name = context.state.local(POSITION)
        self._misplaced = out_of_order(context.program)

    # -- ways through the parser -------------------------------------------------------------------

    def jump(self) -> Block:
        """Note the position before going to a label."""
        return [Assign(self._position_name, self.position)]

    def begin_label(self) -> None:
        """A label is come to from several places: the position is in its variable."""
        self.position = variable(self._position_name, 0)

    def end(self) -> Block:
        """Where the packet is accepted."""
        return [Assign(self._state.local(PAYLOAD_AT), self.position), Leave()]

    def fail(self, error: Value) -> Block:
        """A parser error: parsing ends here."""
        target = self._context.well_known("standard_metadata.parser_error")
        block = self._state.assign(target.header, target.field, error) if target else []
        return [*block, *self.end()]

    def time_out(self) -> Block:
        """A parser error for a loop that does not end."""
        self.begin_label()
        return self.fail_as("ParserTimeout")[:-1]  # the loop has been left already

    def fail_as(self, error: str) -> Block:
        """A core parser error, by name."""
        return self.fail(self._context.parser_error(error))

    # -- reading the packet -----------------------------------------------------------------------

    def _check_room(self, octets: Value) -> Block:
        """A parser error if fewer bytes than that are left."""
        end = add(self.position, octets)
        return [If(less(variable("length", 0), end), self.fail_as("PacketTooShort"))]

    def look_ahead(self, ahead: Lookahead) -> tuple[Block, Value]:
        """Bits read without being consumed, and what to do before."""
        name = self._state.local(f"ahead_{ahead.offset}_{ahead.width}")
        size = (ahead.offset + ahead.width + 7) // 8
        field = BitField(name, ahead.offset, ahead.width)
        block = [*self._check_room(number(size)), Extract((field,), self.position)]
        return block, variable(name, 0, (1 << ahead.width) - 1)

    def advance(self, bits: Value) -> Block:
        """Skip bits; what is skipped is not sent."""
        block: Block = [Assign(self._state.moved_name(), boolean(True))]
        if bits.constant is None:
            uneven = not_equal(bit_and(bits, number(7)), number(0))
            block.append(If(uneven, self.fail_as("ParserInvalidArgument")))
        elif bits.constant % 8:
            return self.fail_as("ParserInvalidArgument")
        octets = shift_right(bits, number(3))
        block += self._check_room(octets)
        return block + self._move(add(self.position, octets))

    def _move(self, position: Value) -> Block:
        """Go on from another position, which is kept in a variable unless it is a constant."""
        if position.constant is not None:
            self.position = position
            return []
        self.position = variable(self._position_name, 0)
        return [Assign(self._position_name, position)]

    def extract(self, op: ExtractOp, place: Place) -> Block:
        """Extract a header, or to the next element of a stack."""
        layout = self._context.program.body.layout
        name = op.target.name
        match op.target.kind:
            case "header":
                return self._extract_header(name, op.varbit_bits, place)
            case "header_stack":
                elements: Sequence[str] = layout.stacks[name].headers
            case _:
                unions = (layout.unions[union] for union in layout.union_stacks[name].unions)
                elements = [union.headers[union.members.index(op.member or "")] for union in unions]
        return self._extract_next(name, elements, op.varbit_bits, place)

    def _extract_next(
        self, stack: str, elements: Sequence[str], bits: Expression | None, place: Place
    ) -> Block:
        """Extract to the first free element of a stack."""
        used = self._state.next(stack)
        before = self.position
        full = If(equal(used, number(len(elements))), self.fail_as("StackOutOfBounds"))
        options = []
        for index, element in enumerate(elements):
            self.position = before
            extracted = self._extract_header(element, bits, place)
            taken = Assign(self._state.next_name(stack), number(index + 1))
            condition = equal(used, number(index)) if index < len(elements) - 1 else None
            options.append((condition, [*extracted, taken]))
        return [full, *pick(options)]

    def _extract_header(self, header: str, bits: Expression | None, place: Place) -> Block:
        header_type = self._context.program.body.layout.headers[header].type
        start = self.position
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
            block.append(If(too_long, self.fail_as("HeaderTooShort")))
        return block + self._read_varbit(header, size), octets

    def _check_varbit(self, header: str, bits: Value) -> Block:
        """Set the length in bits, which must be whole bytes."""
        name = self._state.bits_name(header)
        uneven = not_equal(bit_and(variable(name, 0), number(7)), number(0))
        return [Assign(name, bits), If(uneven, self.fail_as("ParserInvalidArgument"))]

    def _read_varbit(self, header: str, bits: Value) -> Block:
        """Read all fields, those behind the variable one at a position that depends on it."""
        fields = self._context.program.body.layout.headers[header].type.fields
        index = next(number_of for number_of, item in enumerate(fields) if item.varbit)
        before = self._bit_fields(header)
        offset = sum(item.width for item in before)
        tail = [(item.name, item.width) for item in fields[index + 1 :]]
        first = add(self.position, number(offset // 8))
        last = add(first, shift_right(bits, number(3)))
        read = self._context.links.get("read_bytes")
        name = self._state.field_name(header, fields[index].name)
        text = f"{read}(data, at + {first.inside(SUM)}, at + {last.inside(SUM)})"
        value = Value(text, reads=first.reads | last.reads | {"data", "at"}, low=0)
        block: Block = [Extract(before, self.position)] if before else []
        block.append(Assign(name, value))
        behind, passed = [], 0
        for field_name, width in tail:
            behind.append(BitField(self._state.field_name(header, field_name), passed, width))
            passed += width
        return [*block, Extract(tuple(behind), last)] if behind else block
