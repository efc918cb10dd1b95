"""What standard output is: a terminal of some width, with colours or without."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

from controller.operator.tables import Page


def page_for(out: TextIO, environment: Mapping[str, str] = os.environ) -> Page:
    """Return the page for a stream.

    Colours only on a terminal, and not where $NO_COLOR is set (https://no-color.org) or the
    terminal is a dumb one. What is no terminal has no width.
    """
    if not out.isatty():
        return Page()
    colour = not environment.get("NO_COLOR") and environment.get("TERM") not in (None, "", "dumb")
    return Page(shutil.get_terminal_size().columns, colour)
