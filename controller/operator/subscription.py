"""Which events a client wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Subscription:
    """Events of some kinds, or all."""

    kinds: frozenset[str] | None = None
    "None: all."

    @classmethod
    def of(cls, wanted: Mapping[str, Any]) -> Subscription:
        """Make one of the checked arguments of ``subscribe``."""
        kinds = wanted.get("kinds")
        return cls(None if kinds is None else frozenset(kinds))

    def wants(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event is to be sent."""
        return self.kinds is None or event["event"] in self.kinds
