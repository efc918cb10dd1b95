"""Events of migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from os_ken.controller import handler

from controller.events.base import MeEvent

if TYPE_CHECKING:
    from controller.migration.record import MigrationRecord


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


handler.register_service("apps.me_app")
