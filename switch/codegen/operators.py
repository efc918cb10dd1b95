"""Arithmetic, bits and casts: Python source for them, with the tightest bounds that are known.

The meaning is BMv2's, which computes with unbounded integers and cuts a result to its width only
when it is stored; Python's integers do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from switch.codegen.code import (
    ATOM,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    PRODUCT,
    SHIFT,
    SIGN,
    SUM,
    Value,
    call,
    number,
)
from switch.codegen.conditions import (
    both,
    either,
    equal,
    greater,
    greater_or_equal,
    less,
    less_or_equal,
    negate,
    not_equal,
    to_bool,
)

MAX_SHIFT = 2048
"""No P4 value is wider on BMv2; what is shifted further is cut off in any case."""


def add(left: Value, right: Value) -> Value:
    """Sum."""
    if left.constant == 0 or right.constant == 0:
        return right if left.constant == 0 else left
    return _arithmetic(
        "+", SUM, left, right, _plus(left.low, right.low), _plus(left.high, right.high)
    )


def subtract(left: Value, right: Value) -> Value:
    """Difference; may be negative."""
    low, high = _minus(left.low, right.high), _minus(left.high, right.low)
    return _arithmetic("-", SUM, left, right, low, high)


def multiply(left: Value, right: Value) -> Value:
    """Product."""
    if _non_negative(left) and _non_negative(right):
        low, high = _times(left.low, right.low), _times(left.high, right.high)
        return _arithmetic("*", PRODUCT, left, right, low, high)
    return _arithmetic("*", PRODUCT, left, right, None, None)


def divide(left: Value, right: Value) -> Value:
    """Quotient of non-negative numbers."""
    return _arithmetic("//", PRODUCT, left, right, 0, left.high)


def modulo(left: Value, right: Value) -> Value:
    """Remainder of non-negative numbers."""
    return _arithmetic("%", PRODUCT, left, right, 0, _minus(right.high, 1))


def shift_left(left: Value, right: Value) -> Value:
    """Left shift; by so much that nothing would be left, by `MAX_SHIFT`."""
    if right.constant == 0:
        return left
    if right.high is None or right.high > MAX_SHIFT:
        right = call("min", right, number(MAX_SHIFT), low=right.low, high=MAX_SHIFT)
    high = None if left.high is None or right.high is None else max(left.high, 0) << right.high
    low = 0 if _non_negative(left) else None
    return _arithmetic("<<", SHIFT, left, right, low, high)


def shift_right(left: Value, right: Value) -> Value:
    """Right shift; of a negative number it rounds down."""
    if right.constant == 0:
        return left
    high = None
    if left.high is not None:
        high = left.high >> max(right.low or 0, 0) if left.high >= 0 else -1
    return _arithmetic(">>", SHIFT, left, right, 0 if _non_negative(left) else None, high)


def bit_and(left: Value, right: Value) -> Value:
    """Bitwise and; nothing if it is a mask that changes nothing."""
    for value, mask in ((left, right), (right, left)):
        bits = mask.constant
        if (
            bits is not None
            and bits >= 0
            and bits & (bits + 1) == 0
            and value.fits(bits.bit_length())
        ):
            return value
    highs = [side.high for side in (left, right) if _non_negative(side) and side.high is not None]
    low = 0 if _non_negative(left) or _non_negative(right) else None
    return _arithmetic("&", BIT_AND, left, right, low, min(highs, default=None))


def bit_or(left: Value, right: Value) -> Value:
    """Bitwise or."""
    if left.constant == 0:
        return right
    if right.constant == 0:
        return left
    return _arithmetic("|", BIT_OR, left, right, *_joined_bits(left, right))


def bit_xor(left: Value, right: Value) -> Value:
    """Bitwise exclusive or."""
    return _arithmetic("^", BIT_XOR, left, right, *_joined_bits(left, right))


def invert(operand: Value) -> Value:
    """Bitwise complement; negative for what is not."""
    low, high = _minus(-1, operand.high), _minus(-1, operand.low)
    if operand.constant is not None:
        return number(~operand.constant)
    if operand.fits(1):  # it may be a boolean, of which Python 3.12 warns to take the complement
        return Value(f"{operand.inside(BIT_XOR)} ^ -1", BIT_XOR, operand.reads, low, high)
    return Value(f"~{operand.inside(SIGN)}", SIGN, operand.reads, low, high)


def to_data(operand: Value) -> Value:
    """Boolean to data: Python's booleans are the integers 0 and 1."""
    return operand


