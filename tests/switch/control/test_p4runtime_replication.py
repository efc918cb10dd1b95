"""Multicast groups and clone sessions."""

import pytest
from finsy.proto import p4r
from p4rt import (
    Set,
    delete,
    everything_config,
    insert,
    modify,
)

from switch.dataplane.messages import Replica


def group(group_id=1, ports=(b"\x01", b"\x02"), **fields):
    replicas = [p4r.Replica(port=port, instance=1) for port in ports]
    return p4r.PacketReplicationEngineEntry(
        multicast_group_entry=p4r.MulticastGroupEntry(
            multicast_group_id=group_id, replicas=replicas, **fields
        )
    )


def session(session_id=5, ports=(b"\x02",), **fields):
    replicas = [p4r.Replica(port=port) for port in ports]
    return p4r.PacketReplicationEngineEntry(
        clone_session_entry=p4r.CloneSessionEntry(
            session_id=session_id, replicas=replicas, **fields
        )
    )


def pre(message):
    return {"packet_replication_engine_entry": message}


def test_a_multicast_group_is_inserted_modified_read_and_deleted(rig, primary):
    primary.write(insert(**pre(group(metadata=b"note"))))
    assert rig.plane.multicast_groups == {1: [Replica(1, 1), Replica(2, 1)]}
    assert primary.read(p4r.Entity(**pre(group()))) == [p4r.Entity(**pre(group(metadata=b"note")))]
    primary.write(modify(**pre(group(ports=(b"\x00\x03",)))))
    assert rig.plane.multicast_groups == {1: [Replica(3, 1)]}
    assert primary.read(p4r.Entity(**pre(group(0, ())))) == [
        p4r.Entity(**pre(group(ports=(b"\x03",))))
    ]
    primary.write(delete(**pre(group(ports=()))))
    assert rig.plane.multicast_groups == {}
    assert primary.read_refused(p4r.Entity(**pre(group()))) == ["NOT_FOUND"]
    assert primary.read(p4r.Entity(**pre(group(0, ())))) == []


def test_the_deprecated_port_number_of_a_replica_is_kept_as_it_was_written(rig, primary):
    entry = group(ports=())
    entry.multicast_group_entry.replicas.add(egress_port=2, instance=3)
    primary.write(insert(**pre(entry)))
    assert rig.plane.multicast_groups == {1: [Replica(2, 3)]}
    assert primary.read(p4r.Entity(**pre(entry))) == [p4r.Entity(**pre(entry))]


def test_a_clone_session_is_inserted_modified_read_and_deleted(rig, primary):
    primary.write(insert(**pre(session(packet_length_bytes=100))))
    assert rig.plane.clone_sessions == {5: ([Replica(2, 0)], 100)}
    primary.write(modify(**pre(session())))
    assert rig.plane.clone_sessions == {5: ([Replica(2, 0)], 0)}
    assert primary.read(p4r.Entity(**pre(session(0, ())))) == [p4r.Entity(**pre(session()))]
    primary.write(delete(**pre(session(ports=()))))
    assert rig.plane.clone_sessions == {}


def test_groups_and_sessions_survive_a_change_of_the_program(rig, primary):
    primary.write(insert(**pre(group())), insert(**pre(session())))
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config())
    primary.set_config(Set.COMMIT)
    primary.set_config(Set.VERIFY_AND_COMMIT, everything_config())
    assert primary.read(p4r.Entity(**pre(group(0, ())))) == [p4r.Entity(**pre(group()))]
    assert primary.refused(insert(**pre(group())), insert(**pre(session()))) == [
        "ALREADY_EXISTS",
        "ALREADY_EXISTS",
    ]
    assert 1 in rig.plane.multicast_groups


def test_a_replica_has_backups(rig, primary):
    backups = [p4r.BackupReplica(port=b"\x00\x03", instance=4), p4r.BackupReplica(port=b"\x02")]
    entry = replica(port=b"\x01", instance=3, backup_replicas=backups)
    primary.write(insert(**pre(entry)))
    assert rig.plane.multicast_groups == {1: [Replica(1, 3, ((3, 4), (2, 0)))]}
    backups[0].port = b"\x03"
    expected = replica(port=b"\x01", instance=3, backup_replicas=backups)
    assert primary.read(p4r.Entity(**pre(entry))) == [p4r.Entity(**pre(expected))]


def replica(**fields):
    entry = group(ports=())
    entry.multicast_group_entry.replicas.add(**fields)
    return entry


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (insert(**pre(group(0))), "INVALID_ARGUMENT"),
        (insert(**pre(group(1 << 16))), "INVALID_ARGUMENT"),
        (insert(**pre(group(ports=(b"\x01", b"\x00\x01")))), "INVALID_ARGUMENT"),
        (insert(**pre(group(ports=(b"",)))), "INVALID_ARGUMENT"),
        (insert(**pre(group(ports=(b"\x02\x00",)))), "INVALID_ARGUMENT"),
        (insert(**pre(replica(egress_port=512))), "INVALID_ARGUMENT"),
        (insert(**pre(replica(instance=1))), "INVALID_ARGUMENT"),
        (insert(**pre(replica(port=b"\x01", instance=1 << 16))), "INVALID_ARGUMENT"),
        (
            insert(**pre(replica(port=b"\x01", backup_replicas=[p4r.BackupReplica()]))),
            "INVALID_ARGUMENT",
        ),
        (
            insert(
                **pre(replica(egress_port=1, backup_replicas=[p4r.BackupReplica(port=b"\x02")]))
            ),
            "INVALID_ARGUMENT",
        ),
        (modify(**pre(group())), "NOT_FOUND"),
        (delete(**pre(group())), "NOT_FOUND"),
        (insert(**pre(session(0))), "INVALID_ARGUMENT"),
        (insert(**pre(session(1 << 15))), "INVALID_ARGUMENT"),
        (insert(**pre(session(class_of_service=1))), "UNIMPLEMENTED"),
        (insert(**pre(session(packet_length_bytes=-1))), "INVALID_ARGUMENT"),
        (insert(**pre(p4r.PacketReplicationEngineEntry())), "INVALID_ARGUMENT"),
        (p4r.Update(entity=p4r.Entity(**pre(group()))), "INVALID_ARGUMENT"),
    ],
)
def test_a_replication_update_that_cannot_be_done_is_refused(
    shared_rig, shared_primary, update, code
):
    assert shared_primary.refused(update) == [code]
    assert shared_rig.plane.multicast_groups == shared_rig.plane.clone_sessions == {}
