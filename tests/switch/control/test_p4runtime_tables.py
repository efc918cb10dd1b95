"""Table entries over P4Runtime: what is accepted, what is refused and how, what is read back."""

import pytest
from everything_entries import ACL, DMAC, FORWARD, acl, dmac, entries, route, smac
from finsy.proto import p4r
from p4rt import (
    action,
    delete,
    exact,
    insert,
    limits,
    lpm,
    modify,
    optional,
    p4_id,
    table_entry,
    ternary,
)

from switch.p4json.objects import ActionCall


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
