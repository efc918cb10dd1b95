"""Counters, meters, registers, replication, action profiles, value sets and digest settings."""

import pytest
from finsy.proto import p4i, p4r
from p4rt import (
    EVERYTHING_P4INFO,
    Set,
    action,
    delete,
    everything_config,
    exact,
    insert,
    limits,
    lpm,
    modify,
    p4_id,
    table_entry,
)

from switch.dataplane.messages import (
    Config,
    CounterCell,
    GroupMember,
    MeterCell,
    MeterConfig,
    Replica,
)
from switch.p4json.objects import ActionCall, GroupRef, MemberRef, TernaryMatch

TOTALS = "EverythingIngress.totals"
HOPS = "EverythingIngress.hops"
WAYS = "EverythingIngress.ways"


def running(rig):
    return rig.plane[Config.RUNNING]


def with_index(message, index):
    if index is not None:
        message.index.index = index
        message.index.SetInParent()
    return message


def counter(index=None, alias="port_counter", **data):
    entry = with_index(p4r.CounterEntry(counter_id=p4_id(alias)), index)
    if data:
        entry.data.CopyFrom(p4r.CounterData(**data))
    return entry


def meter(index=None, alias="port_meter", **config):
    entry = with_index(p4r.MeterEntry(meter_id=p4_id(alias)), index)
    if config:
        entry.config.CopyFrom(p4r.MeterConfig(**config))
    return entry


def register(index=None, value=None, alias="totals"):
    entry = with_index(p4r.RegisterEntry(register_id=p4_id(alias)), index)
    if value is not None:
        entry.data.bitstring = value
    return entry


# -- counters


def test_a_counter_is_written_and_read_by_index_and_as_an_array(rig, primary):
    written = counter(3, packet_count=2, byte_count=128)
    primary.write(modify(counter_entry=written))
    assert running(rig).counter_arrays["EverythingIngress.port_counter"][3] == CounterCell(2, 128)
    assert primary.read(p4r.Entity(counter_entry=counter(3))) == [p4r.Entity(counter_entry=written)]
    whole = primary.read(p4r.Entity(counter_entry=counter()))
    assert [entity.counter_entry.index.index for entity in whole] == list(range(8))
    assert len(primary.read(p4r.Entity(counter_entry=p4r.CounterEntry()))) == 8


def test_a_counter_written_without_index_sets_the_array_and_without_data_nothing(rig, primary):
    primary.write(modify(counter_entry=counter(packet_count=1)))
    primary.write(modify(counter_entry=counter(2)))
    assert running(rig).counter_arrays["EverythingIngress.port_counter"] == [CounterCell(1, 0)] * 8


# -- meters


def counted_meter(index, **colours):
    """A meter entry with packets and bytes by colour."""
    entry = meter(index)
    entry.counter_data.SetInParent()
    for colour, (packets, octets) in colours.items():
        data = p4r.CounterData(packet_count=packets, byte_count=octets)
        getattr(entry.counter_data, colour).CopyFrom(data)
    return entry


def test_a_meter_is_configured_read_and_reset(rig, primary):
    written = meter(1, cir=1, cburst=2, pir=3, pburst=4)
    primary.write(modify(meter_entry=written))
    assert running(rig).meter_arrays["EverythingIngress.port_meter"][1] == MeterCell(
        MeterConfig(1, 2, 3, 4)
    )
    assert primary.read(p4r.Entity(meter_entry=meter(1))) == [p4r.Entity(meter_entry=written)]
    whole = primary.read(p4r.Entity(meter_entry=meter()))
    assert [entity.meter_entry.HasField("config") for entity in whole] == [0, 1, 0, 0]
    primary.write(modify(meter_entry=meter()))
    assert running(rig).meter_arrays["EverythingIngress.port_meter"] == [MeterCell()] * 4


