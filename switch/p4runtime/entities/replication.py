"""Multicast groups and clone sessions (specification 1.4, "PacketReplicationEngineEntry").

They belong to the switch, not to its program, and outlive a change of the program as in BMv2.
The ranges of ids are those of v1model on BMv2: 16 bits of `mcast_grp`, 15 bits of mirror id.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from finsy.proto import p4r

from switch.dataplane.messages import Replica
from switch.p4runtime.bytestrings import decode, encode
from switch.p4runtime.effects import Call, Channel
from switch.p4runtime.entities.handler import EntityHandler
from switch.p4runtime.state import Mirror, Replication
from switch.p4runtime.status import already_exists, invalid_argument, not_found, unimplemented
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View

_GROUP_BITS = 16
_SESSION_BITS = 15
_PORT_BITS = 9
_INSTANCE_BITS = 16
_KEY = {"multicast_group_entry": "multicast_group_id", "clone_session_entry": "session_id"}
_NAMES = {"multicast_group_entry": "multicast group", "clone_session_entry": "clone session"}


class ReplicationHandler(EntityHandler):
    """Serves `packet_replication_engine_entry`."""

    kind = "packet_replication_engine_entry"

    def object_id(self, message: p4r.PacketReplicationEngineEntry) -> int:
        """None: the replication engine is not in P4Info."""
        return 0

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.PacketReplicationEngineEntry,
    ) -> None:
        """Insert, modify or delete a group or session."""
        kind = _kind(message)
        entry = getattr(message, kind)
        known = _objects(view, kind)
        object_id = getattr(entry, _KEY[kind])
        bits = _GROUP_BITS if kind == "multicast_group_entry" else _SESSION_BITS
        if not 0 < object_id < 1 << bits:
            raise invalid_argument(f"{_NAMES[kind]} {object_id} is not from 1 to {(1 << bits) - 1}")
        if update not in (p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE):
            raise invalid_argument("the type of the update is not set")
        if update == p4r.Update.INSERT and object_id in known:
            raise already_exists(f"{_NAMES[kind]} {object_id} exists already")
        if update != p4r.Update.INSERT and object_id not in known:
            raise not_found(f"there is no {_NAMES[kind]} {object_id}")
        if update == p4r.Update.DELETE:
            tx.remove(known, object_id)
            method = f"delete_{kind.removesuffix('_entry')}"
            tx.effect(Channel.REPLICATION, Call(method, (object_id,)))
        else:
            self._set(tx, known, kind, entry)
        self._follow(tx, view.replication, kind, object_id)

    def _set(self, tx: Transaction, known: MutableMapping[int, Any], kind: str, entry: Any) -> None:
        replicas = _replicas(entry)
        object_id = getattr(entry, _KEY[kind])
        arguments: tuple[Any, ...] = (object_id, replicas)
        if kind == "clone_session_entry":
            arguments += (_packet_length(entry),)
        copy = type(entry)()
        copy.CopyFrom(entry)
        for replica in copy.replicas:
            if replica.WhichOneof("port_kind") == "port":
                replica.port = encode(int.from_bytes(replica.port, "big"))
            for backup in replica.backup_replicas:
                backup.port = encode(int.from_bytes(backup.port, "big"))
        tx.put(known, object_id, copy)
        method = f"set_{kind.removesuffix('_entry')}"
        tx.effect(Channel.REPLICATION, Call(method, arguments))

    def _follow(self, tx: Transaction, replication: Replication, kind: str, object_id: int) -> None:
        """Let sessions follow the group that was written; one that was written follows none."""
        if kind == "clone_session_entry":
            if object_id in replication.mirrors:
                tx.remove(replication.mirrors, object_id)
            return
        for session_id, mirror in replication.mirrors.items():
            if mirror.group_id == object_id:
                session = mirrored(replication, session_id, mirror)
                self._set(tx, replication.sessions, "clone_session_entry", session)

    def read(self, view: View, message: p4r.PacketReplicationEngineEntry) -> Iterator[p4r.Entity]:
        """One group or session, or all; raises NOT_FOUND for one that is not there, as PI."""
        kind = _kind(message)
        known = _objects(view, kind)
        object_id = getattr(getattr(message, kind), _KEY[kind])
        if object_id and object_id not in known:
            raise not_found(f"there is no {_NAMES[kind]} {object_id}")
        found = [known[object_id]] if object_id else list(known.values())
        return self._messages(kind, found)

    def _messages(self, kind: str, found: list[Any]) -> Iterator[p4r.Entity]:
        for entry in found:
            entity = p4r.Entity()
            getattr(entity.packet_replication_engine_entry, kind).CopyFrom(entry)
            yield entity


def mirrored(replication: Replication, session_id: int, mirror: Mirror) -> p4r.CloneSessionEntry:
    """The session that a mirror is now."""
    session = p4r.CloneSessionEntry(session_id=session_id)
    if mirror.port is not None:
        session.replicas.add(egress_port=mirror.port)
    group = replication.groups.get(mirror.group_id) if mirror.group_id is not None else None
    if group is not None:
        session.replicas.extend(
            replica
            for replica in group.replicas
            if (replica_port(replica), replica.instance) != (mirror.port, 0)
        )
    return session


def replica_port(replica: p4r.Replica) -> int:
    """The port of a replica that was accepted."""
    if replica.WhichOneof("port_kind") == "port":
        return int.from_bytes(replica.port, "big")
    return replica.egress_port


def _kind(message: p4r.PacketReplicationEngineEntry) -> str:
    kind = message.WhichOneof("type")
    if kind is None:
        raise invalid_argument("neither a multicast group nor a clone session is given")
    return kind


def _objects(view: View, kind: str) -> MutableMapping[int, Any]:
    replication = view.replication
    return replication.groups if kind == "multicast_group_entry" else replication.sessions


def _replicas(
    entry: p4r.MulticastGroupEntry | p4r.CloneSessionEntry,
) -> tuple[Replica, ...]:
    replicas = tuple(_replica(replica) for replica in entry.replicas)
    if len({(replica.port, replica.instance) for replica in replicas}) < len(replicas):
        raise invalid_argument("two replicas have the same port and instance")
    return replicas


def _replica(message: p4r.Replica) -> Replica:
    kind = message.WhichOneof("port_kind")
    if kind is None:
        raise invalid_argument("a replica has no port")
    if message.backup_replicas and kind != "port":
        raise invalid_argument("a replica with backups is given its own port as `port`")
    if kind == "port":
        port = decode(message.port, _PORT_BITS, "the port of a replica")
    else:
        port = message.egress_port
    if port >> _PORT_BITS:
        raise invalid_argument(f"the port of a replica, {port}, does not fit {_PORT_BITS} bits")
    backups = tuple(
        (decode(backup.port, _PORT_BITS, "the port of a backup replica"), _instance(backup))
        for backup in message.backup_replicas
    )
    return Replica(port, _instance(message), backups)


def _instance(message: p4r.Replica | p4r.BackupReplica) -> int:
    if message.instance >> _INSTANCE_BITS:
        raise invalid_argument(
            f"the instance of a replica, {message.instance}, does not fit {_INSTANCE_BITS} bits"
        )
    return message.instance


def _packet_length(session: p4r.CloneSessionEntry) -> int:
    if session.class_of_service:
        raise unimplemented("a class of service for clones")
    if session.packet_length_bytes < 0:
        raise invalid_argument("packet_length_bytes may not be negative")
    return session.packet_length_bytes
