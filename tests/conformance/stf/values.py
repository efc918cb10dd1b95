"""Values as STF writes them, and what they match in a key field of some width.

Choices, after p4c's own runner, whose tests are written for it:
- In a ternary field the digits that are written count, `*` is a digit that does not, and digits
  that are not written do not count either: `0x0800` leaves the upper half of 32 bits open.
- In an LPM field `0x0a******` is a prefix of as many bits as its digits say.

Decimal numbers have no digits in this sense: they stand for all bits of a field. `value&&&mask` and
`low..high` are additions of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

_BITS_PER_DIGIT = {"0x": 4, "0b": 1}


@dataclass(frozen=True, slots=True)
class Number:
    """A number; digits written as `*` are 0 in `value` and in `mask`."""

    text: str
    value: int
    mask: int | None
    """The bits that its digits cover; None for a decimal number, which covers any field."""
    open_bits: int
    """How many bits its `*` digits cover."""
    written_bits: int
    """How many bits all its digits cover; 0 for a decimal number."""


@dataclass(frozen=True, slots=True)
class MatchValue:
    """What a key field is compared with."""

    number: Number
    prefix_length: int | None = None
    mask: Number | None = None
    high: Number | None = None


def read_number(text: str) -> Number:
    """Read a decimal, hexadecimal or binary number, the latter two with `*` for open digits."""
    bits = _BITS_PER_DIGIT.get(text[:2].lower())
    if bits is None:
        return Number(text, int(text), None, 0, 0)
    digits = text[2:]
    base = 1 << bits
    value = int(digits.replace("*", "0"), base)
    covered = "".join("0" if digit == "*" else format(base - 1, "x") for digit in digits)
    return Number(text, value, int(covered, base), digits.count("*") * bits, len(digits) * bits)


def exact(value: MatchValue) -> int:
    """The value of an exact field. Raises `ValueError` for one that leaves something open."""
    if value.number.open_bits or value.mask or value.high or value.prefix_length is not None:
        raise ValueError(f"{value.number.text} leaves bits open, but the field is exact")
    return value.number.value


def ternary(value: MatchValue, width: int) -> tuple[int, int]:
    """Value and mask of a ternary field."""
    full = (1 << width) - 1
    if value.mask is not None:
        mask = value.mask.value & full
    elif value.prefix_length is not None:
        mask = full & ~(full >> value.prefix_length)
    elif value.number.mask is not None:
        mask = value.number.mask & full
    else:
        mask = full
    return value.number.value & mask, mask


def lpm(value: MatchValue, width: int) -> tuple[int, int]:
    """Value and prefix length of an LPM field; bits beyond the prefix are cleared."""
    number = value.number
    if value.prefix_length is not None:
        length = value.prefix_length
    elif number.written_bits:
        length = number.written_bits - number.open_bits
    else:
        length = width
    full = (1 << width) - 1
    return number.value & full & ~(full >> length), length


def bounds(value: MatchValue) -> tuple[int, int]:
    """Lowest and highest value of a range field; a single value is both."""
    low = value.number.value
    return low, low if value.high is None else value.high.value
