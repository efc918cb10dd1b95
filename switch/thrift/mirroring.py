"""Mirroring sessions, which P4Runtime calls clone sessions.

A session of Thrift has a port, or a multicast group whose copies it makes. P4Runtime has replicas:
a session made there shows as its port if it is one copy without an instance, else, as with PI, as a
group of its own, numbered from 32768 on.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any

from finsy.proto import p4r

from switch.dataplane.errors import DataPlaneError
from switch.p4runtime.entities.replication import mirrored, replica_port
from switch.p4runtime.state import Mirror
from switch.p4runtime.status import StatusError, invalid_argument, not_found
from switch.thrift.calls import LOG, Calls
from switch.thrift.idl import IDL

_OWN_GROUPS = 1 << 15


class MirroringCalls(Calls):
    """The calls of `simple_switch` on mirroring sessions; there is but one code of error."""

    def mirroring_session_add(self, mirror_id: int, config: Any) -> None:
        """Make a session, or replace it."""
        with self._sessions() as sessions:
            if mirror_id < 0 or (config.port or 0) < 0:
                raise invalid_argument("neither a session nor a port is negative")
            mirror = Mirror(config.port, config.mgid)
            kind = p4r.Update.MODIFY if mirror_id in sessions else p4r.Update.INSERT
            entry = mirrored(self.device.replication, mirror_id, mirror)
            self.device.update([_update(kind, entry)])
            if mirror.group_id is not None:
                self.device.replication.mirrors[mirror_id] = mirror

    def mirroring_session_delete(self, mirror_id: int) -> None:
        """Delete a session."""
        with self._sessions() as sessions:
            _check_known(sessions, mirror_id)
            entry = p4r.CloneSessionEntry(session_id=mirror_id)
            self.device.update([_update(p4r.Update.DELETE, entry)])

    def mirroring_session_get(self, mirror_id: int) -> Any:
        """The port of a session, its group, or both."""
        with self._sessions() as sessions:
            _check_known(sessions, mirror_id)
            mirror = self.device.replication.mirrors.get(mirror_id)
            if mirror is None:
                mirror = _as_mirror(sessions[mirror_id])
            return IDL.MirroringSessionConfig(port=mirror.port, mgid=mirror.group_id)

    @contextmanager
    def _sessions(self) -> Iterator[dict[int, p4r.CloneSessionEntry]]:
        """All sessions, held while they are used."""
        with self.device.lock:
            try:
                yield self.device.replication.sessions
            except (StatusError, DataPlaneError) as error:
                LOG.info("refused over Thrift: %s", error)
                code = IDL.MirroringOperationErrorCode.SESSION_NOT_FOUND
                raise IDL.InvalidMirroringOperation(code=code) from error


def _check_known(sessions: Container[int], mirror_id: int) -> None:
    if mirror_id not in sessions:
        raise not_found(f"there is no mirroring session {mirror_id}")


def _as_mirror(session: p4r.CloneSessionEntry) -> Mirror:
    if len(session.replicas) == 1 and not session.replicas[0].instance:
        return Mirror(replica_port(session.replicas[0]), None)
    return Mirror(None, _OWN_GROUPS + session.session_id) if session.replicas else Mirror()


def _update(kind: p4r.Update.Type.ValueType, entry: p4r.CloneSessionEntry) -> p4r.Update:
    update = p4r.Update(type=kind)
    update.entity.packet_replication_engine_entry.clone_session_entry.CopyFrom(entry)
    return update
