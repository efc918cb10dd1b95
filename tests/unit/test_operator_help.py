"""Help texts, as wide as the terminal."""

from __future__ import annotations

from itertools import takewhile

import pytest

from controller.operator.commands import COMMANDS
from controller.operator.tables import Page
from controller.operator.views.help_text import command_help, described


@pytest.mark.parametrize("width", [80, 100])
def test_help_fits_the_terminal(width: int) -> None:
    page = Page(width)
    lines = described([(command.name, command.help) for command in COMMANDS.values()], page)
    for command in COMMANDS.values():
        said = command_help(command, page, "hitless")
        lines += takewhile("examples:".__ne__, said)  # those are to be copied whole
    assert [line for line in lines if len(line) > width] == []
