"""Tables for people: aligned columns that fit the terminal.

Choices: no colours and no lines, so that the output can be cut by other tools; what does not fit is
wrapped inside its column on a terminal, and left whole where the output is not one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

GAP = "  "
LEAST_WIDTH = 8
"A column is not made narrower than this, unless all its cells are."


def render(titles: Sequence[str], rows: Iterable[Sequence[object]], width: int | None) -> list[str]:
    """Return a table's lines.

    Args:
        titles: One for each column.
        rows: The cells; None is shown as ``-``.
        width: Columns of the terminal; None: as wide as it takes.
    """
    cells = [[title.upper() for title in titles]]
    cells += [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
    if width is not None:
        widths = _fit(widths, width - len(GAP) * (len(titles) - 1))
    return [line for row in cells for line in _lines(row, widths)]


def _fit(widths: list[int], room: int) -> list[int]:
    """Narrow the widest columns until all fit, or none can be narrowed further."""
    widths = list(widths)
    while sum(widths) > room and max(widths) > LEAST_WIDTH:
        widths[widths.index(max(widths))] -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [
        textwrap.wrap(cell, size, break_on_hyphens=False) or [""]
        for cell, size in zip(row, widths, strict=True)
    ]
    height = max(len(cell) for cell in wrapped)
    return [
        GAP.join(
            (cell[i] if i < len(cell) else "").ljust(size)
            for cell, size in zip(wrapped, widths, strict=True)
        ).rstrip()
        for i in range(height)
    ]
