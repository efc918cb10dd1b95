"""Table entries over P4Runtime: what is accepted, what is refused and how, what is read back."""

import pytest
from finsy.proto import p4r
from p4rt import (
    Set,
    action,
    delete,
    everything_config,
    exact,
    failure,
    insert,
    limits,
    lpm,
    modify,
    optional,
    p4_id,
    table_entry,
    ternary,
)

from switch.dataplane.messages import Config, CounterCell, MeterCell, MeterConfig
from switch.p4json.objects import ActionCall

DMAC = "EverythingIngress.dmac"
ACL = "EverythingIngress.acl"
FORWARD = "EverythingIngress.forward"


def dmac(address=b"\x0a", port=b"\x01", **fields):
    return table_entry("dmac", [exact(1, address)], action("forward", port), **fields)


def acl(priority=5, match=None, act=None, **fields):
    if match is None:
        match = [exact(4, b"\x01")]
    return table_entry("acl", match, act or action("set_hop", b"\x03"), priority=priority, **fields)


def smac(address=b"\x0a", **fields):
    return table_entry("smac", [exact(1, address)], action("learn"), **fields)


def route(length=8, value=b"\x0a\x00\x00\x00\x00\x00", act=None, **fields):
    return table_entry("route", [lpm(1, value, length)], act or action("set_color"), **fields)


def entries(rig):
    return rig.plane[Config.RUNNING].entries


def test_an_inserted_entry_reaches_the_data_plane_and_is_read_back_as_written(rig, primary):
    entry = dmac(metadata=b"note", controller_metadata=17)
    primary.write(insert(table_entry=entry))
    assert entries(rig)[DMAC, (10,), 0] == ActionCall(FORWARD, (1,))
    read = primary.read(p4r.Entity(table_entry=p4r.TableEntry(table_id=p4_id("dmac"))))
    assert read == [p4r.Entity(table_entry=entry)]


