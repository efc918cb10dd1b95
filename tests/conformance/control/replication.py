"""Multicast groups and mirroring sessions: BMv2's CLI commands, as groups of P4Runtime.

BMv2 knows nodes (a replication id and its ports) which are associated with groups; P4Runtime knows
replicas. The nodes are kept here, and each change of a group is written as its new replicas.
"""

from __future__ import annotations

from finsy.proto import p4r

from tests.conformance.control.client import Client, ControlError
from tests.conformance.stf.statements import (
    GroupCreate,
    Mirror,
    NodeAssociate,
    NodeCreate,
    NodeUpdate,
)


class Replication:
    """The groups and sessions that a test has made."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._nodes: list[list[p4r.Replica]] = []
        self._groups: dict[int, list[int]] = {}
        self._sessions: dict[int, Mirror] = {}

    def create_group(self, statement: GroupCreate) -> None:
        """`mc_mgrp_create`."""
        self._groups[statement.group] = []
        self._client.insert(self._group(statement.group))

    def create_node(self, statement: NodeCreate) -> None:
        """`mc_node_create`."""
        self._nodes.append(_replicas(statement.instance, statement.ports))

    def update_node(self, statement: NodeUpdate) -> None:
        """`mc_node_update`."""
        replicas = self._node(statement.node)
        instance = replicas[0].instance if replicas else 0
        self._nodes[statement.node] = _replicas(instance, statement.ports)
        for group, nodes in self._groups.items():
            if statement.node in nodes:
                self._write(group)

    def associate(self, statement: NodeAssociate) -> None:
        """`mc_node_associate`."""
        self._node(statement.node)
        if statement.group not in self._groups:
            raise ControlError(f"there is no multicast group {statement.group}")
        self._groups[statement.group].append(statement.node)
        self._write(statement.group)

    def mirror(self, statement: Mirror) -> None:
        """`mirroring_add`, `mirroring_add_mc` (its group may come later), `mirroring_delete`."""
        if statement.port is None and statement.group is None:
            self._sessions.pop(statement.session, None)
            self._client.delete(_session(statement.session, []))
            return
        is_new = statement.session not in self._sessions
        self._sessions[statement.session] = statement
        entity = self._mirror(statement)
        if is_new:
            self._client.insert(entity)
        else:
            self._client.modify(entity)

    def read_session(self, session: int) -> None:
        """`mirroring_get`: the session must exist."""
        found = self._client.read(_session(session, []))
        if len(found) != 1:
            raise ControlError(f"{len(found)} mirroring sessions {session} were read, not 1")

    def _node(self, number: int) -> list[p4r.Replica]:
        if number >= len(self._nodes):
            raise ControlError(f"there is no node {number}")
        return self._nodes[number]

    def _write(self, group: int) -> None:
        self._client.modify(self._group(group))
        for session in self._sessions.values():
            if session.group == group:
                self._client.modify(self._mirror(session))

    def _group(self, group: int) -> p4r.Entity:
        entry = p4r.MulticastGroupEntry(
            multicast_group_id=group, replicas=self._group_replicas(group)
        )
        return p4r.Entity(
            packet_replication_engine_entry=p4r.PacketReplicationEngineEntry(
                multicast_group_entry=entry
            )
        )

    def _group_replicas(self, group: int | None) -> list[p4r.Replica]:
        nodes = self._groups.get(group, []) if group is not None else []
        return [replica for node in nodes for replica in self._nodes[node]]

    def _mirror(self, statement: Mirror) -> p4r.Entity:
        if statement.port is not None:
            return _session(statement.session, _replicas(0, (statement.port,)))
        return _session(statement.session, self._group_replicas(statement.group))


def _replicas(instance: int, ports: tuple[int, ...]) -> list[p4r.Replica]:
    return [p4r.Replica(egress_port=port, instance=instance) for port in ports]


def _session(session: int, replicas: list[p4r.Replica]) -> p4r.Entity:
    entry = p4r.CloneSessionEntry(session_id=session, replicas=replicas)
    return p4r.Entity(
        packet_replication_engine_entry=p4r.PacketReplicationEngineEntry(clone_session_entry=entry)
    )
