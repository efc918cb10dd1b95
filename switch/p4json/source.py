"""Where in the P4 source something stands, and the error that says so.

Every reader and every code generator raises `ProgramError`, so that a program is refused by the
name of the offending object and its P4 source line, before the first packet meets it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A place in the P4 source, as p4c records it under `source_info`."""

    filename: str = ""
    line: int = 0
    column: int = 0
    fragment: str = ""

    def __str__(self) -> str:
        if not self.filename:
            return ""
        return f"{self.filename}({self.line})"


NOWHERE = SourceInfo()


class ProgramError(ValueError):
    """A program that cannot be run: malformed JSON, or a construct that is not supported."""

    def __init__(self, what: str, why: str, source: SourceInfo = NOWHERE) -> None:
        self.what = what
        """Kind and name of the offending object, for example `table NodeIngress.l2.dmac`."""
        self.why = why
        """What is wrong with it."""
        self.source = source
        """Where it stands in the P4 source, if the JSON says."""
        place = f"{source}: " if source.filename else ""
        super().__init__(f"{place}{what}: {why}")
