"""Reads that filter, and batches of updates, over P4Runtime."""

from everything_entries import DMAC, acl, default, dmac, entries
from finsy.proto import p4r
from p4rt import (
    Set,
    action,
    delete,
    everything_config,
    exact,
    failure,
    insert,
    modify,
    p4_id,
    table_entry,
)

from switch.dataplane.messages import Config


def read_keys(client, **fields):
    read = client.read(p4r.Entity(table_entry=p4r.TableEntry(**fields)))
    return [entity.table_entry.match[0].exact.value for entity in read]


def test_a_read_filters_by_action_and_metadata(primary):
    primary.write(
        insert(table_entry=dmac(b"\x01", metadata=b"a")),
        insert(table_entry=dmac(b"\x02", controller_metadata=6)),
        insert(table_entry=table_entry("dmac", [exact(1, b"\x03")], action("drop"))),
    )
    table_id = p4_id("dmac")
    by_action = p4r.TableAction(action=p4r.Action(action_id=p4_id("drop")))
    assert read_keys(primary, table_id=table_id, action=by_action) == [b"\x03"]
    assert read_keys(primary, table_id=table_id, metadata=b"a") == [b"\x01"]
    assert read_keys(primary, table_id=table_id, controller_metadata=6) == [b"\x02"]
    assert len(read_keys(primary, table_id=table_id)) == 3


def test_a_read_filters_by_priority(primary):
    primary.write(*[insert(table_entry=acl(priority=n)) for n in (1, 2, 3)])
    request = p4r.TableEntry(table_id=p4_id("acl"), priority=2)
    (read,) = primary.read(p4r.Entity(table_entry=request))
    assert read.table_entry.priority == 2


def test_a_read_of_all_tables_gets_constant_entries_too_and_takes_no_filter(primary):
    primary.write(insert(table_entry=dmac()))
    read = primary.read(p4r.Entity(table_entry=p4r.TableEntry()))
    assert len(read) == 1 + 3 + 1
    filtered = p4r.Entity(table_entry=p4r.TableEntry(metadata=b"x"))
    assert primary.read_refused(filtered) == ["INVALID_ARGUMENT"]


def test_a_read_of_a_missing_entry_finds_nothing(primary):
    assert primary.read(p4r.Entity(table_entry=dmac())) == []


def test_an_unknown_table_cannot_be_read(primary):
    request = p4r.Entity(table_entry=p4r.TableEntry(table_id=1))
    assert primary.read_refused(request) == ["INVALID_ARGUMENT"]


def test_each_update_of_a_batch_has_its_own_status_and_the_good_ones_are_done(rig, primary):
    good, bad = insert(table_entry=dmac(b"\x01")), insert(table_entry=dmac(b""))
    failed = failure(primary.write, good, bad, good, insert(table_entry=dmac(b"\x02")))
    assert failed.code.name == "UNKNOWN"
    assert failed.codes == ["OK", "INVALID_ARGUMENT", "ALREADY_EXISTS", "OK"]
    assert failed.elements[0].message == ""
    assert "match field" in failed.elements[1].message
    assert {(1,), (2,)} <= {name[1] for name in entries(rig)}


def test_a_batch_of_entries_with_counters_goes_to_the_data_plane_in_two_calls(rig, primary):
    data = p4r.CounterData(packet_count=1)
    rig.plane.calls.clear()
    primary.write(*[insert(table_entry=dmac(bytes([n]), counter_data=data)) for n in range(1, 101)])
    assert rig.plane.calls == [("write_table", 100), ("write_direct_counters", 100)]


def test_a_counter_is_written_before_its_entry_goes(rig, primary):
    data = p4r.CounterData(packet_count=1)
    primary.write(
        insert(table_entry=dmac(counter_data=data)),
        delete(table_entry=dmac()),
        insert(table_entry=dmac()),
    )
    assert rig.plane[Config.RUNNING].counters == {}


def test_rollback_on_error_does_all_or_nothing(rig, primary):
    before = dict(entries(rig))
    updates = [
        insert(table_entry=dmac(b"\x01")),
        modify(table_entry=default("dmac", action("forward", b"\x01"))),
        insert(table_entry=dmac(b"")),
    ]
    rollback = p4r.WriteRequest.ROLLBACK_ON_ERROR
    assert primary.refused(*updates, atomicity=rollback) == [
        "ABORTED",
        "ABORTED",
        "INVALID_ARGUMENT",
    ]
    assert entries(rig) == before
    assert DMAC not in rig.plane[Config.RUNNING].defaults
    assert primary.read(p4r.Entity(table_entry=dmac(b"\x01"))) == []
    primary.write(*updates[:2], atomicity=rollback)
    assert len(entries(rig)) == len(before) + 1


def test_data_plane_atomicity_is_unimplemented(primary):
    failed = failure(
        lambda: primary.write(
            insert(table_entry=dmac()), atomicity=p4r.WriteRequest.DATAPLANE_ATOMIC
        )
    )
    assert failed.code.name == "UNIMPLEMENTED"
    assert failed.elements == []


def test_what_the_data_plane_refuses_is_internal_and_is_not_kept(rig, primary):
    entries(rig)[DMAC, (10,), 0] = "put there behind the server's back"
    assert primary.refused(insert(table_entry=dmac()), insert(table_entry=dmac(b"\x01"))) == [
        "INTERNAL",
        "OK",
    ]
    assert primary.read(p4r.Entity(table_entry=dmac())) == []


def test_a_dead_worker_is_unavailable(rig, primary):
    rig.plane.is_gone = True
    assert failure(primary.write, insert(table_entry=dmac())).code.name == "UNAVAILABLE"


def test_a_large_read_comes_in_bounded_messages(primary):
    updates = [insert(table_entry=dmac(n.to_bytes(6, "big"))) for n in range(1, 3001)]
    primary.write(*updates)
    responses = primary.responses(p4r.Entity(table_entry=table_entry("dmac")))
    assert max(len(response.entities) for response in responses) <= 1024
    assert sum(len(response.entities) for response in responses) == 3000


def test_long_metadata_makes_messages_smaller(primary):
    updates = [insert(table_entry=dmac(bytes([n]), metadata=bytes(400_000))) for n in (1, 2, 3, 4)]
    primary.write(*updates)
    responses = primary.responses(p4r.Entity(table_entry=table_entry("dmac")))
    assert [len(response.entities) for response in responses] == [2, 2]


def test_entries_written_after_a_save_belong_to_the_saved_config(rig, primary):
    primary.write(insert(table_entry=dmac()))
    primary.set_config(Set.VERIFY_AND_SAVE, everything_config())
    assert primary.read(p4r.Entity(table_entry=dmac())) == []
    primary.write(insert(table_entry=dmac(port=b"\x05")))
    assert entries(rig)[DMAC, (10,), 0].args == (1,)
    primary.set_config(Set.COMMIT)
    assert entries(rig)[DMAC, (10,), 0].args == (5,)
