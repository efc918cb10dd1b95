"""Where a node stands with this management entity."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Readiness(enum.Enum):
    """What the management entity makes of a node."""

    DOWN = "down"
    "There is no session with it."
    BACKUP = "backup"
    "Another controller is its primary: it can be asked, not changed."
    SETTING_UP = "setting up"
    "This controller is its primary and brings it to what it should be."
    READY = "ready"
    "It is what it should be."
    FAILED = "failed"
    "It could not be set up; that is tried again."


@dataclass(frozen=True)
class Standing:
    """A node's readiness, and why it is so."""

    readiness: Readiness
    reason: str
