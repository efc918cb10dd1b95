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

if TYPE_CHECKING:
    from finsy.p4entity import P4DigestList

    from controller.migration.record import MigrationRecord
    from controller.model.placement import Placement
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
    EventPlacementChanged,
    EventMigrationStarted,
    EventMigrationStep,
    EventMigrationBlocked,
    EventMigrationEnded,
)
"What RPC clients that subscribed get."

handler.register_service("apps.me_app")
