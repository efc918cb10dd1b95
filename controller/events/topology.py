"""Events of the topology: nodes, ports, links and hosts that come, go and change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from os_ken.controller import event, handler

from controller.discovery.topology import host_dict
from controller.events.base import EventNodeBase, MeEvent

if TYPE_CHECKING:
    from controller.discovery.changes import Facing
    from controller.discovery.crowding import Limit
    from controller.discovery.topology import Topology
    from controller.model.parts import Host, Link, Port


class EventNodeEnter(EventNodeBase):
    """A node is up: it is ready, and packets pass it."""

    kind = "node_enter"


class EventNodeLeave(EventNodeBase):
    """A node is down, or no part of the network any more; its links and learned hosts are gone."""

    kind = "node_leave"


class EventPortBase(MeEvent):
    """Something happened to a port of a node."""

    def __init__(self, port: Port, facing: Facing | None = None) -> None:
        super().__init__()
        self.port = port
        self.facing = facing
        "What is at its other end now; None: the port is gone."

    def to_dict(self) -> dict[str, Any]:
        """Return kind, port and what it faces."""
        facing = self.facing.value if self.facing else None
        return {"event": self.kind, "port": str(self.port), "facing": facing}


class EventPortAdd(EventPortBase):
    """A port of a node that came up."""

    kind = "port_add"


class EventPortDelete(EventPortBase):
    """A port of a node that went down."""

    kind = "port_delete"


class EventPortModify(EventPortBase):
    """Something else is at a port's other end than before."""

    kind = "port_modify"


class EventPortLimitBase(MeEvent):
    """Something happened to a limit of what is looked at of what comes in at a port."""

    def __init__(self, port: Port, limit: Limit, reason: str = "") -> None:
        super().__init__()
        self.port = port
        self.limit = limit
        self.reason = reason

    def to_dict(self) -> dict[str, Any]:
        """Return kind, port, limit and, for people, why."""
        limit = {"port": str(self.port), "limit": self.limit.value, "reason": self.reason}
        return {"event": self.kind, **limit}


class EventPortLimitReached(EventPortLimitBase):
    """More comes in at a port than is looked at: somebody may be making up addresses."""

    kind = "port_limit_reached"


class EventPortLimitLeft(EventPortLimitBase):
    """What comes in at a port is within a limit again."""

    kind = "port_limit_left"


class EventLinkBase(MeEvent):
    """Something happened to a link between two nodes; it has no direction."""

    def __init__(self, link: Link, reason: str = "") -> None:
        super().__init__()
        self.link = link
        self.reason = reason

    def to_dict(self) -> dict[str, Any]:
        """Return kind, both ends and the reason."""
        ends = [str(self.link.a), str(self.link.b)]
        return {"event": self.kind, "link": ends, "reason": self.reason}


class EventLinkAdd(EventLinkBase):
    """A link can be used, in both directions."""

    kind = "link_add"


class EventLinkDelete(EventLinkBase):
    """A link cannot be used any more."""

    kind = "link_delete"


class EventHostBase(MeEvent):
    """Something happened to a host."""

    def __init__(self, host: Host, reason: str = "") -> None:
        super().__init__()
        self.host = host
        self.reason = reason

    def to_dict(self) -> dict[str, Any]:
        """Return kind, host and reason."""
        return {"event": self.kind, "host": host_dict(self.host), "reason": self.reason}


class EventHostAdd(EventHostBase):
    """A host is there."""

    kind = "host_add"


class EventHostDelete(EventHostBase):
    """A host is gone."""

    kind = "host_delete"


class EventHostModify(EventHostBase):
    """A host uses other addresses than were known; ``host`` is as it is now."""

    kind = "host_modify"


class EventHostMove(EventHostBase):
    """A host is at another port; ``host`` is as it is now, ``before`` as it was."""

    kind = "host_move"

    def __init__(self, before: Host, after: Host) -> None:
        super().__init__(after)
        self.before = before

    def to_dict(self) -> dict[str, Any]:
        """Return the host and where it was before."""
        return super().to_dict() | {"before": str(self.before.attached)}


class EventTopologyChanged(MeEvent):
    """The topology changed: one event for all changes that belong together, after their own."""

    kind = "topology_changed"

    def __init__(self, before: Topology, after: Topology) -> None:
        super().__init__()
        self.before = before
        self.after = after

    def to_dict(self) -> dict[str, Any]:
        """Return the topology after the change."""
        return {"event": self.kind, "topology": self.after.to_dict()}


class EventTopologyRequest(event.EventRequestBase):
    """Asks for the topology; ``apps.topology_api`` sends it."""

    def __init__(self) -> None:
        super().__init__()
        self.dst = "TopologyApp"


class EventTopologyReply(event.EventReplyBase):
    """Answers with a snapshot."""

    def __init__(self, dst: str, topology: Topology) -> None:
        super().__init__(dst)
        self.topology = topology


handler.register_service("apps.me_app")
