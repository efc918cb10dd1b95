"""How a test on a switch ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How it ended."""

    PASSED = "passed"
    FAILED = "failed"
    """The switch did something else than expected, or refused a control operation."""
    REFUSED = "refused"
    """The switch did not load the program."""
    CRASHED = "crashed"
    """The switch, or a part of it, ended by itself."""
    UNREADABLE = "unreadable"
    """The STF file cannot be read, or names what the program does not have."""


@dataclass(frozen=True)
class Outcome:
    """The end of one test on one switch."""

    test: str
    switch: str
    verdict: Verdict
    reason: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Outcome:
        """From JSON."""
        return cls(**{**values, "verdict": Verdict(values["verdict"])})
