"""P4Runtime's byte strings."""

from __future__ import annotations


def encode(value: int) -> bytes:
    """The canonical byte string of a number: as short as possible, one byte for 0."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def decode(data: bytes) -> int:
    """The number that a byte string stands for."""
    return int.from_bytes(data, "big")
