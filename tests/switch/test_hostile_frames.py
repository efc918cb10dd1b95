"""Frames cut short anywhere, and random bytes of every length, do not fail in any program."""

import random
from contextlib import suppress

import pytest

from switch.p4json.load import load_program
from switch.runtime.errors import AssertionFailed
from tests.conformance import corpus_files
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import Packet
from tests.conformance.test_differential import node_program
from tests.switch.inprocess import InProcessSwitch

LONGEST_BYTES = 100
ENDLESS = {"recirculate", "resubmit"}
"""Their frames say how often they come round."""
CASES = [case for case in corpus_files.cases() if case.name not in ENDLESS]
CASES += map(node_program, ("guarded", "l2_firewall"))


def hostile_frames(stf):
    statements = read_stf(stf)
    longest = max((s.frame for s in statements if isinstance(s, Packet)), key=len)
    yield from (longest[:length] for length in range(min(LONGEST_BYTES, len(longest)) + 1))
    rng = random.Random(stf)
    yield from (rng.randbytes(length) for length in range(LONGEST_BYTES + 1))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_program_fails_on_a_frame_of_any_length(case):
    switch = InProcessSwitch(load_program(case.json.read_bytes()))
    for frame in hostile_frames(case.stf.read_text()):
        with suppress(AssertionFailed):  # of the program itself
            for _, sent in switch.send(1, frame):
                assert isinstance(sent, bytes)
