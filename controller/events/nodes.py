"""Events of nodes: their sessions, what they enforce, what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from os_ken.controller import event, handler

from controller.events.base import EventNodeBase, MeEvent

if TYPE_CHECKING:
    from finsy.p4entity import P4DigestList

    from controller.model.placement import Placement
    from controller.southbound.driver import PacketIn


class EventNodeUp(EventNodeBase):
    """There is a session with a node; another controller may still be its primary."""

    kind = "node_up"


class EventNodePrimary(EventNodeBase):
    """This controller is a node's primary now and sets it up."""

    kind = "node_primary"


class EventNodeReady(EventNodeBase):
    """A node runs what it should, and takes part in migrations."""

    kind = "node_ready"


class EventNodeFailed(EventNodeBase):
    """A node could not be set up; it is tried again."""

    kind = "node_failed"


class EventNodeDown(EventNodeBase):
    """The session with a node is lost; it goes on by itself with what it has."""

    kind = "node_down"


class EventPlacementChanged(MeEvent):
    """Nodes enforce other slots than before, or others of them can be asked."""

    kind = "placement_changed"

    def __init__(self, before: Placement, after: Placement) -> None:
        super().__init__()
        self.before = before
        self.after = after

    def to_dict(self) -> dict[str, Any]:
        """Return the placement after the change."""
        return {"event": self.kind, "placement": self.after.to_dict()}


class EventPacketIn(event.EventBase):
    """A node sent a packet to its controller."""

    def __init__(self, node: str, packet: PacketIn) -> None:
        super().__init__()
        self.node = node
        self.packet = packet


class EventDigest(event.EventBase):
    """A node sent a list of digests."""

    def __init__(self, node: str, digest: P4DigestList) -> None:
        super().__init__()
        self.node = node
        self.digest = digest


handler.register_service("apps.me_app")