def test_padded_byte_strings_are_accepted_and_read_back_in_canonical_form(primary):
    entry = dmac(address=b"\x00\x00\x00\x00\x00\x00\x00\x0a", port=b"\x00\x00\x01")
    primary.write(insert(table_entry=entry))
    assert primary.read(p4r.Entity(table_entry=dmac())) == [p4r.Entity(table_entry=dmac())]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (dmac(address=b""), "INVALID_ARGUMENT"),
        (dmac(address=b"\x01" + bytes(6)), "INVALID_ARGUMENT"),
        (dmac(port=b"\x02\x00"), "INVALID_ARGUMENT"),
        (dmac(port=b""), "INVALID_ARGUMENT"),
        (dmac(priority=1), "INVALID_ARGUMENT"),
        (dmac(is_const=True), "INVALID_ARGUMENT"),
        (dmac(idle_timeout_ns=1), "INVALID_ARGUMENT"),
        (dmac(time_since_last_hit=p4r.TableEntry.IdleTimeout()), "INVALID_ARGUMENT"),
        (dmac(meter_config=p4r.MeterConfig()), "INVALID_ARGUMENT"),
        (dmac(counter_data=p4r.CounterData(packet_count=-1)), "INVALID_ARGUMENT"),
        (dmac(meter_counter_data=p4r.MeterCounterData()), "INVALID_ARGUMENT"),
        (p4r.TableEntry(), "INVALID_ARGUMENT"),
        (p4r.TableEntry(table_id=p4_id("forward")), "INVALID_ARGUMENT"),
        (p4r.TableEntry(table_id=0x02FFFFFF), "INVALID_ARGUMENT"),
        (table_entry("dmac", [exact(1, b"\x01")]), "INVALID_ARGUMENT"),
        (table_entry("dmac", [exact(9, b"\x01")], action("drop")), "INVALID_ARGUMENT"),
        (table_entry("dmac", [lpm(1, b"\x01", 48)], action("drop")), "INVALID_ARGUMENT"),
        (table_entry("dmac", [p4r.FieldMatch(field_id=1)], action("drop")), "INVALID_ARGUMENT"),
        (table_entry("dmac", [exact(1, b"\x01")] * 2, action("drop")), "INVALID_ARGUMENT"),
        (table_entry("dmac", [], action("drop")), "INVALID_ARGUMENT"),
        (table_entry("dmac", [exact(1, b"\x01")], action("learn")), "INVALID_ARGUMENT"),
        (table_entry("dmac", [exact(1, b"\x01")], p4r.Action()), "INVALID_ARGUMENT"),
        (table_entry("dmac", [exact(1, b"\x01")], action("forward")), "INVALID_ARGUMENT"),
        (
            table_entry("dmac", [exact(1, b"\x01")], action("forward", b"\x01", b"\x02")),
            "INVALID_ARGUMENT",
        ),
        (table_entry("keyless", [], action("set_hop", b"\x01")), "INVALID_ARGUMENT"),
        (route(length=0), "INVALID_ARGUMENT"),
        (route(length=49), "INVALID_ARGUMENT"),
        (route(length=-1), "INVALID_ARGUMENT"),
        (route(length=4), "INVALID_ARGUMENT"),
        (acl(priority=0), "INVALID_ARGUMENT"),
        (acl(priority=-4), "INVALID_ARGUMENT"),
        (acl(match=[exact(4, b"\x01"), ternary(1, b"\x01", b"\x00")]), "INVALID_ARGUMENT"),
        (acl(match=[exact(4, b"\x01"), ternary(1, b"\x03", b"\x01")]), "INVALID_ARGUMENT"),
        (acl(match=[exact(4, b"\x01"), limits(2, b"\x05", b"\x04")]), "INVALID_ARGUMENT"),
        (acl(match=[exact(4, b"\x01"), limits(2, b"\x00", b"\xff\xff")]), "INVALID_ARGUMENT"),
        (acl(match=[exact(4, b"\x01"), optional(3, b"\x02\x00")]), "INVALID_ARGUMENT"),
        (acl(match=[optional(3, b"\x01")]), "INVALID_ARGUMENT"),
        (acl(act=action("only_default")), "PERMISSION_DENIED"),
        (table_entry("fixed", [ternary(1, b"\x01", b"\x01")], priority=9), "PERMISSION_DENIED"),
    ],
)
def test_a_malformed_entry_is_refused_with_its_code_and_changes_nothing(
    shared_rig, shared_primary, entry, code
):
    before = dict(entries(shared_rig))
    assert shared_primary.refused(insert(table_entry=entry)) == [code]
    assert entries(shared_rig) == before


def test_a_parameter_given_twice_or_unknown_is_refused(primary):
    twice = action("forward", b"\x01")
    twice.params.add(param_id=1, value=b"\x01")
    unknown = action("forward", b"\x01")
    unknown.params[0].param_id = 5
    for act in (twice, unknown):
        entry = table_entry("dmac", [exact(1, b"\x01")], act)
        assert primary.refused(insert(table_entry=entry)) == ["INVALID_ARGUMENT"]


def test_inserting_an_entry_twice_and_touching_a_missing_one_have_their_own_codes(primary):
    primary.write(insert(table_entry=dmac()))
    assert primary.refused(insert(table_entry=dmac(port=b"\x02"))) == ["ALREADY_EXISTS"]
    missing = dmac(address=b"\x0b")
    assert primary.refused(modify(table_entry=missing)) == ["NOT_FOUND"]
    assert primary.refused(delete(table_entry=missing)) == ["NOT_FOUND"]


def test_an_update_without_a_type_is_refused(primary):
    update = p4r.Update(entity=p4r.Entity(table_entry=dmac()))
    assert primary.refused(update) == ["INVALID_ARGUMENT"]


def test_a_modification_replaces_the_action_and_a_deletion_needs_only_the_key(rig, primary):
    primary.write(insert(table_entry=dmac()))
    primary.write(modify(table_entry=dmac(port=b"\x02")))
    assert entries(rig)[DMAC, (10,), 0] == ActionCall(FORWARD, (2,))
    nonsense = table_entry("dmac", [exact(1, b"\x0a")], action("learn"), idle_timeout_ns=-1)
    primary.write(delete(table_entry=nonsense))
    assert (DMAC, (10,), 0) not in entries(rig)


