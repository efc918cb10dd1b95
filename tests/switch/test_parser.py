"""Parsers: extraction at any width and place, select, look-ahead, stacks, errors."""

import pytest

from tests.switch.draft import (
    Draft,
    assign,
    const,
    expr,
    extract,
    field,
    forward,
    goto,
    op,
    valid,
)
from tests.switch.inprocess import InProcessSwitch


def _send(draft: Draft, frame: bytes, port: int = 1) -> list[tuple[int, bytes]]:
    return InProcessSwitch(draft.load()).send(port, frame)


def _report(draft: Draft, *values) -> None:
    """Prepend a header of 32-bit fields with these values to what is sent."""
    fields = [[f"v{index}", 32] for index in range(len(values))]
    draft.add_header("report", fields)
    draft.json["deparsers"][0]["order"].insert(0, "report")
    ops = [{"op": "add_header", "parameters": [{"type": "header", "value": "report"}]}]
    ops += [assign("report", f"v{index}", value) for index, value in enumerate(values)]
    draft.do(*ops, forward(2))


def _reported(sent: list[tuple[int, bytes]], count: int) -> list[int]:
    ((_, frame),) = sent
    return [int.from_bytes(frame[4 * i : 4 * i + 4], "big") for i in range(count)]


def test_fields_of_odd_widths_are_cut_out_of_the_bytes():
    draft = Draft()
    draft.add_header("h", [["a", 3], ["b", 13], ["c", 1], ["d", 20], ["e", 3]])
    draft.add_state("start", [extract("h")])
    _report(draft, *(field("h", name) for name in "abcde"))
    frame = ((5 << 13 | 4097) << 24 | (1 << 20 | 0xABCDE) << 3 | 6).to_bytes(5, "big")
    assert _reported(_send(draft, frame), 5) == [5, 4097, 1, 0xABCDE, 6]


def test_signed_fields_are_sign_extended():
    draft = Draft()
    draft.add_header("h", [["a", 8, True], ["b", 8]])
    draft.add_state("start", [extract("h")])
    less = op("b2d", None, op("<", field("h", "a"), const(0)))
    _report(draft, less, op("b2d", None, op("<", field("h", "b"), const(0))))
    assert _reported(_send(draft, b"\x80\x80"), 2) == [1, 0]


def _select_draft() -> Draft:
    draft = Draft([["way", 8]])
    draft.add_header("h", [["a", 12], ["b", 4], ["c", 8]])
    draft.add_state(
        "start",
        [extract("h")],
        [field("h", "a"), field("h", "c")],
        goto("one", 0x012311),  # a is padded to two bytes
        goto("two", 0x000020, 0x0000F0),
        goto("three", 0x040000, 0x0F0000),
        goto("other"),
    )
    for number, name in enumerate(("one", "two", "three", "other"), 1):
        way = {"op": "set", "parameters": [field("meta", "way"), const(number)]}
        draft.add_state(name, [way])
    draft.deparse("h")
    _report(draft, field("meta", "way"))
    return draft


@pytest.mark.parametrize(
    "frame, way",
    [("123011", 1), ("12302f", 2), ("4ff011", 3), ("4ff02a", 2), ("ffffff", 4)],
)
def test_select_takes_the_first_case_that_matches_under_its_mask(frame, way):
    assert _reported(_send(_select_draft(), bytes.fromhex(frame)), 1) == [way]


def test_lookahead_reads_without_consuming():
    draft = Draft([["ahead", 32]])
    draft.add_header("h", [["a", 16]])
    ahead = {"type": "lookahead", "value": [4, 12]}
    set_ahead = {"op": "set", "parameters": [field("meta", "ahead"), ahead]}
    draft.add_state("start", [set_ahead, extract("h")])
    draft.deparse("h")
    _report(draft, field("meta", "ahead"), field("h", "a"))
    sent = _send(draft, bytes.fromhex("f123abcd"))
    assert _reported(sent, 2) == [0x123, 0xF123]
    assert sent[0][1][8:] == bytes.fromhex("f123abcd")


@pytest.mark.parametrize("length", range(6))
def test_a_frame_that_is_too_short_goes_on_with_a_parser_error(length):
    draft = Draft()
    draft.add_header("h", [["a", 16]])
    draft.add_header("i", [["b", 24]])
    draft.add_state("start", [extract("h"), extract("i")])
    draft.deparse("h", "i")
    values = (field("standard_metadata", "parser_error"), field("h", "$valid$"))
    _report(draft, *values, field("i", "$valid$"))
    frame = bytes(range(length))
    sent = _send(draft, frame)
    assert _reported(sent, 3) == [int(length < 5), int(length >= 2), int(length >= 5)]
    assert sent[0][1][12:] == frame


