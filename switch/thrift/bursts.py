"""Bursts of `bm_register_write`: one call a cell, many under way, as controllers of BMv2 send them.

In Thrift's binary protocol such calls on one array differ at three places of known sizes: sequence
number, index and value. So they are told by comparing bytes, cut up together, and done as one
write. Everything else, and each call that is to be refused, is left to the general way.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Protocol

_CALL, _REPLY = b"\x80\x01\x00\x01", b"\x80\x01\x00\x02"
_STOP = b"\x00"
_METHOD = b"bm_register_write"
_SERVICE = b"standard:"
_CONTEXT = b"\x08\x00\x01\x00\x00\x00\x00"
"""The argument `cxt_id`: 0."""
_NAME, _INDEX, _VALUE = b"\x0b\x00\x02", b"\x08\x00\x03", b"\x0a\x00\x04"
"""The heads of the other arguments: a string, an i32 and an i64."""


def _string(text: bytes) -> bytes:
    return struct.pack(">i", len(text)) + text


_HEAD = _CALL + _string(_SERVICE + _METHOD)
_BEFORE_NAME = _CONTEXT + _NAME
_NAME_AT = len(_HEAD) + 4 + len(_BEFORE_NAME)
"""Where in a call the name of the array is."""
_ANSWER_HEAD = _REPLY + _string(_METHOD)


class CellWriter(Protocol):
    """Who writes the cells."""

    def write_cells(self, array: str, indices: Sequence[int], values: Sequence[int]) -> int:
        """Write the first cells, up to one that cannot be written; how many these are."""


def answer_burst(received: memoryview, writer: CellWriter) -> tuple[int, bytes]:
    """Do the calls at the start of what was received; how many bytes they are, and the answers.

    0 bytes if it starts with anything else, or with a call that is to be refused.
    """
    if received[: len(_HEAD)] != _HEAD or len(received) < _NAME_AT + 4:
        return 0, b""
    (size,) = struct.unpack_from(">i", received, _NAME_AT)
    if not 0 <= size <= len(received):
        return 0, b""
    name = bytes(received[_NAME_AT + 4 : _NAME_AT + 4 + size])
    call = _call(name)
    rows = _rows(call, received, _BEFORE_NAME + _string(name) + _INDEX)
    if not rows:
        return 0, b""
    _, sequence_numbers, _, indices, _, values, _ = zip(*rows, strict=True)
    try:
        array = name.decode()
    except UnicodeDecodeError:
        return 0, b""
    done = writer.write_cells(array, indices, values)
    answers = [_ANSWER_HEAD + number + _STOP for number in sequence_numbers[:done]]
    return done * call.size, b"".join(answers)


def _call(name: bytes) -> struct.Struct:
    """A call's constant parts, with its sequence number, index and value between them."""
    return struct.Struct(f">{len(_HEAD)}s4s{len(_BEFORE_NAME) + 4 + len(name) + 3}si3sqs")


def _rows(call: struct.Struct, received: memoryview, middle: bytes) -> list[tuple]:
    whole = len(received) // call.size * call.size
    constants = (_HEAD, middle, _VALUE, _STOP)
    rows = []
    for row in call.iter_unpack(received[:whole]):
        if row[::2] != constants:
            break
        rows.append(row)
    return rows
