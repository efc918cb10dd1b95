"""Multicast groups and clone sessions of BMv2, over Thrift.

Over P4Runtime they would not survive a program push: PI, BMv2's P4Runtime server, forgets them
while the switch keeps them, so setting them again doubles every packet (behavioral-model issues
434 and 891). Read from the sources of behavioral-model 1.15.5: neither a push nor a swap touches
the packet replication engine. So this module asks the switch itself, and leaves what is right.

In the engine a group has nodes, and a node has one replication id and a set of ports. Choices:
- A group is changed node by node, each by one atomic call. What is gained comes before what is
  lost: a packet in between may meet a port too many, never one too few.
- A copy that a group has twice, by a node too many, counts as a difference, and is removed.
- Thrift knows no arbitration. So a controller that is not primary is held back here.
- Clone sessions use the group with id 2^15 + session, as PI does. BMv2 has no truncation and no
  class of service for clones.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.errors import NodeFaulty, NodeRefused
from controller.southbound.driver import CloneSession, Replica
from controller.southbound.thrift_client import IDL, ThriftClient
from controller.southbound.wire import Wire

_CONTEXT = 0
_CLONE_GROUPS = 1 << 15
_PORTS = 512  # a longer port map would be cut without notice
_NO_LAGS = ""


@dataclass(frozen=True)
class PreNode:
    """A node of the packet replication engine."""

    handle: int
    rid: int
    ports: frozenset[int]


@dataclass(frozen=True)
class GroupChange:
    """What makes a group of nodes have exactly the wanted copies."""

    gains: Mapping[int, frozenset[int]]
    "New ports of existing nodes that get more of them, by handle."
    creations: Mapping[int, frozenset[int]]
    "Ports of new nodes, by replication id."
    losses: Mapping[int, frozenset[int]]
    "New ports of existing nodes that only lose some, by handle."
    removals: tuple[int, ...]
    "Handles of nodes without use."


class Bmv2Replication:
    """``ReplicationAccess`` over BMv2's Thrift server."""

    def __init__(self, wire: Wire, thrift: ThriftClient) -> None:
        self._node = wire.name
        self._session = wire.session
        self._thrift = thrift
        self._changing = threading.Lock()

    def groups(self) -> dict[int, frozenset[Replica]]:
        """Read all groups, except those of clone sessions."""
        found = self._read_groups("read of multicast groups")
        return {group: _replicas(nodes) for group, nodes in found.items() if group < _CLONE_GROUPS}

    def set_group(self, group_id: int, replicas: Iterable[Replica]) -> None:
        """Make a group exist with exactly these replicas."""
        asked = f"set of multicast group {group_id}"
        if not 0 < group_id < _CLONE_GROUPS:
            raise NodeRefused(self._node, asked, f"BMv2 takes ids 1 to {_CLONE_GROUPS - 1}")
        self._set_nodes(group_id, frozenset(replicas), asked)

    def delete_group(self, group_id: int) -> None:
        """Make a group not exist."""
        self._delete_nodes(group_id, f"delete of multicast group {group_id}")

    def clones(self) -> dict[int, CloneSession]:
        """Read the clone sessions that copy by a group; BMv2 cannot list any others."""
        asked = "read of clone sessions"
        found = self._read_groups(asked)
        return {
            group - _CLONE_GROUPS: CloneSession(_replicas(nodes))
            for group, nodes in found.items()
            if group >= _CLONE_GROUPS and self._mirrors_to(group - _CLONE_GROUPS, asked) == group
        }

    def set_clone(self, session_id: int, session: CloneSession) -> None:
        """Make a clone session exist with exactly this content."""
        asked = f"set of clone session {session_id}"
        if session.class_of_service or session.packet_length_bytes:
            raise NodeRefused(
                self._node, asked, "BMv2 has neither class of service nor truncation for clones"
            )
        if not 0 < session_id < _CLONE_GROUPS:
            raise NodeRefused(self._node, asked, f"BMv2 takes ids 1 to {_CLONE_GROUPS - 1}")
        group_id = _CLONE_GROUPS + session_id
        self._set_nodes(group_id, session.replicas, asked)
        if self._mirrors_to(session_id, asked) != group_id:
            config = IDL.MirroringSessionConfig(mgid=group_id)
            self._switch("mirroring_session_add", session_id, config, asked=asked)

    def delete_clone(self, session_id: int) -> None:
        """Make a clone session not exist."""
        asked = f"delete of clone session {session_id}"
        self._session.connection(asked, primary=True)
        try:
            self._switch("mirroring_session_delete", session_id, asked=asked)
        except NodeRefused as exc:
            if exc.code != "SESSION_NOT_FOUND":
                raise
        self._delete_nodes(_CLONE_GROUPS + session_id, asked)

    def _read_groups(self, asked: str) -> dict[int, list[PreNode]]:
        """Read which nodes each group has."""
        self._session.connection(asked)
        dump = self._pre("bm_mc_get_entries", asked=asked)
        try:
            return parse_entries(json.loads(dump))
        except (ValueError, KeyError, TypeError) as exc:
            reason = f"its replication engine's dump cannot be read: {exc!r}"
            raise NodeFaulty(self._node, asked, reason) from exc

    def _set_nodes(self, group_id: int, wanted: frozenset[Replica], asked: str) -> None:
        self._check_ports(wanted, asked)
        self._session.connection(asked, primary=True)
        with self._changing:
            nodes = self._read_groups(asked).get(group_id)
            if nodes is None:
                self._pre("bm_mc_mgrp_create", group_id, asked=asked)
            self._apply(group_id, plan_change(nodes or [], wanted), asked)

    def _apply(self, group_id: int, change: GroupChange, asked: str) -> None:
        for handle, ports in change.gains.items():
            self._pre("bm_mc_node_update", handle, port_map(ports), _NO_LAGS, asked=asked)
        for rid, ports in change.creations.items():
            handle = self._pre("bm_mc_node_create", rid, port_map(ports), _NO_LAGS, asked=asked)
            self._pre("bm_mc_node_associate", group_id, handle, asked=asked)
        for handle, ports in change.losses.items():
            self._pre("bm_mc_node_update", handle, port_map(ports), _NO_LAGS, asked=asked)
        for handle in change.removals:
            self._pre("bm_mc_node_destroy", handle, asked=asked)

    def _delete_nodes(self, group_id: int, asked: str) -> None:
        self._session.connection(asked, primary=True)
        with self._changing:
            nodes = self._read_groups(asked).get(group_id)
            if nodes is None:
                return
            for node in nodes:
                self._pre("bm_mc_node_destroy", node.handle, asked=asked)
            self._pre("bm_mc_mgrp_destroy", group_id, asked=asked)

    def _mirrors_to(self, session_id: int, asked: str) -> int | None:
        """Return the group that a clone session copies by; None if it has none."""
        try:
            return self._switch("mirroring_session_get", session_id, asked=asked).mgid
        except NodeRefused as exc:
            if exc.code != "SESSION_NOT_FOUND":
                raise
            return None

    def _check_ports(self, replicas: Iterable[Replica], asked: str) -> None:
        for replica in replicas:
            if not 0 <= replica.port < _PORTS:
                raise NodeRefused(
                    self._node, asked, f"port {replica.port} is not in 0 to {_PORTS - 1}"
                )

    def _pre(self, method: str, *arguments: Any, asked: str) -> Any:
        return self._thrift.call("simple_pre_lag", method, _CONTEXT, *arguments, asked=asked)

    def _switch(self, method: str, *arguments: Any, asked: str) -> Any:
        return self._thrift.call("simple_switch", method, *arguments, asked=asked)