def test_a_modification_without_action_keeps_the_action(rig, primary):
    primary.write(insert(table_entry=dmac(metadata=b"kept")))
    key_only = table_entry("dmac", [exact(1, b"\x0a")])
    key_only.counter_data.packet_count = 4
    primary.write(modify(table_entry=key_only))
    (read,) = primary.read(p4r.Entity(table_entry=key_only))
    assert read.table_entry.action == dmac().action
    assert read.table_entry.metadata == b"kept"
    assert read.table_entry.counter_data.packet_count == 4


def test_entries_of_every_match_kind_are_translated_and_read_back(rig, primary):
    match = [
        ternary(1, b"\x0a\x00", b"\xff\x00"),
        limits(2, b"\x01", b"\x08\x00"),
        optional(3, b"\x00"),
        exact(4, b"\x01"),
    ]
    primary.write(insert(table_entry=acl(match=match)))
    key = ((0x0A00, 0xFF00), (1, 0x800), (0, 0x1FF), 1)
    assert (ACL, key, 5) in entries(rig)
    assert primary.read(p4r.Entity(table_entry=acl(match=match))) == [
        p4r.Entity(table_entry=acl(match=match))
    ]


def test_omitted_fields_match_everything(rig, primary):
    primary.write(insert(table_entry=acl()))
    assert (ACL, ((0, 0), (0, 0xFFFF), (0, 0), 1), 5) in entries(rig)
    assert primary.read(p4r.Entity(table_entry=acl())) == [p4r.Entity(table_entry=acl())]


def test_entries_with_one_match_and_two_priorities_are_two_entries(primary):
    primary.write(insert(table_entry=acl(priority=1)), insert(table_entry=acl(priority=2)))
    assert primary.refused(insert(table_entry=acl(priority=2))) == ["ALREADY_EXISTS"]
    primary.write(delete(table_entry=acl(priority=1)))
    request = p4r.TableEntry(table_id=p4_id("acl"))
    (left,) = primary.read(p4r.Entity(table_entry=request))
    assert left.table_entry.priority == 2


def test_a_full_table_is_resource_exhausted_until_an_entry_leaves(primary):
    fillers = [insert(table_entry=smac(bytes([n]))) for n in range(1, 9)]
    primary.write(*fillers)
    assert primary.refused(insert(table_entry=smac(b"\x20"))) == ["RESOURCE_EXHAUSTED"]
    primary.write(delete(table_entry=smac(b"\x01")), insert(table_entry=smac(b"\x20")))


# -- default entries


def default(alias, act=None, **fields):
    return table_entry(alias, [], act, is_default_action=True, **fields)


def test_a_default_action_is_set_read_and_reset(rig, primary):
    changed = default("dmac", action("forward", b"\x03"), metadata=b"mine")
    primary.write(modify(table_entry=changed))
    assert rig.plane[Config.RUNNING].defaults[DMAC] == ActionCall(FORWARD, (3,))
    assert primary.read(p4r.Entity(table_entry=default("dmac"))) == [
        p4r.Entity(table_entry=changed)
    ]
    primary.write(modify(table_entry=default("dmac")))
    assert rig.plane[Config.RUNNING].defaults[DMAC] is None
    assert primary.read(p4r.Entity(table_entry=default("dmac"))) == [
        p4r.Entity(table_entry=default("dmac", action("drop")))
    ]


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (insert(table_entry=default("dmac", action("drop"))), "INVALID_ARGUMENT"),
        (delete(table_entry=default("dmac")), "INVALID_ARGUMENT"),
        (modify(table_entry=default("dmac", action("drop"), priority=1)), "INVALID_ARGUMENT"),
        (
            modify(table_entry=default("dmac", action("drop"), idle_timeout_ns=1)),
            "INVALID_ARGUMENT",
        ),
        (
            modify(
                table_entry=table_entry(
                    "dmac", [exact(1, b"\x01")], action("drop"), is_default_action=True
                )
            ),
            "INVALID_ARGUMENT",
        ),
        (modify(table_entry=default("fixed", action("set_hop", b"\x01"))), "PERMISSION_DENIED"),
        (modify(table_entry=default("fixed")), "PERMISSION_DENIED"),
        (modify(table_entry=default("acl", action("only_entry"))), "PERMISSION_DENIED"),
        (modify(table_entry=default("profiled", action("set_hop", b"\x01"))), "INVALID_ARGUMENT"),
        (
            modify(table_entry=default("smac", counter_data=p4r.CounterData())),
            "INVALID_ARGUMENT",
        ),
    ],
)
def test_a_default_entry_that_may_not_be_written_so_is_refused(shared_primary, update, code):
    assert shared_primary.refused(update) == [code]