def test_a_meters_counts_by_colour_are_read_if_asked_for_and_can_be_cleared(rig, primary):
    counts = (CounterCell(5, 500), CounterCell(), CounterCell(1, 100))
    meters = running(rig).meter_arrays["EverythingIngress.port_meter"]
    meters[1] = MeterCell(None, counts)
    (read,) = primary.read(p4r.Entity(meter_entry=counted_meter(1)))
    assert read.meter_entry == counted_meter(1, green=(5, 500), yellow=(0, 0), red=(1, 100))
    (read,) = primary.read(p4r.Entity(meter_entry=meter(1)))
    assert not read.meter_entry.HasField("counter_data")
    asked = [p4r.Entity(meter_entry=meter(0)), p4r.Entity(meter_entry=counted_meter(1))]
    without, with_counts = primary.read(*asked)
    assert not without.meter_entry.HasField("counter_data")
    assert with_counts.meter_entry.counter_data.green.packet_count == 5
    primary.write(modify(meter_entry=counted_meter(1)))
    assert meters[1] == MeterCell(None, (CounterCell(),) * 3)


# -- registers


def test_a_register_is_written_and_read_by_index_and_as_an_array(rig, primary):
    primary.write(modify(register_entry=register(3, b"\x01\x00")))
    assert running(rig).registers[TOTALS][3] == 256
    assert primary.read(p4r.Entity(register_entry=register(3))) == [
        p4r.Entity(register_entry=register(3, b"\x01\x00"))
    ]
    whole = primary.read(p4r.Entity(register_entry=register()))
    assert [e.register_entry.index.index for e in whole] == list(range(16))
    assert whole[0] == p4r.Entity(register_entry=register(0, b"\x00"))
    assert len(primary.read(p4r.Entity(register_entry=p4r.RegisterEntry()))) == 18


def test_a_register_written_without_index_is_filled(rig, primary):
    primary.write(modify(register_entry=register(value=b"\x09")))
    assert running(rig).registers[TOTALS] == [9] * 16


def test_signed_registers_carry_twos_complement(rig, primary):
    primary.write(modify(register_entry=register(1, b"\xff", alias="offsets")))
    assert running(rig).registers["EverythingIngress.offsets"] == [0, 255]
    primary.write(modify(register_entry=register(0, b"\x7f", alias="offsets")))
    read = primary.read(p4r.Entity(register_entry=register(alias="offsets")))
    assert [e.register_entry.data.bitstring for e in read] == [b"\x7f", b"\xff"]


def test_consecutive_cells_go_to_the_data_plane_together_in_both_directions(rig, primary):
    indices = [0, 1, 2, 7, 8, 3]
    rig.plane.calls.clear()
    primary.write(*[modify(register_entry=register(i, bytes([i + 1]))) for i in indices])
    assert rig.plane.calls == [
        ("write_registers", 0, 3),
        ("write_registers", 7, 2),
        ("write_registers", 3, 1),
    ]
    rig.plane.calls.clear()
    read = primary.read(*[p4r.Entity(register_entry=register(i)) for i in indices])
    assert [e.register_entry.data.bitstring for e in read] == [bytes([i + 1]) for i in indices]
    assert rig.plane.calls == [
        ("read_registers", 0, 3),
        ("read_registers", 7, 2),
        ("read_registers", 3, 1),
    ]


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (modify(register_entry=register(16, b"\x01")), "OUT_OF_RANGE"),
        (modify(register_entry=register(-1, b"\x01")), "INVALID_ARGUMENT"),
        (modify(register_entry=register(1, b"\x01" + bytes(4))), "INVALID_ARGUMENT"),
        (modify(register_entry=register(1, b"")), "INVALID_ARGUMENT"),
        (modify(register_entry=register(1)), "INVALID_ARGUMENT"),
        (insert(register_entry=register(1, b"\x01")), "INVALID_ARGUMENT"),
        (delete(register_entry=register(1)), "INVALID_ARGUMENT"),
        (modify(register_entry=register(0, b"\x00\x80", alias="offsets")), "INVALID_ARGUMENT"),
        (modify(register_entry=p4r.RegisterEntry(register_id=5)), "INVALID_ARGUMENT"),
        (modify(register_entry=p4r.RegisterEntry()), "INVALID_ARGUMENT"),
        (modify(counter_entry=counter(8, packet_count=1)), "OUT_OF_RANGE"),
        (modify(counter_entry=counter(-1, packet_count=1)), "INVALID_ARGUMENT"),
        (modify(counter_entry=counter(1, byte_count=-1)), "INVALID_ARGUMENT"),
        (insert(counter_entry=counter(1, packet_count=1)), "INVALID_ARGUMENT"),
        (delete(counter_entry=counter(1)), "INVALID_ARGUMENT"),
        (modify(counter_entry=counter(alias="dmac_counter")), "INVALID_ARGUMENT"),
        (modify(meter_entry=meter(4, pir=1)), "OUT_OF_RANGE"),
        (modify(meter_entry=meter(-1, pir=1)), "INVALID_ARGUMENT"),
        (modify(meter_entry=meter(1, cir=1)), "INVALID_ARGUMENT"),
        (insert(meter_entry=meter(1, pir=1)), "INVALID_ARGUMENT"),
        (modify(meter_entry=counted_meter(1, green=(-1, 0))), "INVALID_ARGUMENT"),
        (modify(meter_entry=counted_meter(1, yellow=(1, 0))), "INVALID_ARGUMENT"),
    ],
)
def test_an_array_update_that_cannot_be_done_is_refused(shared_primary, update, code):
    assert shared_primary.refused(update) == [code]


