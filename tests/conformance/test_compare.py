"""Frames are compared with expectations as p4c's runner compares them."""

import pytest

from tests.conformance.compare import difference, matches
from tests.conformance.stf.statements import Expect


def expect(pattern, exact_length=False):
    return Expect(7, 1, pattern, exact_length)


@pytest.mark.parametrize(
    ("pattern", "exact_length", "frame", "fits"),
    [
        ("0a0b", False, "0a0b", True),
        ("0a0b", False, "0a0b0c", True),
        ("0a0b", True, "0a0b0c", False),
        ("0a0b", True, "0a0b", True),
        ("0a0b", False, "0a", False),
        ("0a0b", False, "0a0c", False),
        ("0***", False, "0fff", True),
        ("0***", False, "1fff", False),
        (None, False, "00", True),
    ],
)
def test_a_frame_fits_its_pattern(pattern, exact_length, frame, fits):
    assert matches(expect(pattern, exact_length), bytes.fromhex(frame)) is fits


def test_frames_in_order_are_as_expected():
    assert difference([expect("0a"), expect("0b")], [b"\x0a", b"\x0b"], 1) is None


def test_frames_in_another_order_are_not():
    wrong = difference([expect("0a"), expect("0b")], [b"\x0b", b"\x0a"], 1)
    assert wrong.startswith("port 1, frame 1 (line 7)")


def test_a_missing_frame_is_named_with_its_line():
    wrong = difference([expect("0a"), expect("0b", True)], [b"\x0a"], 1)
    assert wrong == "port 1: 1 frames, 2 expected; missing (line 7) 0b$"


def test_a_frame_too_many_is_shown():
    assert difference([], [b"\x0a"], 3) == "port 3: 1 frames, 0 expected; not expected: 0a"
