"""Multicast groups and mirroring sessions over Thrift, and what P4Runtime sees of them."""

import json

import pytest
from finsy.proto import p4r
from p4rt import Update, insert
from thrift_clients import refusal

from switch.dataplane.messages import Replica
from switch.thrift.idl import IDL


def group(group_id, *replicas):
    """A group with these ports and instances; in an update of P4Runtime."""
    entry = p4r.PacketReplicationEngineEntry()
    entry.multicast_group_entry.multicast_group_id = group_id
    for port, instance in replicas:
        entry.multicast_group_entry.replicas.add(port=bytes([port]), instance=instance)
    return entry


def session(session_id, *replicas):
    entry = p4r.PacketReplicationEngineEntry()
    entry.clone_session_entry.session_id = session_id
    for port, instance in replicas:
        entry.clone_session_entry.replicas.add(port=bytes([port]), instance=instance)
    return entry


def change(kind, entry):
    return p4r.Update(type=kind, entity=p4r.Entity(packet_replication_engine_entry=entry))


def read(primary, entry):
    (entity,) = primary.read(p4r.Entity(packet_replication_engine_entry=entry))
    return entity.packet_replication_engine_entry


def dumped(thrift):
    """Of each group its nodes: handle, rid and ports; and all handles."""
    found = json.loads(thrift.simple_pre_lag.bm_mc_get_entries(0))
    ports = {item["handle"]: item["ports"] for item in found["l2_handles"]}
    nodes = {
        n["handle"]: (n["handle"], n["rid"], ports[n["l2_handle"]]) for n in found["l1_handles"]
    }
    return {g["id"]: [nodes[h] for h in g["l1_handles"]] for g in found["mgrps"]}, set(nodes)


@pytest.fixture
def pre(thrift):
    return thrift.simple_pre_lag


def test_a_group_of_nodes_is_a_group_of_replicas_for_p4runtime(thrift, pre, primary, rig):
    assert pre.bm_mc_mgrp_create(0, 7) == 7
    assert pre.bm_mc_node_create(0, 5, "1110", "") == 0
    assert pre.bm_mc_node_create(0, 6, "100", "") == 1
    pre.bm_mc_node_associate(0, 7, 0)
    pre.bm_mc_node_associate(0, 7, 1)
    copies = [(1, 5), (2, 5), (3, 5), (2, 6)]
    assert rig.plane.multicast_groups == {7: [Replica(*copy) for copy in copies]}
    assert read(primary, group(7)) == group(7, *copies)
    assert dumped(thrift) == ({7: [(0, 5, [1, 2, 3]), (1, 6, [2])]}, {0, 1})
    pre.bm_mc_node_update(0, 0, "1000", "")
    pre.bm_mc_node_dissociate(0, 7, 1)
    assert rig.plane.multicast_groups == {7: [Replica(3, 5)]}
    pre.bm_mc_node_destroy(0, 0)
    assert rig.plane.multicast_groups == {7: []}
    pre.bm_mc_mgrp_destroy(0, 7)
    assert rig.plane.multicast_groups == {}
    assert dumped(thrift) == ({}, {1})
    assert pre.bm_mc_node_create(0, 1, "1", "") == 0


def test_nodes_follow_what_p4runtime_makes_of_a_group(thrift, pre, primary, rig):
    primary.write(change(Update.INSERT, group(7, (1, 0), (2, 9), (3, 9))))
    assert dumped(thrift) == ({7: [(0, 0, [1]), (1, 9, [2, 3])]}, {0, 1})
    primary.write(change(Update.MODIFY, group(7, (2, 9), (1, 4))))
    assert dumped(thrift) == ({7: [(1, 9, [2]), (0, 4, [1])]}, {0, 1})
    pre.bm_mc_node_update(0, 1, "1010", "")
    assert rig.plane.multicast_groups == {7: [Replica(1, 9), Replica(3, 9), Replica(1, 4)]}
    primary.write(change(Update.DELETE, group(7)))
    assert dumped(thrift) == ({}, set())


def test_the_backups_of_a_replica_outlive_a_change_by_thrift(pre, primary, rig):
    entry = group(7, (1, 3))
    entry.multicast_group_entry.replicas[0].backup_replicas.add(port=b"\x02", instance=4)
    primary.write(change(Update.INSERT, entry))
    pre.bm_mc_node_associate(0, 7, pre.bm_mc_node_create(0, 0, "1000", ""))
    assert rig.plane.multicast_groups == {7: [Replica(1, 3, ((2, 4),)), Replica(3, 0)]}


