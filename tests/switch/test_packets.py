"""Headers that come, go and change; stacks and unions; checksums; and the frame after that."""

import struct
from zlib import crc32

import pytest

from switch.runtime.hashes import csum16
from tests.switch.draft import (
    Draft,
    assign,
    call,
    const,
    expr,
    extract,
    field,
    forward,
    goto,
    named,
    op,
    valid,
)
from tests.switch.inprocess import InProcessSwitch


def _send(draft: Draft, frame: bytes, port: int = 1) -> bytes:
    ((out, sent),) = InProcessSwitch(draft.load()).send(port, frame)
    assert out == 2
    return sent


def _two_headers(*primitives) -> Draft:
    """h and i, both extracted and emitted; g is emitted first but only the program makes it."""
    draft = Draft([["m", 16]])
    draft.add_header("h", [["a", 4], ["b", 12]])
    draft.add_header("i", [["c", 8], ["d", 16]])
    draft.add_header("g", [["e", 24]])
    draft.add_state("start", [extract("h"), extract("i")])
    draft.deparse("g", "h", "i")
    draft.do(*primitives, forward(2))
    return draft


FRAME = bytes.fromhex("1234 56 789a") + b"payload"


def test_an_untouched_frame_leaves_as_it_came():
    assert _send(_two_headers(), FRAME) == FRAME


def test_assigned_fields_are_patched_into_the_received_header():
    sent = _send(_two_headers(assign("h", "b", const(0xFFF)), assign("i", "c", const(1))), FRAME)
    assert sent == bytes.fromhex("1fff 01 789a") + b"payload"


def test_a_value_is_cut_to_the_width_of_its_field():
    sum_of = op("+", field("i", "d"), const(0xFFFF))
    assert _send(_two_headers(assign("i", "d", sum_of)), FRAME)[3:5] == bytes.fromhex("7899")


def test_a_header_made_valid_starts_with_zeros():
    sent = _send(_two_headers(call("add_header", named("header", "g"))), FRAME)
    assert sent == bytes(3) + FRAME


def test_a_header_made_invalid_is_gone():
    sent = _send(_two_headers(call("remove_header", named("header", "h"))), FRAME)
    assert sent == FRAME[2:]


def test_making_a_valid_header_valid_changes_nothing():
    add = call("add_header", named("header", "g"))
    sent = _send(_two_headers(add, assign("g", "e", const(0x010203)), add), FRAME)
    assert sent == b"\x01\x02\x03" + FRAME


def test_egress_sees_the_length_with_headers_that_came_and_went():
    draft = _two_headers(
        call("add_header", named("header", "g")), call("remove_header", named("header", "h"))
    )
    length = field("standard_metadata", "packet_length")
    draft.do(assign("g", "e", length), pipeline="egress")
    sent = _send(draft, FRAME)
    assert int.from_bytes(sent[:3], "big") == len(FRAME) + 3 - 2


def test_assigning_an_invalid_header_invalidates():
    draft = Draft()
    draft.add_type("t", [["a", 8]])
    for name in ("x", "y", "z"):
        draft.add_instance(name, "t")
    draft.add_state("start", [extract("x"), extract("y")])
    draft.deparse("x", "y", "z")
    copy = [named("header", name) for name in ("x", "z", "y")]
    draft.do(call("assign_header", *copy[:2]), call("assign_header", copy[1], copy[2]), forward(2))
    assert _send(draft, b"abc") == b"bbc"


def _stack(*primitives, size: int = 4) -> Draft:
    draft = Draft([["m", 16]])
    draft.add_stack("s", [["x", 7], ["last", 1]], size)
    last = {"type": "stack_field", "value": ["s", "last"]}
    draft.add_state("start", [extract("s", "stack")], [last], goto("start", 0), goto(None))
    draft.deparse(*(f"s[{index}]" for index in range(size)))
    draft.do(*primitives, forward(2))
    return draft


S = named("header_stack", "s")


@pytest.mark.parametrize(
    "primitives, expected",
    [
        ([call("pop", S, const(1))], "0407"),
        ([call("pop", S, const(2))], "07"),
        ([call("pop", S, const(9))], ""),
        ([call("push", S, const(1))], "020407"),
        (
            [call("push", S, const(1)), call("add_header", named("header", "s[0]"))],
            "00020407",
        ),
        ([call("push", S, const(3))], "02"),
    ],
)
def test_a_stack_is_shifted_as_the_specification_says(primitives, expected):
    sent = _send(_stack(*primitives), bytes.fromhex("020407") + b"p")
    assert sent == bytes.fromhex(expected) + b"p"


def test_an_element_is_found_by_an_index_known_at_run_time():
    element = op("dereference_header_stack", S, field("meta", "m"))
    target = expr({"op": "access_field", "left": element, "right": 0})
    draft = _stack(assign("meta", "m", const(1)), call("assign", target, const(0x55)))
    assert _send(draft, bytes.fromhex("020407")) == bytes([2, 0x55 << 1, 7])


def test_size_and_last_index_of_a_stack():
    draft = _stack(
        assign("s[0]", "x", op("size_stack", S, None)),
        assign("s[1]", "x", op("last_stack_index", S, None)),
    )
    assert _send(draft, bytes.fromhex("020407")) == bytes([3 << 1, 2 << 1, 7])