def cut(operand: Value, width: int, signed: bool = False, saturating: bool = False) -> Value:
    """What remains of a value when it is stored in a field of that width."""
    if saturating:
        return saturate_signed(operand, width) if signed else saturate_unsigned(operand, width)
    if signed:
        return wrap_signed(operand, width)
    if operand.fits(width):
        return operand
    if operand.constant is not None:
        return number(operand.constant & ((1 << width) - 1))
    return bit_and(operand, number((1 << width) - 1))


def wrap_signed(operand: Value, width: int) -> Value:
    """The number in two's complement of that width."""
    bound = 1 << (width - 1)
    if _within(operand, -bound, bound - 1):
        return operand
    if operand.constant is not None:
        return number(((operand.constant + bound) & (2 * bound - 1)) - bound)
    shifted = bit_and(add(operand, number(bound)), number(2 * bound - 1))
    return subtract(shifted, number(bound))


def saturate_unsigned(operand: Value, width: int) -> Value:
    """The nearest number that fits."""
    return _clamp(operand, 0, (1 << width) - 1)


def saturate_signed(operand: Value, width: int) -> Value:
    """The nearest number that fits."""
    return _clamp(operand, -(1 << (width - 1)), (1 << (width - 1)) - 1)


BINARY: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "<<": shift_left,
    ">>": shift_right,
    "&": bit_and,
    "|": bit_or,
    "^": bit_xor,
    "==": equal,
    "!=": not_equal,
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
    "and": both,
    "or": either,
}

UNARY: Mapping[str, Callable[[Value], Value]] = {
    "~": invert,
    "not": negate,
    "d2b": to_bool,
    "b2d": to_data,
}

CASTS: Mapping[str, Callable[[Value, int], Value]] = {
    "two_comp_mod": wrap_signed,
    "usat_cast": saturate_unsigned,
    "sat_cast": saturate_signed,
}
"""The second operand is a constant width."""

_FOLD: Mapping[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
    "%": int.__mod__,
    "<<": int.__lshift__,
    ">>": int.__rshift__,
    "&": int.__and__,
    "|": int.__or__,
    "^": int.__xor__,
}


def _arithmetic(
    sign: str, binds: int, left: Value, right: Value, low: int | None, high: int | None
) -> Value:
    if left.constant is not None and right.constant is not None and right.constant >= 0:
        return number(_FOLD[sign](left.constant, right.constant))
    text = f"{left.inside(binds)} {sign} {right.inside(binds + 1)}"
    return Value(text, binds, left.reads | right.reads, low, high)


def _clamp(operand: Value, low: int, high: int) -> Value:
    if _within(operand, low, high):
        return operand
    text = f"max({low}, min({operand.text}, {number(high).text}))"
    return Value(text, ATOM, operand.reads, low, high)


def _joined_bits(left: Value, right: Value) -> tuple[int | None, int | None]:
    if not (_non_negative(left) and _non_negative(right)):
        return None, None
    if left.high is None or right.high is None:
        return 0, None
    return 0, (1 << max(left.high.bit_length(), right.high.bit_length())) - 1


def _non_negative(value: Value) -> bool:
    return value.low is not None and value.low >= 0


def _within(value: Value, low: int, high: int) -> bool:
    return (
        value.low is not None and value.high is not None and low <= value.low and value.high <= high
    )


def _plus(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _minus(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left - right


def _times(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left * right