def parse_entries(entries: Mapping[str, Any]) -> dict[int, list[PreNode]]:
    """Read the engine's dump: group id to nodes."""
    ports = {entry["handle"]: frozenset(entry["ports"]) for entry in entries["l2_handles"]}
    nodes = {
        entry["handle"]: PreNode(entry["handle"], entry["rid"], ports[entry["l2_handle"]])
        for entry in entries["l1_handles"]
    }
    return {group["id"]: [nodes[h] for h in group["l1_handles"]] for group in entries["mgrps"]}


def plan_change(nodes: Iterable[PreNode], wanted: frozenset[Replica]) -> GroupChange:
    """Plan how nodes come to make exactly the wanted copies, with as few changes as possible.

    Each node keeps what is wanted of it and no node before it makes; what is missing goes to the
    first node with the right replication id, or to a new one.
    """
    missing: dict[int, set[int]] = {}
    for replica in wanted:
        missing.setdefault(replica.instance, set()).add(replica.port)
    kept: dict[int, frozenset[int]] = {}
    nodes = list(nodes)
    for node in nodes:
        kept[node.handle] = node.ports & missing.get(node.rid, set())
        missing.get(node.rid, set()).difference_update(node.ports)
    for node in nodes:
        kept[node.handle] |= missing.pop(node.rid, set())
    return GroupChange(
        gains={n.handle: kept[n.handle] for n in nodes if kept[n.handle] - n.ports},
        creations={rid: frozenset(ports) for rid, ports in missing.items()},
        losses={n.handle: kept[n.handle] for n in nodes if set() < kept[n.handle] < n.ports},
        removals=tuple(n.handle for n in nodes if not kept[n.handle]),
    )


def port_map(ports: Iterable[int]) -> str:
    """Write a set of ports as the engine reads it: 0s and 1s, port 0 rightmost."""
    chosen = set(ports)
    return "".join("1" if port in chosen else "0" for port in range(max(chosen), -1, -1))


def _replicas(nodes: Iterable[PreNode]) -> frozenset[Replica]:
    return frozenset(Replica(port, node.rid) for node in nodes for port in node.ports)
