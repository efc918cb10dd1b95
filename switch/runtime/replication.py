"""The packet replication engine: multicast groups and clone sessions. It outlives programs."""

from __future__ import annotations

from collections.abc import Sequence

Copy = tuple[int, int]
"""A port, and the instance that becomes `egress_rid`."""

UNTRUNCATED = 0xFFFFFFFF


class ReplicationEngine:
    """What copies each group and each session makes."""

    def __init__(self) -> None:
        self.groups: dict[int, tuple[Copy, ...]] = {}
        self.sessions: dict[int, tuple[tuple[Copy, ...], int]] = {}
        """Copies, and the length in bytes that they are cut to."""

    def set_group(self, group_id: int, copies: Sequence[Copy]) -> None:
        """Create or replace a group."""
        self.groups[group_id] = tuple(copies)

    def delete_group(self, group_id: int) -> None:
        """Delete a group if it is there."""
        self.groups.pop(group_id, None)

    def set_session(self, session_id: int, copies: Sequence[Copy], limit: int) -> None:
        """Create or replace a session; limit 0: clones are not cut."""
        self.sessions[session_id] = (tuple(copies), limit or UNTRUNCATED)

    def delete_session(self, session_id: int) -> None:
        """Delete a session if it is there."""
        self.sessions.pop(session_id, None)