@pytest.mark.parametrize(
    ("entity", "code"),
    [
        (p4r.Entity(register_entry=register(16)), "OUT_OF_RANGE"),
        (p4r.Entity(register_entry=register(-1)), "INVALID_ARGUMENT"),
        (p4r.Entity(register_entry=p4r.RegisterEntry(register_id=9)), "INVALID_ARGUMENT"),
        (p4r.Entity(register_entry=with_index(p4r.RegisterEntry(), 1)), "INVALID_ARGUMENT"),
        (p4r.Entity(counter_entry=counter(8)), "OUT_OF_RANGE"),
        (p4r.Entity(meter_entry=meter(9)), "OUT_OF_RANGE"),
        (p4r.Entity(extern_entry=p4r.ExternEntry(extern_type_id=0x81)), "UNIMPLEMENTED"),
        (p4r.Entity(), "INVALID_ARGUMENT"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(shared_primary, entity, code):
    assert shared_primary.read_refused(entity) == [code]


def test_the_good_requests_of_a_batch_are_answered_and_each_has_its_status(primary):
    entities = [
        p4r.Entity(register_entry=register(0)),
        p4r.Entity(register_entry=register(99)),
        p4r.Entity(counter_entry=counter(1)),
        p4r.Entity(),
    ]
    request = p4r.ReadRequest(device_id=7, entities=entities)
    call = primary.stub.Read(request)
    (response,) = [next(call)]
    assert [e.WhichOneof("entity") for e in response.entities] == [
        "register_entry",
        "counter_entry",
    ]
    assert primary.read_refused(*entities) == ["OK", "OUT_OF_RANGE", "OK", "INVALID_ARGUMENT"]


def test_a_wildcard_read_of_externs_finds_none(primary):
    assert primary.read(p4r.Entity(extern_entry=p4r.ExternEntry())) == []


# -- replication


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


# -- action profiles


def member(member_id=1, profile="hops", act=None):
    return p4r.ActionProfileMember(
        action_profile_id=p4_id(profile),
        member_id=member_id,
        action=act or action("set_hop", bytes([member_id])),
    )


def selector_group(group_id=1, members=((1, 1),), max_size=0, **watch):
    message = p4r.ActionProfileGroup(
        action_profile_id=p4_id("ways"), group_id=group_id, max_size=max_size
    )
    for member_id, weight in members:
        message.members.add(member_id=member_id, weight=weight, **watch)
    return message


def indirect(alias="profiled", **reference):
    entry = table_entry(alias, [exact(1, b"\x01")])
    for field, value in reference.items():
        setattr(entry.action, field, value)
    return entry


def read_entry(client, entry):
    request = p4r.TableEntry(table_id=entry.table_id, match=entry.match)
    return client.read(p4r.Entity(table_entry=request))


def test_members_are_written_and_read(rig, primary):
    primary.write(insert(action_profile_member=member(1)), insert(action_profile_member=member(2)))
    primary.write(modify(action_profile_member=member(2, act=action("forward", b"\x03"))))
    assert running(rig).members[HOPS, 2] == ActionCall("EverythingIngress.forward", (3,))
    request = p4r.ActionProfileMember(action_profile_id=p4_id("hops"), member_id=1)
    assert primary.read(p4r.Entity(action_profile_member=request)) == [
        p4r.Entity(action_profile_member=member(1))
    ]
    everything = p4r.Entity(action_profile_member=p4r.ActionProfileMember())
    assert len(primary.read(everything)) == 2
    primary.write(delete(action_profile_member=member(1)))
    assert len(primary.read(everything)) == 1


def test_an_entry_refers_to_a_member_and_keeps_it_from_being_deleted(rig, primary):
    primary.write(insert(action_profile_member=member()))
    entry = indirect(action_profile_member_id=1)
    primary.write(insert(table_entry=entry))
    assert running(rig).entries["EverythingIngress.profiled", (1,), 0] == MemberRef(1)
    assert read_entry(primary, entry) == [p4r.Entity(table_entry=entry)]
    assert primary.refused(delete(action_profile_member=member())) == ["FAILED_PRECONDITION"]
    primary.write(delete(table_entry=entry))
    primary.write(delete(action_profile_member=member()))
    assert running(rig).members == {}


def test_an_entry_that_changes_its_member_frees_the_former_one(primary):
    primary.write(*[insert(action_profile_member=member(n)) for n in (1, 2)])
    primary.write(insert(table_entry=indirect(action_profile_member_id=1)))
    primary.write(modify(table_entry=indirect(action_profile_member_id=2)))
    primary.write(delete(action_profile_member=member(1)))
    assert primary.refused(delete(action_profile_member=member(2))) == ["FAILED_PRECONDITION"]


def test_a_refused_batch_leaves_no_reference_behind(primary):
    primary.write(insert(action_profile_member=member()))
    primary.refused(
        insert(table_entry=indirect(action_profile_member_id=1)),
        insert(table_entry=indirect(action_profile_member_id=9)),
        atomicity=p4r.WriteRequest.ROLLBACK_ON_ERROR,
    )
    primary.write(delete(action_profile_member=member()))


def test_a_group_is_written_read_and_used(rig, primary):
    primary.write(*[insert(action_profile_member=member(n, "ways")) for n in (1, 2)])
    message = selector_group(members=((1, 1), (2, 2)), max_size=3, watch_port=b"\x00\x02")
    primary.write(insert(action_profile_group=message))
    assert running(rig).groups[WAYS, 1] == (GroupMember(1, 1, 2), GroupMember(2, 2, 2))
    for row in message.members:
        row.watch_port = b"\x02"
    request = p4r.ActionProfileGroup(action_profile_id=p4_id("ways"))
    assert primary.read(p4r.Entity(action_profile_group=request)) == [
        p4r.Entity(action_profile_group=message)
    ]
    entry = indirect("selected", action_profile_group_id=1)
    primary.write(insert(table_entry=entry))
    assert running(rig).entries["EverythingIngress.selected", (1,), 0] == GroupRef(1)
    assert read_entry(primary, entry) == [p4r.Entity(table_entry=entry)]
    assert primary.refused(delete(action_profile_group=message)) == ["FAILED_PRECONDITION"]
    assert primary.refused(delete(action_profile_member=member(1, "ways"))) == [
        "FAILED_PRECONDITION"
    ]
    primary.write(modify(action_profile_group=selector_group(members=((2, 1),), max_size=3)))
    primary.write(delete(action_profile_member=member(1, "ways")))
    primary.write(delete(table_entry=entry))
    primary.write(delete(action_profile_group=selector_group()))
    primary.write(delete(action_profile_member=member(2, "ways")))
    assert running(rig).groups == running(rig).members == {}


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (insert(action_profile_member=member(0)), "INVALID_ARGUMENT"),
        (insert(action_profile_member=member(7, "ways")), "ALREADY_EXISTS"),
        (modify(action_profile_member=member(8, "ways")), "NOT_FOUND"),
        (delete(action_profile_member=member(8, "ways")), "NOT_FOUND"),
        (
            insert(
                action_profile_member=p4r.ActionProfileMember(
                    action_profile_id=p4_id("ways"), member_id=9
                )
            ),
            "INVALID_ARGUMENT",
        ),
        (insert(action_profile_member=member(9, "ways", action("drop"))), "INVALID_ARGUMENT"),
        (
            insert(action_profile_member=p4r.ActionProfileMember(member_id=1)),
            "INVALID_ARGUMENT",
        ),
        (insert(action_profile_group=selector_group(0, ())), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((8, 1),))), "NOT_FOUND"),
        (insert(action_profile_group=selector_group(2, ((7, 0),))), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, -1),))), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 1), (7, 1)))), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 1),), 4)), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 1),), -1)), "INVALID_ARGUMENT"),
        (insert(action_profile_group=selector_group(2, ((7, 4),))), "RESOURCE_EXHAUSTED"),
        (insert(action_profile_group=selector_group(2, ((7, 2),), 1)), "RESOURCE_EXHAUSTED"),
        (
            insert(action_profile_group=selector_group(2, ((7, 1),), watch_port=b"\x09")),
            "INVALID_ARGUMENT",
        ),
        (modify(action_profile_group=selector_group(2, ((7, 1),))), "NOT_FOUND"),
        (delete(action_profile_group=selector_group(2, ())), "NOT_FOUND"),
        (
            insert(
                action_profile_group=p4r.ActionProfileGroup(
                    action_profile_id=p4_id("hops"), group_id=1
                )
            ),
            "INVALID_ARGUMENT",
        ),
        (insert(table_entry=indirect(action_profile_member_id=3)), "NOT_FOUND"),
        (insert(table_entry=indirect("selected", action_profile_group_id=3)), "NOT_FOUND"),
        (insert(table_entry=indirect(action_profile_group_id=3)), "INVALID_ARGUMENT"),
        (
            insert(
                table_entry=table_entry("profiled", [exact(1, b"\x01")], action("set_hop", b"\x01"))
            ),
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_a_profile_update_that_cannot_be_done_is_refused(primary, update, code):
    primary.write(insert(action_profile_member=member(7, "ways")))
    assert primary.refused(update) == [code]


def test_a_group_that_exists_and_a_changed_max_size_are_refused(primary):
    primary.write(insert(action_profile_member=member(1, "ways")))
    primary.write(insert(action_profile_group=selector_group(max_size=2)))
    assert primary.refused(insert(action_profile_group=selector_group(max_size=2))) == [
        "ALREADY_EXISTS"
    ]
    assert primary.refused(modify(action_profile_group=selector_group(max_size=3))) == [
        "INVALID_ARGUMENT"
    ]


def test_a_full_action_profile_is_resource_exhausted(primary):
    primary.write(*[insert(action_profile_member=member(n)) for n in (1, 2, 3, 4)])
    assert primary.refused(insert(action_profile_member=member(5))) == ["RESOURCE_EXHAUSTED"]


# -- one-shots


def one_shot(*hops, weight=1, key=b"\x01", **watch):
    entry = table_entry("selected", [exact(1, key)])
    actions = entry.action.action_profile_action_set.action_profile_actions
    for hop in hops:
        actions.add(action=action("set_hop", bytes([hop])), weight=weight, **watch)
    return entry


def test_a_one_shot_is_a_group_of_its_own_and_read_back_as_it_was_written(rig, primary):
    entry = one_shot(1, 2, watch_port=b"\x01")
    primary.write(insert(table_entry=entry))
    state = running(rig)
    assert len(state.members) == 2
    ((_, group_members),) = state.groups.items()
    assert [(m.weight, m.watch_port) for m in group_members] == [(1, 1), (1, 1)]
    assert read_entry(primary, entry) == [p4r.Entity(table_entry=entry)]
    for kind in ("action_profile_member", "action_profile_group"):
        request = p4r.Entity()
        getattr(request, kind).SetInParent()
        assert primary.read(request) == []
    primary.write(modify(table_entry=one_shot(3)))
    assert len(state.members) == len(state.groups) == 1
    primary.write(delete(table_entry=entry))
    assert state.members == state.groups == {}


def test_entries_cannot_be_filtered_by_member(primary):
    request = p4r.Entity(table_entry=indirect(action_profile_member_id=1))
    assert primary.read_refused(request) == ["INVALID_ARGUMENT"]


def test_one_shots_and_members_do_not_mix_in_a_profile(primary):
    primary.write(insert(table_entry=one_shot(1)))
    assert primary.refused(insert(action_profile_member=member(1, "ways"))) == ["INVALID_ARGUMENT"]
    primary.write(delete(table_entry=one_shot(1)))
    primary.write(insert(action_profile_member=member(1, "ways")))
    assert primary.refused(insert(table_entry=one_shot(1))) == ["INVALID_ARGUMENT"]


def sized(entry, **fields):
    for field, value in fields.items():
        setattr(entry.action.action_profile_action_set, field, value)
    return entry


def test_a_one_shot_may_say_that_its_members_count_and_not_their_weights(primary):
    by_members = p4r.ActionProfileActionSet.SUM_OF_MEMBERS
    heavy = sized(one_shot(1, 2, weight=5), size_semantics=by_members)
    primary.write(insert(table_entry=heavy))
    assert read_entry(primary, heavy) == [p4r.Entity(table_entry=heavy)]


def profile_config(**fields):
    config = everything_config()
    ways = next(p for p in config.p4info.action_profiles if p.preamble.alias == "ways")
    for field, value in fields.items():
        if field == "sum_of_members":
            ways.sum_of_members.max_member_weight = value
        else:
            setattr(ways, field, value)
    return config


def test_a_selector_that_counts_members_limits_each_weight_by_itself(rig):
    client = rig.primary(config=False)
    client.set_config(Set.VERIFY_AND_COMMIT, profile_config(sum_of_members=4))
    client.write(insert(table_entry=one_shot(1, 2, weight=4)))
    heavy = insert(table_entry=one_shot(1, weight=5, key=b"\x02"))
    assert client.refused(heavy) == ["INVALID_ARGUMENT"]
    many = insert(table_entry=one_shot(1, 2, 3, 4, key=b"\x02"))
    assert client.refused(many) == ["INVALID_ARGUMENT"]


def test_a_selector_without_weights_takes_none(rig):
    client = rig.primary(config=False)
    client.set_config(Set.VERIFY_AND_COMMIT, profile_config(weights_disallowed=True))
    assert client.refused(insert(table_entry=one_shot(1))) == ["INVALID_ARGUMENT"]
    client.write(insert(table_entry=one_shot(1, 2, weight=0)))
    ((_, members),) = running(rig).groups.items()
    assert [member.weight for member in members] == [1, 1]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (
            sized(one_shot(1), action_selection_mode=p4r.ActionProfileActionSet.RANDOM),
            "UNIMPLEMENTED",
        ),
        (one_shot(1, weight=0), "INVALID_ARGUMENT"),
        (one_shot(1, weight=4), "INVALID_ARGUMENT"),
        (one_shot(1, 2, 3, 4), "INVALID_ARGUMENT"),
        (one_shot(1, watch_port=b"\x09"), "INVALID_ARGUMENT"),
        (one_shot(1, watch=9), "INVALID_ARGUMENT"),
    ],
)
def test_an_impossible_one_shot_is_refused_and_leaves_nothing(
    shared_rig, shared_primary, entry, code
):
    assert shared_primary.refused(insert(table_entry=entry)) == [code]
    assert running(shared_rig).members == running(shared_rig).groups == {}


