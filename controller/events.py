"""All events of the management entity, for os-ken apps to observe.

An app receives one by ``@set_ev_cls(events.EventMigrationEnded)``; loading such an app loads the
management entity's app too. Whoever wants to look at the present state rather than at news
declares ``_CONTEXTS = {"me": ManagementEntity}`` and asks that object.

Choices: events carry immutable snapshots, so observers share nothing with the core. ``to_dict`` is
what RPC clients that subscribed get; its key ``event`` is the name of the kind of event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from os_ken.controller import event, handler

from controller.discovery.topology import host_dict

if TYPE_CHECKING:
    from finsy.p4entity import P4DigestList

    from controller.discovery.changes import Facing
    from controller.discovery.crowding import Limit
    from controller.discovery.topology import Topology
    from controller.forwarding.forwarder import Moved
    from controller.load.snapshot import LoadSnapshot, NodeLoad
    from controller.migration.record import MigrationRecord
    from controller.model.parts import Host, Link, Port
    from controller.model.placement import Placement
    from controller.planning.plan import ScalePlan
    from controller.scaling.gate import Held
    from controller.southbound.driver import PacketIn


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


class EventPlan(MeEvent):
    """A plan was made, begun, or came to its end."""

    kind = "plan"

    def __init__(
        self, plan: ScalePlan, state: str, reason: str = "", migrations: tuple[int, ...] = ()
    ) -> None:
        super().__init__()
        self.plan = plan
        self.state = state
        """``advised``: nobody carries it out. ``impossible``: there is nothing to be done.
        ``begun``, then ``finished``, ``failed`` or ``stopped``."""
        self.reason = reason
        "Why it failed or was stopped."
        self.migrations = migrations
        "Ids of the migrations that finished."

    def to_dict(self) -> dict[str, Any]:
        """Return the plan and what became of it."""
        return {
            "event": self.kind,
            "state": self.state,
            "reason": self.reason,
            "migrations": list(self.migrations),
            "plan": self.plan.to_dict(),
        }


class EventScalingPaused(MeEvent):
    """Nothing is moved any more because of load, until it is resumed."""

    kind = "scaling_paused"


class EventScalingResumed(MeEvent):
    """Load is acted on again."""

    kind = "scaling_resumed"


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


class EventMigrationBase(MeEvent):
    """News of a migration; the record is as it was at that moment."""

    def __init__(self, record: MigrationRecord) -> None:
        super().__init__()
        self.record = record

    def to_dict(self) -> dict[str, Any]:
        """Return kind and the whole record."""
        return {"event": self.kind, "migration": self.record.to_dict()}


class EventMigrationStarted(EventMigrationBase):
    """A migration was accepted and written down."""

    kind = "migration_started"


class EventMigrationStep(EventMigrationBase):
    """A step of a migration began or ended."""

    kind = "migration_step"


class EventMigrationBlocked(EventMigrationBase):
    """A migration waits for a node, or for an operator; the record's reason says for what."""

    kind = "migration_blocked"


class EventMigrationEnded(EventMigrationBase):
    """A migration is finished or undone: the record's state says which."""

    kind = "migration_ended"


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


PUBLISHED: tuple[type[MeEvent], ...] = (
    EventNodeUp,
    EventNodePrimary,
    EventNodeReady,
    EventNodeFailed,
    EventNodeDown,
    EventNodeEnter,
    EventNodeLeave,
    EventPortAdd,
    EventPortDelete,
    EventPortModify,
    EventPortLimitReached,
    EventPortLimitLeft,
    EventLinkAdd,
    EventLinkDelete,
    EventHostAdd,
    EventHostDelete,
    EventHostModify,
    EventHostMove,
    EventTopologyChanged,
    EventPlacementChanged,
    EventPathsMoved,
    EventPathsHeld,
    EventLoad,
    EventLoadHigh,
    EventLoadLow,
    EventPlan,
    EventScalingPaused,
    EventScalingResumed,
    EventMigrationStarted,
    EventMigrationStep,
    EventMigrationBlocked,
    EventMigrationEnded,
)
"What RPC clients that subscribed get."

handler.register_service("apps.me_app")
