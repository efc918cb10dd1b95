"""Multicast as BMv2 has it: groups of nodes, and a node makes a copy for each of its ports.

P4Runtime knows groups and their replicas only. So the nodes are kept here; a group's replicas are
the copies of its nodes, and every change of these is an update of the group. Where P4Runtime has
changed a group its nodes follow when Thrift asks next: one for each instance, as PI makes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from finsy.proto import p4r

from switch.dataplane.errors import DataPlaneError
from switch.p4runtime.bytestrings import encode
from switch.p4runtime.device import Device
from switch.p4runtime.entities.replication import replica_port
from switch.p4runtime.handles import Places
from switch.p4runtime.status import StatusError
from switch.thrift.calls import LOG, Calls
from switch.thrift.idl import IDL

_MAX_GROUP_ID = (1 << 16) - 1
_Copy = tuple[int, int]
"""A port and an instance, which BMv2 calls rid."""


class _Node(NamedTuple):
    rid: int
    ports: tuple[int, ...]
    group_id: int | None = None

    def copies(self) -> list[_Copy]:
        return [(port, self.rid) for port in self.ports]


class _Group(NamedTuple):
    handles: tuple[int, ...]
    """Of its nodes."""
    entry: p4r.MulticastGroupEntry
    """What P4Runtime has: another one if it was changed there."""


class MulticastCalls(Calls):
    """The calls of `simple_pre_lag`. There are no link aggregation groups (LAG)."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self._nodes: dict[int, _Node] = {}
        self._handles = Places()
        """Of nodes."""
        self._groups: dict[int, _Group] = {}

    def bm_mc_mgrp_create(self, cxt_id: int, mgrp: int) -> int:
        """Create a group, if it is not there; its handle is its id."""
        with self._engine(cxt_id):
            if not 0 < mgrp <= _MAX_GROUP_ID:
                raise _error("INVALID_MGID")
            if mgrp not in self._groups:
                self._write(p4r.Update.INSERT, mgrp, (), self._nodes)
        return mgrp

    def bm_mc_mgrp_destroy(self, cxt_id: int, mgrp_handle: int) -> None:
        """Destroy a group, if it is there; its nodes stay."""
        with self._engine(cxt_id):
            if mgrp_handle not in self._groups:
                return
            entry = p4r.MulticastGroupEntry(multicast_group_id=mgrp_handle)
            self.device.update([_update(p4r.Update.DELETE, entry)])
            for handle in self._groups.pop(mgrp_handle).handles:
                self._nodes[handle] = self._nodes[handle]._replace(group_id=None)

    def bm_mc_node_create(self, cxt_id: int, rid: int, port_map: str, lag_map: str) -> int:
        """Create a node that is in no group; its handle."""
        with self._engine(cxt_id):
            node = _Node(rid & 0xFFFF, _ports(port_map, lag_map))
            return self._add_node(node)

    def bm_mc_node_associate(self, cxt_id: int, mgrp_handle: int, l1_handle: int) -> None:
        """Put a node into a group."""
        with self._engine(cxt_id):
            node, group = self._node(l1_handle), self._group(mgrp_handle)
            if node.group_id is not None:
                raise _error("ERROR")
            nodes = {**self._nodes, l1_handle: node._replace(group_id=mgrp_handle)}
            self._write(p4r.Update.MODIFY, mgrp_handle, (*group.handles, l1_handle), nodes)

    def bm_mc_node_dissociate(self, cxt_id: int, mgrp_handle: int, l1_handle: int) -> None:
        """Take a node out of a group."""
        with self._engine(cxt_id):
            node = self._node(l1_handle)
            self._group(mgrp_handle)
            if node.group_id != mgrp_handle:
                raise _error("ERROR")
            self._take_out(l1_handle, node)

    def bm_mc_node_destroy(self, cxt_id: int, l1_handle: int) -> None:
        """Destroy a node, whether it is in a group or not."""
        with self._engine(cxt_id):
            self._take_out(l1_handle, self._node(l1_handle))
            self._forget([l1_handle])

    def bm_mc_node_update(self, cxt_id: int, l1_handle: int, port_map: str, lag_map: str) -> None:
        """Give a node other ports."""
        with self._engine(cxt_id):
            node = self._node(l1_handle)._replace(ports=_ports(port_map, lag_map))
            nodes = {**self._nodes, l1_handle: node}
            if node.group_id is None:
                self._nodes = nodes
            else:
                handles = self._group(node.group_id).handles
                self._write(p4r.Update.MODIFY, node.group_id, handles, nodes)

    def bm_mc_set_lag_membership(self, cxt_id: int, lag_index: int, port_map: str) -> None:
        """Refused."""
        LOG.info("refused over Thrift: there are no LAGs; give nodes the ports themselves")
        raise _error("ERROR")

    def bm_mc_get_entries(self, cxt_id: int) -> str:
        """Everything, as JSON; level 2 is what BMv2 keeps the ports of a node in."""
        with self._engine(cxt_id):
            groups = [{"id": i, "l1_handles": g.handles} for i, g in sorted(self._groups.items())]
            nodes = sorted(self._nodes.items())
            level_1 = [{"handle": h, "rid": node.rid, "l2_handle": h} for h, node in nodes]
            level_2 = [{"handle": h, "ports": node.ports, "lags": []} for h, node in nodes]
        return json.dumps(
            {"mgrps": groups, "l1_handles": level_1, "l2_handles": level_2, "lags": []}
        )

    def reset(self) -> None:
        """Destroy all groups and nodes. Raises `StatusError`; the lock must be held."""
        groups = self.device.replication.groups.values()
        self.device.update([_update(p4r.Update.DELETE, entry) for entry in groups])
        self._groups.clear()
        self._nodes.clear()
        self._handles = Places()

    @contextmanager
    def _engine(self, cxt_id: int) -> Iterator[None]:
        """The replication engine, held while it is used; nodes are up to date."""
        with self.device.lock:
            if cxt_id != 0:
                raise _error("ERROR")
            self._follow()
            try:
                yield
            except (StatusError, DataPlaneError) as error:
                LOG.info("refused over Thrift: %s", error)
                raise _error("ERROR") from error

    def _follow(self) -> None:
        """Take note of groups that P4Runtime has changed."""
        entries = self.device.replication.groups
        for group_id in self._groups.keys() - entries.keys():
            self._forget(self._groups.pop(group_id).handles)
        for group_id, entry in entries.items():
            known = self._groups.get(group_id)
            if known is None or known.entry is not entry:
                self._groups[group_id] = _Group(self._nodes_for(group_id, entry), entry)

    def _nodes_for(self, group_id: int, entry: p4r.MulticastGroupEntry) -> tuple[int, ...]:
        """The nodes of a group as P4Runtime has it: those that it had, as far as they fit."""
        known = self._groups.get(group_id)
        before = known.handles if known is not None else ()
        ports: dict[int, list[int]] = {}
        for replica in entry.replicas:
            ports.setdefault(replica.instance, []).append(replica_port(replica))
        by_rid = {self._nodes[handle].rid: handle for handle in before}
        self._forget([handle for handle in before if handle not in by_rid.values()])
        self._forget([by_rid[rid] for rid in by_rid.keys() - ports.keys()])
        handles = []
        for rid, its_ports in ports.items():
            node = _Node(rid, tuple(sorted(its_ports)), group_id)
            if rid in by_rid:
                self._nodes[by_rid[rid]] = node
            handles.append(by_rid[rid] if rid in by_rid else self._add_node(node))
        return tuple(handles)

    def _add_node(self, node: _Node) -> int:
        """Add a node; its handle."""
        handle = self._handles.take()
        self._nodes[handle] = node
        return handle

    def _forget(self, handles: Sequence[int]) -> None:
        for handle in handles:
            del self._nodes[handle]
            self._handles.vacate(handle)

    def _take_out(self, handle: int, node: _Node) -> None:
        """Take a node out of its group, if it is in one."""
        if node.group_id is None:
            return
        others = tuple(h for h in self._groups[node.group_id].handles if h != handle)
        nodes = {**self._nodes, handle: node._replace(group_id=None)}
        self._write(p4r.Update.MODIFY, node.group_id, others, nodes)

    def _write(
        self,
        kind: p4r.Update.Type.ValueType,
        group_id: int,
        handles: tuple[int, ...],
        nodes: dict[int, _Node],
    ) -> None:
        """Give a group other nodes, and remember these if it can have them."""
        known = self._groups.get(group_id)
        before = {} if known is None else {_copy_of(item): item for item in known.entry.replicas}
        entry = p4r.MulticastGroupEntry(multicast_group_id=group_id)
        entry.replicas.extend(_replicas(handles, nodes, before))
        self.device.update([_update(kind, entry)])
        self._nodes = nodes
        self._groups[group_id] = _Group(handles, self.device.replication.groups[group_id])

    def _node(self, handle: int) -> _Node:
        if handle not in self._nodes:
            raise _error("INVALID_L1_HANDLE")
        return self._nodes[handle]

    def _group(self, handle: int) -> _Group:
        if handle not in self._groups:
            raise _error("INVALID_MGRP_HANDLE")
        return self._groups[handle]


