"""What all events have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from os_ken.controller import event


class MeEvent(event.EventBase):
    """What all events of the management entity have in common."""

    kind: ClassVar[str]
    "Name of the kind of event for RPC clients."

    def to_dict(self) -> dict[str, Any]:
        """Return the event as plain data."""
        return {"event": self.kind}

    def __str__(self) -> str:
        return f"{type(self).__name__}<{self.to_dict()}>"


class EventNodeBase(MeEvent):
    """Something happened to a node; ``reason`` says why, for people."""

    def __init__(self, node: str, reason: str = "") -> None:
        super().__init__()
        self.node = node
        self.reason = reason

    def to_dict(self) -> dict[str, Any]:
        """Return kind, node and reason."""
        return {"event": self.kind, "node": self.node, "reason": self.reason}
