"""Default entries over P4Runtime, and entries that tables start with."""

import pytest
from everything_entries import DMAC, FORWARD, default, entries
from finsy.proto import p4r
from p4rt import (
    Set,
    action,
    delete,
    everything_config,
    exact,
    insert,
    modify,
    p4_id,
    table_entry,
    ternary,
)

from switch.dataplane.messages import Config
from switch.p4json.objects import ActionCall


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
