"""Small functions over bytes that generated code calls where `struct` does not do."""

from __future__ import annotations


def to_whole_bytes(bits: int, width: int) -> bytes:
    """So many bits as bytes, padded with zeros at the end."""
    return (bits << -width % 8).to_bytes((width + 7) // 8, "big")


def read_bytes(data: bytearray, first: int, last: int) -> int:
    """The number that some bytes of the packet buffer make."""
    return int.from_bytes(data[first:last], "big")


def patch(original: bytes, keep: int, values: int, size: int) -> bytes:
    """A header with the bits outside the mask `keep` replaced."""
    return (int.from_bytes(original, "big") & keep | values).to_bytes(size, "big")
