"""Tables for people: aligned columns that fit the terminal.

Choices: no lines, so that the output can be cut by other tools; what does not fit is wrapped
inside its column on a terminal, and left whole where the output is not one. Colours only say again
what a word says already, and only where a page wants them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GAP = "  "
LEAST_WIDTH = 8
"A column is not made narrower than this, unless all its cells are."

_CODES = {"title": "1", "good": "32", "busy": "33", "bad": "31"}
"Select Graphic Rendition of each tone (ECMA-48)."
_TONES = {
    "title": (),
    "good": ("ready", "up", "finished", "done", "act"),
    "busy": ("setting up", "backup", "running", "pending", "undoing", "advise", "paused", "stale"),
    "bad": ("down", "failed", "undone", "undo blocked", "blocked", "nowhere", "high"),
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words}


@dataclass(frozen=True)
class Page:
    """What text is made for."""

    width: int | None = None
    "Columns of the terminal; None: any."
    colour: bool = False

    def paint(self, text: str, tone: str) -> str:
        """Return a text in a tone, if the page has colours."""
        return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if self.colour and text else text

    def wrap(self, text: str, hanging: int = 0) -> list[str]:
        """Return a paragraph's lines, all but the first indented by so many columns."""
        if self.width is None:
            return [text]
        width, indent = max(self.width, LEAST_WIDTH + hanging), " " * hanging
        return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)


PLAIN = Page()
"For files, pipes and tests."


def render(titles: Sequence[str], rows: Iterable[Sequence[object]], page: Page) -> list[str]:
    """Return a table's lines; no titles, no line for them.

    Args:
        titles: One for each column.
        rows: The cells; None is shown as ``-``.
        page: What they are made for.
    """
    head = [[title.upper() for title in titles]]
    body = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in head + body) for i in range(len(titles))]
    if page.width is not None:
        widths = _fit(widths, page.width - len(GAP) * (len(titles) - 1))
    lines = [page.paint(line, "title") for row in head for line in _lines(row, widths, PLAIN)]
    return lines + [line for row in body for line in _lines(row, widths, page)]


def pairs(rows: Iterable[tuple[str, object]], page: Page) -> list[str]:
    """Return one line for each name and its value."""
    return render(("", ""), rows, page)[1:]


def _fit(widths: list[int], room: int) -> list[int]:
    """Narrow the widest columns until all fit, or none can be narrowed further."""
    widths = list(widths)
    while sum(widths) > room and max(widths) > LEAST_WIDTH:
        widths[widths.index(max(widths))] -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int], page: Page) -> list[str]:
    wrapped = [
        textwrap.wrap(cell, size, break_on_hyphens=False) or [""]
        for cell, size in zip(row, widths, strict=True)
    ]
    height = max(len(cell) for cell in wrapped)
    lines = []
    for i in range(height):
        cells = [cell[i] if i < len(cell) else "" for cell in wrapped]
        padded = [text.ljust(size) for text, size in zip(cells, widths, strict=True)]
        padded[-1] = padded[-1].rstrip()
        painted = [
            page.paint(text, _TONE_OF[cell]) if cell in _TONE_OF else text
            for text, cell in zip(padded, row, strict=True)
        ]
        lines.append(GAP.join(painted).rstrip())
    return lines
