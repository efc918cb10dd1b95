"""A test that is ready to run: a compiled program and its STF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One test."""

    name: str
    json: Path
    p4info: Path
    stf: Path

    def to_dict(self) -> dict[str, str]:
        """As a worker reads it."""
        return {
            "test": self.name,
            "json": str(self.json.resolve()),
            "p4info": str(self.p4info.resolve()),
            "stf": str(self.stf.resolve()),
        }