def test_one_shots_fill_the_action_profile(primary):
    shots = [insert(table_entry=one_shot(1, 2, 3, key=bytes([n]))) for n in (1, 2)]
    primary.write(*shots)
    third = one_shot(1, 2, 3, key=b"\x03")
    assert primary.refused(insert(table_entry=third)) == ["RESOURCE_EXHAUSTED"]
    primary.write(delete(table_entry=one_shot(key=b"\x01")))
    primary.write(insert(table_entry=third))


# -- value sets


def value_set(*values):
    entry = p4r.ValueSetEntry(value_set_id=p4_id("special_types"))
    for value in values:
        entry.members.add().match.append(exact(1, value))
    return entry


def test_a_value_set_is_replaced_read_and_emptied(rig, primary):
    primary.write(modify(value_set_entry=value_set(b"\x08\x00", b"\x00\x06")))
    name = "EverythingParser.special_types"
    assert running(rig).value_sets[name] == [
        TernaryMatch(0x800, 0xFFFF),
        TernaryMatch(6, 0xFFFF),
    ]
    expected = [p4r.Entity(value_set_entry=value_set(b"\x08\x00", b"\x06"))]
    assert primary.read(p4r.Entity(value_set_entry=value_set())) == expected
    assert primary.read(p4r.Entity(value_set_entry=p4r.ValueSetEntry())) == expected
    primary.write(modify(value_set_entry=value_set()))
    assert running(rig).value_sets[name] == []


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (insert(value_set_entry=value_set(b"\x01")), "INVALID_ARGUMENT"),
        (delete(value_set_entry=value_set()), "INVALID_ARGUMENT"),
        (modify(value_set_entry=p4r.ValueSetEntry()), "INVALID_ARGUMENT"),
        (modify(value_set_entry=value_set(b"\x01", b"\x00\x01")), "ALREADY_EXISTS"),
        (modify(value_set_entry=value_set(*[bytes([n]) for n in range(5)])), "RESOURCE_EXHAUSTED"),
        (modify(value_set_entry=value_set(b"\x01\x00\x00")), "INVALID_ARGUMENT"),
    ],
)
def test_a_value_set_update_that_cannot_be_done_is_refused(shared_primary, update, code):
    assert shared_primary.refused(update) == [code]


