"""The packet replication engine: multicast groups and clone sessions. It outlives programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Copy = tuple[int, int]
"""A port, and the instance that becomes `egress_rid`."""

Choices = Sequence[Copy]
"""A replica's own port and instance, and those of its backups, the first that is up to be used."""

UNTRUNCATED = 0xFFFFFFFF


class ReplicationEngine:
    """What copies each group and each session makes."""

    def __init__(self, port_is_up: Mapping[int, bool]) -> None:
        """`port_is_up` is looked at anew whenever `port_changed` is called."""
        self.groups: dict[int, tuple[Copy, ...]] = {}
        self.sessions: dict[int, tuple[tuple[Copy, ...], int]] = {}
        """Copies, and the length in bytes that they are cut to."""
        self._port_is_up = port_is_up
        self._backed_groups: dict[int, Sequence[Choices]] = {}
        self._backed_sessions: dict[int, Sequence[Choices]] = {}
        """As they were set, those of which a replica has backups."""

    def set_group(self, group_id: int, replicas: Sequence[Choices]) -> None:
        """Create or replace a group."""
        _remember(self._backed_groups, group_id, replicas)
        self.groups[group_id] = self._copies(replicas)

    def delete_group(self, group_id: int) -> None:
        """Delete a group if it is there."""
        self._backed_groups.pop(group_id, None)
        self.groups.pop(group_id, None)

    def set_session(self, session_id: int, replicas: Sequence[Choices], limit: int) -> None:
        """Create or replace a session; limit 0: clones are not cut."""
        _remember(self._backed_sessions, session_id, replicas)
        self.sessions[session_id] = (self._copies(replicas), limit or UNTRUNCATED)

    def delete_session(self, session_id: int) -> None:
        """Delete a session if it is there."""
        self._backed_sessions.pop(session_id, None)
        self.sessions.pop(session_id, None)

    def port_changed(self) -> None:
        """Have backups stand in for ports that are down, and stand back."""
        for group_id, replicas in self._backed_groups.items():
            self.groups[group_id] = self._copies(replicas)
        for session_id, replicas in self._backed_sessions.items():
            _, limit = self.sessions[session_id]
            self.sessions[session_id] = (self._copies(replicas), limit)

    def _copies(self, replicas: Sequence[Choices]) -> tuple[Copy, ...]:
        """Of each replica the first choice that is up; the first one if none is."""
        is_up = self._port_is_up
        return tuple(
            next((copy for copy in choices if is_up.get(copy[0])), choices[0])
            for choices in replicas
        )


def _remember(backed: dict[int, Sequence[Choices]], key: int, replicas: Sequence[Choices]) -> None:
    backed.pop(key, None)
    if any(len(choices) > 1 for choices in replicas):
        backed[key] = replicas