def _union_draft(*primitives) -> Draft:
    draft = Draft()
    draft.add_type("short_t", [["a", 8]])
    draft.add_type("long_t", [["b", 16]])
    numbers = [draft.add_instance("u.short", "short_t"), draft.add_instance("u.long", "long_t")]
    draft.json["header_union_types"].append(
        {"name": "u_t", "id": 0, "headers": [["short", "short_t"], ["long", "long_t"]]}
    )
    draft.json["header_unions"].append(
        {"name": "u", "id": 0, "union_type": "u_t", "header_ids": numbers}
    )
    draft.add_state("start", [extract("u.short")])
    draft.deparse("u.short", "u.long")
    draft.do(*primitives, forward(2))
    return draft


def test_a_member_of_a_union_made_valid_invalidates_the_other():
    draft = _union_draft(
        call("add_header", named("header", "u.long")), assign("u.long", "b", const(0x4142))
    )
    assert _send(draft, b"x!") == b"AB!"


def test_a_union_is_valid_if_a_member_is():
    is_valid = op("b2d", None, op("valid_union", None, named("header_union", "u")))
    assert _send(_union_draft(assign("u.short", "a", is_valid)), b"x!") == b"\x01!"


IPV4 = [
    ["version_ihl", 8],
    ["tos", 8],
    ["length", 16],
    ["id", 16],
    ["fragment", 16],
    ["ttl", 8],
    ["protocol", 8],
    ["checksum", 16],
    ["source", 32],
    ["destination", 32],
]


def _ipv4_draft(update: bool, verify: bool) -> Draft:
    draft = Draft()
    draft.add_header("ip", IPV4)
    draft.add_state("start", [extract("ip")])
    draft.deparse("ip")
    covered = [field("ip", name) for name, _ in IPV4 if name != "checksum"]
    draft.add_calculation("calc", "csum16", *covered)
    draft.json["checksums"].append(
        {
            "name": "cksum",
            "id": 0,
            "target": ["ip", "checksum"],
            "type": "generic",
            "calculation": "calc",
            "verify": verify,
            "update": update,
            "if_cond": valid("ip"),
        }
    )
    return draft


def _ipv4(ttl: int = 64, checksum: int | None = None) -> bytes:
    def header(value: int) -> bytes:
        return struct.pack(">BBHHHBBHII", 0x45, 0, 20, 7, 0, ttl, 17, value, 0x0A000001, 0x0A000002)

    return header(csum16(header(0)) if checksum is None else checksum)


def test_a_checksum_is_updated_when_its_header_changed():
    draft = _ipv4_draft(update=True, verify=False)
    draft.do(assign("ip", "ttl", op("-", field("ip", "ttl"), const(1))), forward(2))
    assert _send(draft, _ipv4() + b"data") == _ipv4(ttl=63) + b"data"


def test_a_wrong_checksum_is_corrected_even_if_nothing_else_changed():
    draft = _ipv4_draft(update=True, verify=False)
    draft.do(forward(2))
    assert _send(draft, _ipv4(checksum=0xDEAD)) == _ipv4()


@pytest.mark.parametrize("checksum, error", [(None, 0), (0xDEAD, 1)])
def test_verification_reports_a_wrong_checksum(checksum, error):
    draft = _ipv4_draft(update=False, verify=True)
    draft.do(assign("ip", "tos", field("standard_metadata", "checksum_error")), forward(2))
    assert _send(draft, _ipv4(checksum=checksum))[1] == error


def test_a_checksum_over_the_payload_covers_what_follows_the_headers():
    draft = Draft()
    draft.add_header("h", [["sum", 16], ["x", 16]])
    draft.add_state("start", [extract("h")])
    draft.deparse("h")
    draft.add_calculation("calc", "csum16", field("h", "x"), {"type": "payload", "value": None})
    draft.json["checksums"].append(
        {
            "name": "cksum",
            "id": 0,
            "target": ["h", "sum"],
            "type": "generic",
            "calculation": "calc",
            "verify": False,
            "update": True,
            "if_cond": None,
        }
    )
    draft.do(assign("h", "x", const(0x0102)), forward(2))
    payload = bytes(range(33))
    sent = _send(draft, bytes(4) + payload)
    assert sent[2:] == b"\x01\x02" + payload
    assert int.from_bytes(sent[:2], "big") == csum16(b"\x01\x02" + payload)


def test_fields_of_invalid_headers_are_left_out_of_a_hash():
    draft = Draft()
    draft.add_header("h", [["a", 8], ["out", 32]])
    draft.add_header("i", [["b", 8]])
    draft.add_state("start", [extract("h")], [field("h", "a")], goto("more", 1), goto(None))
    draft.add_state("more", [extract("i")])
    draft.deparse("h")
    draft.add_calculation("calc", "crc32", field("h", "a"), field("i", "b"))
    draft.do(
        call(
            "modify_field_with_hash_based_offset",
            field("h", "out"),
            const(0),
            named("calculation", "calc"),
            const(1 << 32),
        ),
        forward(2),
    )
    assert _send(draft, b"\x02\0\0\0\0\x07")[1:5] == crc32(b"\x02").to_bytes(4, "big")
    assert _send(draft, b"\x01\0\0\0\0\x07")[1:5] == crc32(b"\x01\x07").to_bytes(4, "big")
