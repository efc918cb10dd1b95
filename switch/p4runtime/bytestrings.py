"""P4Runtime's byte strings: big-endian integers of any length, canonical when as short as can be.

A received string may be padded; what counts is that its value fits the width of the P4 object
(specification 1.4, "Bytestrings"). On the error code the specification says two things,
OUT_OF_RANGE there and INVALID_ARGUMENT in the sections on match fields and action parameters. We
answer INVALID_ARGUMENT as the more particular sections and BMv2 do.
"""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4runtime.status import invalid_argument


def decode(data: bytes, width: int, what: str) -> int:
    """The value of a `bit<width>`; raises INVALID_ARGUMENT, naming `what`, if it does not fit."""
    value = int.from_bytes(data, "big")
    if value >> width or not data:
        raise invalid_argument(f"{what}: {_problem(data, f'{width} bits')}")
    return value


def check_all(values: Sequence[int], width: int, what: str) -> None:
    """Raise INVALID_ARGUMENT, naming `what`, if one of the values does not fit a `bit<width>`."""
    if max(values) >> width:
        decode(encode(max(values)), width, what)


def encode(value: int) -> bytes:
    """The canonical string of an unsigned value."""
    return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")


def decode_signed(data: bytes, width: int, what: str) -> int:
    """The value of an `int<width>` in two's complement; raises INVALID_ARGUMENT likewise."""
    value = int.from_bytes(data, "big", signed=True)
    if not data or not -(1 << (width - 1)) <= value < 1 << (width - 1):
        raise invalid_argument(f"{what}: {_problem(data, f'{width} signed bits')}")
    return value


def encode_signed(value: int) -> bytes:
    """The canonical string of a signed value."""
    magnitude = value if value >= 0 else ~value
    return value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


def _problem(data: bytes, room: str) -> str:
    if not data:
        return "the byte string is empty"
    shown = data[:16].hex() + ("..." if len(data) > 16 else "")
    return f"0x{shown} does not fit {room}"