def test_a_default_entry_has_a_counter_like_any_other(rig, primary):
    counted = default("dmac", action("drop"), counter_data=p4r.CounterData(packet_count=5))
    primary.write(modify(table_entry=counted))
    request = default("dmac", counter_data=p4r.CounterData())
    assert primary.read(p4r.Entity(table_entry=request)) == [p4r.Entity(table_entry=counted)]
    primary.write(modify(table_entry=default("dmac", action("forward", b"\x03"))))
    entry = p4r.DirectCounterEntry(table_entry=default("dmac"))
    (read,) = primary.read(p4r.Entity(direct_counter_entry=entry))
    assert read.direct_counter_entry.data.packet_count == 5
    read.direct_counter_entry.data.packet_count = 7
    primary.write(modify(direct_counter_entry=read.direct_counter_entry))
    assert primary.read(p4r.Entity(direct_counter_entry=entry)) == [read]


def test_a_default_entry_has_a_meter_like_any_other(rig, primary):
    rates = p4r.MeterConfig(cir=1, cburst=2, pir=3, pburst=4)
    entry = p4r.DirectMeterEntry(table_entry=default("route"), config=rates)
    primary.write(modify(direct_meter_entry=entry))
    assert primary.read(p4r.Entity(direct_meter_entry=entry)) == [
        p4r.Entity(direct_meter_entry=entry)
    ]
    request = default("route", meter_config=p4r.MeterConfig())
    (read,) = primary.read(p4r.Entity(table_entry=request))
    assert read.table_entry.meter_config == rates
    primary.write(modify(table_entry=default("route", action("set_color"))))
    (read,) = primary.read(p4r.Entity(table_entry=request))
    assert not read.table_entry.HasField("meter_config")


@pytest.mark.parametrize(
    "entry",
    [
        default("smac"),
        default("dmac", priority=1),
        table_entry("dmac", [exact(1, b"\x01")], is_default_action=True),
        p4r.TableEntry(is_default_action=True),
    ],
)
def test_a_direct_counter_of_a_default_entry_that_cannot_be_is_refused(shared_primary, entry):
    counter = p4r.DirectCounterEntry(table_entry=entry, data=p4r.CounterData())
    assert shared_primary.refused(modify(direct_counter_entry=counter)) == ["INVALID_ARGUMENT"]
    assert shared_primary.read_refused(p4r.Entity(direct_counter_entry=counter)) == [
        "INVALID_ARGUMENT"
    ]


def test_a_keyless_table_has_its_default_entry(rig, primary):
    primary.write(modify(table_entry=default("keyless", action("set_hop", b"\x05"))))
    assert rig.plane[Config.RUNNING].defaults["EverythingIngress.keyless"].args == (5,)


def test_the_default_entries_of_all_tables_are_read_at_once(primary):
    read = primary.read(p4r.Entity(table_entry=p4r.TableEntry(is_default_action=True)))
    assert len({entity.table_entry.table_id for entity in read}) == 9
    assert all(entity.table_entry.is_default_action for entity in read)


# -- entries of the P4 source