def _replicas(
    handles: Sequence[int], nodes: Mapping[int, _Node], before: Mapping[_Copy, p4r.Replica]
) -> Iterator[p4r.Replica]:
    """The copies that nodes make. Those that were there keep what only P4Runtime knows of."""
    for handle in handles:
        for port, rid in nodes[handle].copies():
            known = before.get((port, rid))
            yield p4r.Replica(port=encode(port), instance=rid) if known is None else known


def _copy_of(replica: p4r.Replica) -> _Copy:
    return replica_port(replica), replica.instance


def _update(kind: p4r.Update.Type.ValueType, entry: p4r.MulticastGroupEntry) -> p4r.Update:
    update = p4r.Update(type=kind)
    update.entity.packet_replication_engine_entry.multicast_group_entry.CopyFrom(entry)
    return update


def _ports(port_map: str, lag_map: str) -> tuple[int, ...]:
    """The ports of a map, a string of bits of which the last is port 0."""
    if "1" in lag_map:
        LOG.info("refused over Thrift: there are no LAGs; give nodes the ports themselves")
        raise _error("ERROR")
    if not set(port_map) <= {"0", "1"}:
        raise _error("ERROR")
    return tuple(port for port, bit in enumerate(reversed(port_map)) if bit == "1")


def _error(code: str) -> Exception:
    return IDL.InvalidMcOperation(code=getattr(IDL.McOperationErrorCode, code))
