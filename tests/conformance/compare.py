"""Compares what a switch sent with what a test expects."""

from __future__ import annotations

from collections.abc import Sequence

from tests.conformance.stf.statements import Expect


def matches(expected: Expect, frame: bytes) -> bool:
    """Whether a frame is as expected; without `$` it may be longer than the pattern."""
    if expected.pattern is None:
        return True
    digits = frame.hex()
    pattern = expected.pattern
    if len(digits) < len(pattern) or (expected.exact_length and len(digits) > len(pattern)):
        return False
    return all(want in ("*", have) for want, have in zip(pattern, digits, strict=False))


def difference(expected: Sequence[Expect], frames: Sequence[bytes], port: object) -> str | None:
    """What is wrong with the frames of one port, in words; None if nothing is.

    They must be as many as expected, and match in order.
    """
    for place, (wanted, frame) in enumerate(zip(expected, frames, strict=False), start=1):
        if not matches(wanted, frame):
            return (
                f"port {port}, frame {place} (line {wanted.line}):\n"
                f"  expected {_written(wanted)}\n  received {frame.hex()}"
            )
    if len(frames) < len(expected):
        missing = expected[len(frames)]
        return (
            f"port {port}: {len(frames)} frames, {len(expected)} expected; "
            f"missing (line {missing.line}) {_written(missing)}"
        )
    if len(frames) > len(expected):
        return (
            f"port {port}: {len(frames)} frames, {len(expected)} expected; "
            f"not expected: {frames[len(expected)].hex()}"
        )
    return None


def _written(expected: Expect) -> str:
    if expected.pattern is None:
        return "any frame"
    return expected.pattern + ("$" if expected.exact_length else "")
