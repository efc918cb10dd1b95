"""The input of a hash or checksum as bytes, and the call of its algorithm.

Fields of headers that are not valid are left out of the input, as on BMv2. Where all headers are
known to be valid, or turn out to be at run time, the bytes are packed at once; otherwise they are
joined piece by piece.
"""

from __future__ import annotations

from collections.abc import Sequence

from switch.codegen.code import SUM, Assign, Block, If, Value, boolean, call, number, variable
from switch.codegen.conditions import both
from switch.codegen.context import Context, Place
from switch.codegen.operators import add, bit_or, shift_left
from switch.codegen.packing import Piece, join, pack, position
from switch.p4json.checksums import Bits, Calculation, CalculationInput, Payload
from switch.p4json.expressions import FieldRef, ObjectRef

HASH_WIDTHS = {
    "crc32": 32,
    "crc32_custom": 32,
    "crc16": 16,
    "crc16_custom": 16,
    "crcCCITT": 16,
    "crc8_custom": 8,
    "crc64_custom": 64,
    "csum16": 16,
    "cksum16": 16,
    "xor16": 16,
    "xor32": 32,
    "identity": 64,
    "xxh64": 64,
    "bmv2_hash": 64,
    "hash_ex": 32,
    "toeplitz": 32,
    "round_robin": 64,
    "round_robin_consistent": 64,
}
"""Every algorithm there is, and the width of its result in bits; see `switch.runtime.hashes`."""

CUSTOM = frozenset({"crc16_custom", "crc32_custom"})
"""Those whose parameters may be changed while a program runs."""

PAYLOAD_AT = "payload_at"
"""The variable that holds where in the frame the parser stopped, in bytes."""


def emit_calculation(
    calculation: Calculation,
    context: Context,
    place: Place,
    valid: frozenset[str] = frozenset(),
) -> tuple[Block, Value]:
    """What to do before, and the result. `valid`: headers known to be valid at that place."""
    algorithm, inputs = calculation.algorithm, calculation.inputs
    if algorithm not in CUSTOM:
        return emit_hash(algorithm, inputs, context, place, valid)
    before, octets = _emit_bytes(inputs, context, valid)
    function = context.links.get("custom_hash", algorithm, calculation.name)
    return before, _digest(function, algorithm, octets)


def emit_hash(
    algorithm: str,
    inputs: Sequence[CalculationInput],
    context: Context,
    place: Place,
    valid: frozenset[str] = frozenset(),
) -> tuple[Block, Value]:
    """A hash of some inputs."""
    if algorithm not in HASH_WIDTHS:
        raise place.error(f"uses the unsupported hash algorithm '{algorithm}'")
    before, octets = _emit_bytes(inputs, context, valid)
    return before, _digest(context.links.get("hash", algorithm), algorithm, octets)


def _digest(function: str, algorithm: str, octets: Value) -> Value:
    high = (1 << HASH_WIDTHS[algorithm]) - 1
    return call(function, octets, low=0, high=high)


def payload(context: Context) -> Value:
    """The bytes that follow the parsed headers."""
    first = position(variable(context.state.local(PAYLOAD_AT), 0))
    last = position(variable("length", 0))
    return Value(f"data[{first.text}:{last.text}]", reads=first.reads | last.reads | {"data"})


def _emit_bytes(
    inputs: Sequence[CalculationInput], context: Context, valid: frozenset[str]
) -> tuple[Block, Value]:
    fixed = [item for item in inputs if not isinstance(item, Payload)]
    with_payload = len(fixed) < len(inputs)
    doubtful = _doubtful_headers(fixed, context, valid)
    has_varbit = any(_is_varbit(item, context) for item in fixed)
    before: Block = []
    if not doubtful and not has_varbit:
        octets = _pack_all(fixed, context)
    elif has_varbit:
        before, octets = _join_step_by_step(fixed, context, valid)
    else:
        before, octets = _pack_if_valid(fixed, doubtful, context, valid)
    if with_payload:
        text = f"{octets.text} + {payload(context).text}"
        octets = Value(text, SUM, octets.reads | payload(context).reads)
    return before, octets