def _stack_draft(size: int = 3) -> Draft:
    """A stack whose elements follow each other until one has its low bit set."""
    draft = Draft()
    draft.add_stack("s", [["x", 7], ["last", 1]], size)
    last = {"type": "stack_field", "value": ["s", "last"]}
    draft.add_state("start", [extract("s", "stack")], [last], goto("start", 0), goto(None))
    draft.deparse(*(f"s[{index}]" for index in range(size)))
    return draft


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_loop_fills_a_stack(count):
    draft = _stack_draft()
    elements = [field(f"s[{index}]", "x") for index in range(3)]
    _report(draft, field("standard_metadata", "parser_error"), *elements)
    frame = bytes(2 * n for n in range(1, count)) + bytes([2 * count + 1]) + b"rest"
    sent = _send(draft, frame)
    assert _reported(sent, 4) == [0, *range(1, count + 1), *[0] * (3 - count)]
    assert sent[0][1][16:] == frame


def test_a_stack_that_overflows_ends_with_its_parser_error():
    draft = _stack_draft()
    _report(draft, field("standard_metadata", "parser_error"), field("s[2]", "x"))
    assert _reported(_send(draft, bytes([2, 4, 6, 8, 11])), 2) == [3, 3]


def test_verify_ends_parsing_with_the_given_error():
    draft = Draft()
    draft.add_header("h", [["a", 8]])
    draft.add_header("i", [["b", 8]])
    check = {"op": "verify", "parameters": [op("==", field("h", "a"), const(4)), const(6)]}
    draft.add_state("start", [extract("h"), check, extract("i")])
    draft.deparse("h", "i")
    _report(draft, field("standard_metadata", "parser_error"), field("i", "$valid$"))
    assert _reported(_send(draft, b"\x04\x05"), 2) == [0, 1]
    assert _reported(_send(draft, b"\x03\x05"), 2) == [6, 0]


def _varbit_draft() -> Draft:
    draft = Draft()
    draft.add_header("h", [["size", 8]])
    draft.add_header("v", [["before", 8], ["options", "*"], ["behind", 8]], max_length=6)
    length = expr(op("*", field("h", "size"), const(8)))
    variable = {
        "op": "extract_VL",
        "parameters": [{"type": "regular", "value": "v"}, length],
    }
    draft.add_state("start", [extract("h"), variable])
    draft.deparse("h", "v")
    _report(draft, field("standard_metadata", "parser_error"), field("v", "behind"))
    return draft


@pytest.mark.parametrize("size", range(5))
def test_a_field_of_variable_length_is_read_and_written_back(size):
    frame = bytes([size, 0xAA, *range(1, size + 1), 0xBB]) + b"rest"
    sent = _send(_varbit_draft(), frame)
    assert _reported(sent, 2) == [0, 0xBB]
    assert sent[0][1][8:] == frame


def test_a_field_of_variable_length_beyond_its_maximum_is_an_error():
    frame = bytes([5, 0xAA, *range(5), 0xBB])
    assert _reported(_send(_varbit_draft(), frame), 1) == [4]


def test_bytes_that_were_skipped_are_not_sent():
    draft = Draft()
    draft.add_header("h", [["a", 8]])
    skip = {"op": "advance", "parameters": [const(16)]}
    draft.add_state("start", [extract("h"), skip])
    draft.deparse("h")
    draft.do(forward(2))
    assert _send(draft, b"abcdef") == [(2, b"adef")]


def test_a_value_set_decides_where_parsing_goes_on():
    draft = Draft()
    draft.add_header("h", [["a", 8]])
    draft.add_header("i", [["b", 8]])
    draft.json["parse_vsets"].append({"name": "vs", "id": 0, "compressed_bitwidth": 8})
    member = {"type": "parse_vset", "value": "vs", "mask": None, "next_state": "more"}
    draft.add_state("start", [extract("h")], [field("h", "a")], member, goto(None))
    draft.add_state("more", [extract("i")])
    _report(draft, op("b2d", None, valid("i")))
    switch = InProcessSwitch(draft.load())
    assert _reported(switch.send(1, b"\x11\x22"), 1) == [0]
    switch.config.value_sets["vs"].replace([(0x11, 0xFF), (0x40, 0xF0)])
    found = [_reported(switch.send(1, bytes([first, 0])), 1) for first in (0x11, 0x4C, 0x12)]
    assert found == [[1], [1], [0]]


def test_a_header_that_is_not_emitted_disappears():
    draft = Draft()
    draft.add_header("h", [["a", 8]])
    draft.add_header("i", [["b", 8]])
    draft.add_state("start", [extract("h"), extract("i")])
    draft.deparse("i")
    draft.do(forward(2))
    assert _send(draft, b"abcd") == [(2, b"bcd")]


def test_headers_are_emitted_in_the_deparsers_order():
    draft = Draft()
    draft.add_header("h", [["a", 8]])
    draft.add_header("i", [["b", 8]])
    draft.add_state("start", [extract("h"), extract("i")])
    draft.deparse("i", "h")
    draft.do(forward(2))
    assert _send(draft, b"abcd") == [(2, b"bacd")]
