"""Events of paths: moved, or held back for a function's sake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from os_ken.controller import handler

from controller.events.base import MeEvent

if TYPE_CHECKING:
    from controller.forwarding.forwarder import Moved
    from controller.scaling.gate import Held


class EventPathsMoved(MeEvent):
    """Forwarding has changed what nodes hold, or was held back."""

    kind = "paths_moved"

    def __init__(self, moved: Moved) -> None:
        super().__init__()
        self.moved = moved

    def to_dict(self) -> dict[str, Any]:
        """Return which nodes were changed, and which slots' paths stayed as they were."""
        return {
            "event": self.kind,
            "nodes": sorted(self.moved.nodes),
            "updates": self.moved.updates,
            "withheld": sorted(self.moved.withheld),
            "took_ms": round(1000 * self.moved.took_s, 3),
        }


class EventPathsHeld(MeEvent):
    """Other slots than before are kept off the paths that forwarding would use, or none any more.

    They would lead past who enforces the slots, or to it by ports of which it says what is wrong.
    """

    kind = "paths_held"

    def __init__(self, held: tuple[Held, ...]) -> None:
        super().__init__()
        self.held = held

    def to_dict(self) -> dict[str, Any]:
        """Return which slots, whose they are, and why."""
        return {"event": self.kind, "held": [one.to_dict() for one in self.held]}


handler.register_service("apps.me_app")