def _doubtful_headers(
    inputs: Sequence[CalculationInput], context: Context, valid: frozenset[str]
) -> list[str]:
    """The headers that the inputs come from and that may be invalid."""
    headers = []
    for item in inputs:
        header = _header_of(item)
        if header is None or header in valid or header in headers:
            continue
        if not context.program.body.layout.headers[header].is_metadata:
            headers.append(header)
    return headers


def _header_of(item: CalculationInput) -> str | None:
    match item:
        case FieldRef(header=header):
            return header
        case ObjectRef(name=header):
            return header
    return None


def _is_varbit(item: CalculationInput, context: Context) -> bool:
    headers = context.program.body.layout.headers
    match item:
        case FieldRef():
            return context.state.field_type(item.header, item.field).varbit
        case ObjectRef(name=header):
            return headers[header].type.varbit is not None
    return False


def _pieces(item: CalculationInput, context: Context) -> list[Piece]:
    """An input's fields; not for fields of variable length."""
    state = context.state
    match item:
        case FieldRef():
            return [Piece(context.read(item), state.field_type(item.header, item.field).width)]
        case Bits(value=value, width=width):
            return [Piece(number(value), width)]
        case ObjectRef(name=header):
            fields = context.program.body.layout.headers[header].type.fields
            return [Piece(state.field(header, found.name), found.width) for found in fields]
    return []


def _pack_all(inputs: Sequence[CalculationInput], context: Context) -> Value:
    pieces = [piece for item in inputs for piece in _pieces(item, context)]
    padding = -sum(piece.width for piece in pieces) % 8
    if padding:
        pieces.append(Piece(number(0), padding))
    return pack(pieces, context.links) if pieces else Value("b''")


def _pack_if_valid(
    inputs: Sequence[CalculationInput],
    doubtful: Sequence[str],
    context: Context,
    valid: frozenset[str],
) -> tuple[Block, Value]:
    """Pack at once if all headers are valid."""
    name = context.state.local("hashed")
    all_valid = boolean(True)
    for header in doubtful:
        all_valid = both(all_valid, context.state.valid(header))
    steps, octets = _join_step_by_step(inputs, context, valid)
    branch = If(
        all_valid,
        [Assign(name, _pack_all(inputs, context))],
        [*steps, Assign(name, octets)],
    )
    return [branch], variable(name)


def _join_step_by_step(
    inputs: Sequence[CalculationInput], context: Context, valid: frozenset[str]
) -> tuple[Block, Value]:
    """Join the bits of the headers that are valid, whatever their length."""
    bits, size = context.state.local("hashed_bits"), context.state.local("hashed_size")
    block: Block = [Assign(bits, number(0)), Assign(size, number(0))]
    for item in inputs:
        steps = _join_one(item, bits, size, context)
        header = _header_of(item)
        known = header is None or header in valid
        block += steps if known else [If(context.state.valid(header or ""), steps)]
    to_bytes = context.links.get("to_whole_bytes")
    return block, call(to_bytes, variable(bits), variable(size))


def _join_one(item: CalculationInput, bits: str, size: str, context: Context) -> Block:
    """Append one input to the bits joined so far."""
    if isinstance(item, ObjectRef) and _is_varbit(item, context):
        fields = context.program.body.layout.headers[item.name].type.fields
        block: Block = []
        for found in fields:
            block += _join_one(FieldRef(item.name, found.name), bits, size, context)
        return block
    if isinstance(item, FieldRef) and _is_varbit(item, context):
        width, value = context.state.bits(item.header), context.read(item)
    else:
        pieces = _pieces(item, context)
        width, value = number(sum(piece.width for piece in pieces)), join(pieces)
    joined = bit_or(shift_left(variable(bits, 0), width), value)
    return [Assign(bits, joined), Assign(size, add(variable(size, 0), width))]