def ranged_rig(rig):
    config = everything_config()
    config.p4info.value_sets[0].match[0].match_type = p4i.MatchField.RANGE
    client = rig.primary(config=False)
    client.set_config(Set.VERIFY_AND_COMMIT, config)
    return client


def test_a_range_in_a_value_set_is_its_prefixes_and_is_read_as_a_range(rig):
    client = ranged_rig(rig)
    entry = value_set()
    entry.members.add(match=[limits(1, b"\x05", b"\x08")])
    client.write(modify(value_set_entry=entry))
    (members,) = running(rig).value_sets.values()
    assert members == [
        TernaryMatch(5, 0xFFFF),
        TernaryMatch(6, 0xFFFE),
        TernaryMatch(8, 0xFFFF),
    ]
    assert client.read(p4r.Entity(value_set_entry=entry)) == [p4r.Entity(value_set_entry=entry)]


def test_a_value_set_takes_other_match_kinds_as_p4info_has_them(rig):
    client = rig.primary(config=False)
    config = everything_config()
    config.p4info.value_sets[0].match[0].match_type = p4i.MatchField.LPM
    client.set_config(Set.VERIFY_AND_COMMIT, config)
    entry = value_set()
    entry.members.add().match.append(lpm(1, b"\x08\x00", 8))
    client.write(modify(value_set_entry=entry))
    (members,) = running(rig).value_sets.values()
    assert members == [TernaryMatch(0x800, 0xFF00)]


