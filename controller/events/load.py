"""Events of load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from os_ken.controller import handler

from controller.events.base import MeEvent

if TYPE_CHECKING:
    from controller.load.snapshot import LoadSnapshot, NodeLoad


class EventLoad(MeEvent):
    """The load of all nodes was measured once more; told in equal intervals."""

    kind = "load"

    def __init__(self, snapshot: LoadSnapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def to_dict(self) -> dict[str, Any]:
        """Return each node's load in short."""
        return {"event": self.kind, "nodes": self.snapshot.brief()}


class EventLoadBase(MeEvent):
    """A node's load crossed a threshold for its hold time, and its cool-down is over.

    Told again after each further cool-down while the load stays there.
    """

    def __init__(self, node: str, threshold_pps: float, snapshot: LoadSnapshot) -> None:
        super().__init__()
        self.node = node
        self.threshold_pps = threshold_pps
        self.snapshot = snapshot
        "All nodes' load at that moment."

    @property
    def load(self) -> NodeLoad:
        """The node's load: what is loaded, and by how much."""
        return self.snapshot.nodes[self.node]

    @property
    def pps(self) -> float:
        """Packets/s that the node's functions handle."""
        return self.load.pps

    def to_dict(self) -> dict[str, Any]:
        """Return the node, its threshold, and its load by function and slot."""
        return {
            "event": self.kind,
            "node": self.node,
            "threshold_pps": self.threshold_pps,
            "load": self.load.to_dict(),
        }


class EventLoadHigh(EventLoadBase):
    """A node is loaded."""

    kind = "load_high"


class EventLoadLow(EventLoadBase):
    """A node is idle."""

    kind = "load_low"


handler.register_service("apps.me_app")
