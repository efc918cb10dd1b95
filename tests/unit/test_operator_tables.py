"""Tables for people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.operator.tables import LEAST_WIDTH, PLAIN, Page, render

cells = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


def test_columns_are_aligned_and_nothing_trails() -> None:
    assert render(("node", "state"), [("s1", "primary"), ("leaf1", None)], PLAIN) == [
        "NODE   STATE",
        "s1     primary",
        "leaf1  -",
    ]


def test_what_does_not_fit_the_terminal_is_wrapped_in_its_column() -> None:
    rows = [("s1", "the connection was refused by the node")]
    assert render(("node", "note"), rows, Page(26)) == [
        "NODE  NOTE",
        "s1    the connection was",
        "      refused by the node",
    ]


@given(st.lists(st.tuples(cells, cells, cells), max_size=5), st.integers(30, 120))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, ...]], width: int) -> None:
    assert LEAST_WIDTH * 3 + 4 <= 30
    assert all(len(line) <= width for line in render(("a", "b", "c"), rows, Page(width)))


@given(st.lists(st.tuples(cells, cells), max_size=5), st.integers(20, 60))
def test_no_character_is_lost_by_wrapping(rows: list[tuple[str, ...]], width: int) -> None:
    lines = render(("a", "b"), rows, Page(width))
    shown = sorted("".join("".join(lines[1:]).split()))
    expected = sorted("".join(cell for row in rows for cell in row))
    assert shown == expected