# -- digest settings


def digest(**config):
    return p4r.DigestEntry(digest_id=p4_id("learn_t"), config=p4r.DigestEntry.Config(**config))


def test_digest_settings_are_inserted_modified_read_and_deleted(primary):
    everything = p4r.Entity(digest_entry=p4r.DigestEntry())
    assert primary.read(everything) == []
    primary.write(insert(digest_entry=digest(max_list_size=1)))
    primary.write(modify(digest_entry=digest(max_timeout_ns=5)))
    assert primary.read(everything) == [p4r.Entity(digest_entry=digest(max_timeout_ns=5))]
    primary.write(delete(digest_entry=digest()))
    assert primary.read(everything) == []


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (modify(digest_entry=digest()), "NOT_FOUND"),
        (delete(digest_entry=digest()), "NOT_FOUND"),
        (insert(digest_entry=p4r.DigestEntry(digest_id=3)), "INVALID_ARGUMENT"),
        (insert(digest_entry=digest(ack_timeout_ns=-1)), "INVALID_ARGUMENT"),
        (p4r.Update(entity=p4r.Entity(digest_entry=digest())), "INVALID_ARGUMENT"),
    ],
)
def test_a_digest_update_that_cannot_be_done_is_refused(shared_primary, update, code):
    assert shared_primary.refused(update) == [code]


def test_the_p4info_of_these_tests_has_every_kind_of_object():
    assert all(
        getattr(EVERYTHING_P4INFO, kind)
        for kind in (
            "tables",
            "actions",
            "action_profiles",
            "counters",
            "direct_counters",
            "meters",
            "direct_meters",
            "controller_packet_metadata",
            "value_sets",
            "registers",
            "digests",
        )
    )