def test_constant_entries_are_read_with_descending_priorities_and_never_change(primary):
    read = primary.read(p4r.Entity(table_entry=p4r.TableEntry(table_id=p4_id("fixed"))))
    assert [entity.table_entry.priority for entity in read] == [3, 2, 1]
    assert all(entity.table_entry.is_const for entity in read)
    assert read[0].table_entry.match == [ternary(1, b"\x08\x00", b"\xff\x00")]
    assert not read[2].table_entry.match
    first = read[0].table_entry
    first.is_const = False
    for update in (insert, modify, delete):
        assert primary.refused(update(table_entry=first)) == ["PERMISSION_DENIED"]


def test_entries_that_a_table_starts_with_can_be_changed_as_p4info_says(rig, primary):
    key = [exact(1, b"\x08\x06")]
    (read,) = primary.read(p4r.Entity(table_entry=table_entry("started", key)))
    assert read.table_entry.action.action == action("set_hop", b"\x04")
    assert not read.table_entry.is_const
    primary.write(modify(table_entry=table_entry("started", key, action("set_hop", b"\x09"))))
    assert entries(rig)["EverythingIngress.started", (0x806,), 0].args == (9,)
    primary.write(delete(table_entry=table_entry("started", key)))
    primary.write(insert(table_entry=table_entry("started", key, action("set_hop", b"\x01"))))
    assert entries(rig)["EverythingIngress.started", (0x806,), 0].args == (1,)


def test_entries_of_a_table_with_priorities_compare_with_those_that_it_starts_with(rig):
    client = rig.primary(config=False)
    config = everything_config()
    fixed = next(t for t in config.p4info.tables if t.preamble.alias == "fixed")
    fixed.is_const_table = False
    client.set_config(Set.VERIFY_AND_COMMIT, config)
    act = action("set_hop", b"\x07")
    added = table_entry("fixed", [ternary(1, b"\x01", b"\x01")], act, priority=2)
    client.write(insert(table_entry=added))
    names = {name[1:] for name in entries(rig) if name[0].endswith("fixed")}
    assert names == {
        (((0x800, 0xFF00),), 3),
        (((0x86DD, 0xFFFF),), 2),
        (((0, 0),), 1),
        (((1, 1),), 2),
    }


# -- direct resources


def test_a_direct_counter_is_written_with_the_entry_and_by_itself(rig, primary):
    primary.write(insert(table_entry=dmac(counter_data=p4r.CounterData(packet_count=3))))
    request = dmac()
    request.counter_data.SetInParent()
    (read,) = primary.read(p4r.Entity(table_entry=request))
    assert read.table_entry.counter_data.packet_count == 3
    counter = p4r.DirectCounterEntry(
        table_entry=dmac(), data=p4r.CounterData(packet_count=8, byte_count=640)
    )
    primary.write(modify(direct_counter_entry=counter))
    assert rig.plane[Config.RUNNING].counters[DMAC, (10,), 0] == CounterCell(8, 640)
    (read,) = primary.read(
        p4r.Entity(direct_counter_entry=p4r.DirectCounterEntry(table_entry=dmac()))
    )
    assert read.direct_counter_entry.data == counter.data


def test_an_unset_counter_is_neither_read_nor_changed(primary):
    primary.write(insert(table_entry=dmac(counter_data=p4r.CounterData(packet_count=3))))
    (read,) = primary.read(p4r.Entity(table_entry=dmac()))
    assert not read.table_entry.HasField("counter_data")
    primary.write(modify(table_entry=dmac(port=b"\x02")))
    unchanged = p4r.DirectCounterEntry(table_entry=dmac())
    primary.write(modify(direct_counter_entry=unchanged))
    (read,) = primary.read(p4r.Entity(direct_counter_entry=unchanged))
    assert read.direct_counter_entry.data.packet_count == 3