def test_what_cannot_be_done_with_groups_has_bmv2s_code_and_changes_nothing(thrift, pre):
    pre.bm_mc_mgrp_create(0, 7)
    pre.bm_mc_node_create(0, 0, "10", "")
    pre.bm_mc_node_associate(0, 7, 0)
    before = dumped(thrift)
    for call, *arguments, code in (
        (pre.bm_mc_mgrp_create, 0, "INVALID_MGID"),
        (pre.bm_mc_mgrp_create, 1 << 16, "INVALID_MGID"),
        (pre.bm_mc_node_associate, 7, 0, "ERROR"),
        (pre.bm_mc_node_associate, 7, 1, "INVALID_L1_HANDLE"),
        (pre.bm_mc_node_associate, 8, 0, "INVALID_MGRP_HANDLE"),
        (pre.bm_mc_node_dissociate, 8, 0, "INVALID_MGRP_HANDLE"),
        (pre.bm_mc_node_destroy, 1, "INVALID_L1_HANDLE"),
        (pre.bm_mc_node_update, 0, "1" + "0" * 512, "", "ERROR"),
        (pre.bm_mc_node_update, 0, "10", "1", "ERROR"),
        (pre.bm_mc_node_create, 0, "2", "", "ERROR"),
        (pre.bm_mc_set_lag_membership, 0, "1", "ERROR"),
    ):
        assert refusal(call, 0, *arguments) == code
    assert dumped(thrift) == before
    pre.bm_mc_mgrp_create(0, 7)
    pre.bm_mc_mgrp_destroy(0, 99)
    assert dumped(thrift) == before


def test_a_session_with_a_port_is_made_replaced_read_and_deleted(thrift, primary, rig):
    switch = thrift.simple_switch
    assert refusal(switch.mirroring_session_get, 5) == "SESSION_NOT_FOUND"
    switch.mirroring_session_add(5, IDL.MirroringSessionConfig(port=2))
    switch.mirroring_session_add(5, IDL.MirroringSessionConfig(port=3))
    assert rig.plane.clone_sessions == {5: ([Replica(3)], 0)}
    assert read(primary, session(5)).clone_session_entry.replicas[0].egress_port == 3
    assert switch.mirroring_session_get(5) == IDL.MirroringSessionConfig(port=3)
    switch.mirroring_session_delete(5)
    assert rig.plane.clone_sessions == {}
    assert refusal(switch.mirroring_session_delete, 5) == "SESSION_NOT_FOUND"
    for session_id, port in ((0, 1), (-1, 1), (1 << 15, 1), (1, 512), (1, -1)):
        config = IDL.MirroringSessionConfig(port=port)
        assert refusal(switch.mirroring_session_add, session_id, config) == "SESSION_NOT_FOUND"


def test_a_session_with_a_group_makes_whatever_copies_the_group_makes(thrift, pre, primary, rig):
    switch = thrift.simple_switch
    switch.mirroring_session_add(5, IDL.MirroringSessionConfig(mgid=7))
    switch.mirroring_session_add(6, IDL.MirroringSessionConfig(port=1, mgid=7))
    assert rig.plane.clone_sessions == {5: ([], 0), 6: ([Replica(1)], 0)}
    primary.write(change(Update.INSERT, group(7, (2, 4), (1, 0))))
    copies = [Replica(2, 4), Replica(1, 0)]
    assert rig.plane.clone_sessions == {5: (copies, 0), 6: (copies[::-1], 0)}
    pre.bm_mc_node_associate(0, 7, pre.bm_mc_node_create(0, 0, "1000", ""))
    assert rig.plane.clone_sessions[5] == ([*copies, Replica(3, 0)], 0)
    assert switch.mirroring_session_get(5) == IDL.MirroringSessionConfig(mgid=7)
    assert switch.mirroring_session_get(6) == IDL.MirroringSessionConfig(port=1, mgid=7)
    primary.write(change(Update.MODIFY, session(5, (3, 0))))
    primary.write(change(Update.DELETE, group(7)))
    assert rig.plane.clone_sessions == {5: ([Replica(3, 0)], 0), 6: ([Replica(1)], 0)}
    assert switch.mirroring_session_get(5) == IDL.MirroringSessionConfig(port=3)


def test_a_session_of_p4runtime_with_several_copies_shows_as_a_group_as_with_pi(thrift, primary):
    primary.write(insert(packet_replication_engine_entry=session(5, (1, 0), (2, 0))))
    shown = thrift.simple_switch.mirroring_session_get(5)
    assert shown == IDL.MirroringSessionConfig(mgid=32768 + 5)
