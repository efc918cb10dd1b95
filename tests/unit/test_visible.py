"""What comes from nodes and clients forges no line of the log and steers no terminal."""

import logging
import sys

from hypothesis import given
from hypothesis import strategies as st

from controller.log import LineFormatter
from controller.visible import all_visible, visible

FORGED = "refused\n2030-01-02 INFO s2: ready\x1b[2J\x9b0m"


@given(st.text())
def test_no_control_character_is_left_and_all_else_is(text):
    shown = visible(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    if text.isprintable():
        assert shown == text


def test_data_is_made_visible_to_its_depths():
    data = {"a\n": [{"b": FORGED}, 1, None, True]}
    assert all_visible(data) == {"a\\n": [{"b": visible(FORGED)}, 1, None, True]}


def test_a_message_is_one_line_of_the_log():
    formatter = LineFormatter("%(levelname)s %(message)s")
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s: %s", ("s1", FORGED), None)
    expected = r"INFO s1: refused\n2030-01-02 INFO s2: ready\x1b[2J\x9b0m"
    assert formatter.format(record) == expected


def test_a_traceback_keeps_its_lines():
    try:
        raise ValueError("a defect")
    except ValueError:
        record = logging.LogRecord("x", logging.INFO, "", 0, "met it", (), sys.exc_info())
    lines = LineFormatter("%(message)s").format(record).splitlines()
    assert (lines[0], lines[-1]) == ("met it", "ValueError: a defect")