def test_direct_counters_of_a_table_and_of_all_tables_are_read_at_once(primary):
    updates = [insert(table_entry=dmac(bytes([n]))) for n in range(1, 6)]
    primary.write(*updates, insert(table_entry=acl()))
    request = p4r.DirectCounterEntry(table_entry=p4r.TableEntry(table_id=p4_id("dmac")))
    assert len(primary.read(p4r.Entity(direct_counter_entry=request))) == 5
    assert len(primary.read(p4r.Entity(direct_counter_entry=p4r.DirectCounterEntry()))) == 6


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (
            insert(direct_counter_entry=p4r.DirectCounterEntry(table_entry=dmac())),
            "INVALID_ARGUMENT",
        ),
        (
            delete(direct_counter_entry=p4r.DirectCounterEntry(table_entry=dmac())),
            "INVALID_ARGUMENT",
        ),
        (modify(direct_counter_entry=p4r.DirectCounterEntry()), "INVALID_ARGUMENT"),
        (
            modify(direct_counter_entry=p4r.DirectCounterEntry(table_entry=smac())),
            "INVALID_ARGUMENT",
        ),
        (modify(direct_counter_entry=p4r.DirectCounterEntry(table_entry=dmac())), "NOT_FOUND"),
        (modify(direct_meter_entry=p4r.DirectMeterEntry(table_entry=route())), "NOT_FOUND"),
        (modify(direct_meter_entry=p4r.DirectMeterEntry(table_entry=dmac())), "INVALID_ARGUMENT"),
    ],
)
def test_a_direct_resource_that_cannot_be_written_so_is_refused(shared_primary, update, code):
    assert shared_primary.refused(update) == [code]


def test_reading_the_counter_of_a_missing_entry_is_not_found(primary):
    request = p4r.DirectCounterEntry(table_entry=dmac())
    assert primary.read_refused(p4r.Entity(direct_counter_entry=request)) == ["NOT_FOUND"]


METER = p4r.MeterConfig(cir=10, cburst=20, pir=30, pburst=40)


def test_a_direct_meter_is_set_with_the_entry_and_reset_by_a_modification_without_it(rig, primary):
    primary.write(insert(table_entry=route(meter_config=METER)))
    (meter,) = rig.plane[Config.RUNNING].meters.values()
    assert meter == MeterCell(MeterConfig(10, 20, 30, 40))
    request = route(meter_config=p4r.MeterConfig())
    (read,) = primary.read(p4r.Entity(table_entry=request))
    assert read.table_entry.meter_config == METER
    primary.write(modify(table_entry=route()))
    (read,) = primary.read(p4r.Entity(table_entry=request))
    assert not read.table_entry.HasField("meter_config")
    direct = p4r.DirectMeterEntry(table_entry=route(), config=METER)
    primary.write(modify(direct_meter_entry=direct))
    (read,) = primary.read(p4r.Entity(direct_meter_entry=p4r.DirectMeterEntry()))
    assert read.direct_meter_entry.config == METER


@pytest.mark.parametrize(
    "meter",
    [
        p4r.MeterConfig(cir=-1),
        p4r.MeterConfig(cir=10, pir=9),
        p4r.MeterConfig(cir=10, cburst=20, pir=30, pburst=40, eburst=1),
    ],
)
def test_an_impossible_meter_is_refused(shared_primary, meter):
    refused = shared_primary.refused(insert(table_entry=route(meter_config=meter)))
    assert refused == ["INVALID_ARGUMENT"]


# -- idle time-outs


def test_an_idle_timeout_is_kept_in_nanoseconds_and_rounded_up_for_the_data_plane(rig, primary):
    primary.write(insert(table_entry=smac(idle_timeout_ns=1_500_001)))
    assert list(rig.plane[Config.RUNNING].idle_timeouts_ms.values()) == [2]
    request = smac(time_since_last_hit=p4r.TableEntry.IdleTimeout())
    (read,) = primary.read(p4r.Entity(table_entry=request))
    assert read.table_entry.idle_timeout_ns == 1_500_001
    assert read.table_entry.time_since_last_hit.elapsed_ns == 1_500_000_000


def test_idle_times_of_a_table_without_time_outs_are_refused(primary):
    request = table_entry("dmac", time_since_last_hit=p4r.TableEntry.IdleTimeout())
    assert primary.read_refused(p4r.Entity(table_entry=request)) == ["INVALID_ARGUMENT"]


# -- reads that filter


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


# -- batches


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
