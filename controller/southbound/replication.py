"""Multicast groups and clone sessions over P4Runtime.

Choices: a target changes a group by one MODIFY, so no packet meets a part of the change. Setting
is idempotent: what is there already is read first and written only if it differs; what another
call put there in between is modified.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from finsy.p4entity import P4CloneSessionEntry, P4MulticastGroupEntry, P4Replica
from finsy.proto import p4r

from controller.errors import WriteFailed
from controller.southbound.driver import CloneSession, Replica
from controller.southbound.wire import Wire


class ReplicationAccess(Protocol):
    """How a kind of node gives access to its packet replication engine; see ``NodeDriver``."""

    def groups(self) -> dict[int, frozenset[Replica]]:
        """Read all groups."""

    def set_group(self, group_id: int, replicas: Iterable[Replica]) -> None:
        """Make a group exist with exactly these replicas."""

    def delete_group(self, group_id: int) -> None:
        """Make a group not exist."""

    def clones(self) -> dict[int, CloneSession]:
        """Read all clone sessions."""

    def set_clone(self, session_id: int, session: CloneSession) -> None:
        """Make a clone session exist with exactly this content."""

    def delete_clone(self, session_id: int) -> None:
        """Make a clone session not exist."""


class P4Replication:
    """``ReplicationAccess`` over P4Runtime."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def groups(self) -> dict[int, frozenset[Replica]]:
        """Read all groups."""
        entries = self._wire.read([P4MulticastGroupEntry()], "read of multicast groups")
        return {entry.multicast_group_id: _replicas(entry.replicas) for entry in entries}

    def set_group(self, group_id: int, replicas: Iterable[Replica]) -> None:
        """Make a group exist with exactly these replicas."""
        wanted = frozenset(replicas)
        found = self.groups().get(group_id)
        if found != wanted:
            entry = P4MulticastGroupEntry(group_id, replicas=sorted(wanted))
            self._put(entry, f"set of multicast group {group_id}", new=found is None)

    def delete_group(self, group_id: int) -> None:
        """Make a group not exist."""
        self._delete(P4MulticastGroupEntry(group_id), f"delete of multicast group {group_id}")

    def clones(self) -> dict[int, CloneSession]:
        """Read all clone sessions."""
        entries = self._wire.read([P4CloneSessionEntry()], "read of clone sessions")
        return {entry.session_id: _clone(entry) for entry in entries}

    def set_clone(self, session_id: int, session: CloneSession) -> None:
        """Make a clone session exist with exactly this content."""
        found = self.clones().get(session_id)
        if found != session:
            entry = P4CloneSessionEntry(
                session_id,
                class_of_service=session.class_of_service,
                packet_length_bytes=session.packet_length_bytes,
                replicas=sorted(session.replicas),
            )
            self._put(entry, f"set of clone session {session_id}", new=found is None)

    def delete_clone(self, session_id: int) -> None:
        """Make a clone session not exist."""
        self._delete(P4CloneSessionEntry(session_id), f"delete of clone session {session_id}")

    def _put(self, entry: Any, asked: str, *, new: bool) -> None:
        """Insert or modify, and do the other one if the node knows better what is there."""
        entity = entry.encode(self._wire.schema)
        insert = p4r.Update(type=p4r.Update.INSERT, entity=entity)
        modify = p4r.Update(type=p4r.Update.MODIFY, entity=entity)
        first, second, other = (
            (insert, modify, "ALREADY_EXISTS") if new else (modify, insert, "NOT_FOUND")
        )
        try:
            self._wire.write([first], asked)
        except WriteFailed as exc:
            if not exc.only(other):
                raise
            self._wire.write([second], asked)

    def _delete(self, entry: Any, asked: str) -> None:
        entity = entry.encode(self._wire.schema)
        try:
            self._wire.write([p4r.Update(type=p4r.Update.DELETE, entity=entity)], asked)
        except WriteFailed as exc:
            if not exc.only("NOT_FOUND"):
                raise


def _replicas(found: Iterable[Any]) -> frozenset[Replica]:
    """Read finsy's replicas, which are ports or port and instance."""
    return frozenset(
        Replica(replica.port, replica.instance)
        if isinstance(replica, P4Replica)
        else Replica(replica)
        for replica in found
    )


def _clone(entry: P4CloneSessionEntry) -> CloneSession:
    return CloneSession(
        _replicas(entry.replicas), entry.class_of_service, entry.packet_length_bytes
    )
