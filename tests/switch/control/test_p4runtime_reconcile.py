"""RECONCILE_AND_COMMIT: what of a program's state the next one takes over."""

from finsy.proto import p4r
from p4rt import (
    Set,
    action,
    changed_p4info,
    delete,
    everything_config,
    exact,
    failure,
    insert,
    lpm,
    modify,
    p4_id,
    table_entry,
)

from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import Config, CounterCell, MeterCell, MeterConfig
from switch.p4json.objects import ActionCall, TernaryMatch

DMAC = "EverythingIngress.dmac"
Get = p4r.GetForwardingPipelineConfigRequest


def dmac():
    return table_entry("dmac", [exact(1, b"\x0a")], action("forward", b"\x01"))


def fill(client):
    member = p4r.ActionProfileMember(
        action_profile_id=p4_id("hops"), member_id=1, action=action("set_hop", b"\x01")
    )
    profiled = table_entry("profiled", [exact(1, b"\x01")])
    profiled.action.action_profile_member_id = 1
    counted = dmac()
    counted.counter_data.packet_count = 7
    route = table_entry("route", [lpm(1, b"\x0a\x00\x00\x00\x00\x00", 8)], action("set_color"))
    route.meter_config.pir = 9
    default = table_entry("dmac", [], action("forward", b"\x05"), is_default_action=True)
    missed = p4r.DirectCounterEntry(
        table_entry=p4r.TableEntry(table_id=p4_id("dmac"), is_default_action=True)
    )
    missed.data.packet_count = 3
    red = p4r.DirectMeterEntry(
        table_entry=p4r.TableEntry(table_id=p4_id("route"), is_default_action=True)
    )
    red.config.pir = 5
    total = p4r.RegisterEntry(register_id=p4_id("totals"), index=p4r.Index(index=2))
    total.data.bitstring = b"\x2a"
    count = p4r.CounterEntry(counter_id=p4_id("port_counter"), index=p4r.Index(index=1))
    count.data.packet_count = 11
    meter = p4r.MeterEntry(meter_id=p4_id("port_meter"), index=p4r.Index(index=1))
    meter.config.pir = 13
    special = p4r.ValueSetEntry(value_set_id=p4_id("special_types"))
    special.members.add().match.append(exact(1, b"\x88"))
    client.write(insert(action_profile_member=member))
    client.write(
        insert(table_entry=profiled),
        insert(table_entry=counted),
        insert(table_entry=route),
        modify(table_entry=default),
        modify(direct_counter_entry=missed),
        modify(direct_meter_entry=red),
        modify(register_entry=total),
        modify(counter_entry=count),
        modify(meter_entry=meter),
        modify(value_set_entry=special),
        insert(digest_entry=p4r.DigestEntry(digest_id=p4_id("learn_t"))),
    )


def test_reconcile_keeps_all_state_that_has_its_place_in_the_new_program(rig, primary):
    fill(primary)
    before = rig.plane[Config.RUNNING]
    primary.set_config(Set.RECONCILE_AND_COMMIT, everything_config(cookie=6))
    after = rig.plane[Config.RUNNING]
    assert after is not before
    assert after.entries == before.entries
    assert after.members == before.members
    assert after.defaults == {DMAC: ActionCall("EverythingIngress.forward", (5,))}
    assert after.registers["EverythingIngress.totals"][2] == 42
    assert after.counter_arrays["EverythingIngress.port_counter"][1] == CounterCell(11, 0)
    assert after.counters == before.counters
    assert after.counters[DMAC] == CounterCell(3, 0)
    assert after.meter_arrays["EverythingIngress.port_meter"][1] == MeterCell(
        MeterConfig(0, 0, 13, 0)
    )
    assert after.meters == before.meters
    assert after.value_sets == {"EverythingParser.special_types": [TernaryMatch(0x88, 0xFFFF)]}
    assert primary.get_config(Get.COOKIE_ONLY).config.cookie.cookie == 6
    assert primary.refused(insert(digest_entry=p4r.DigestEntry(digest_id=p4_id("learn_t")))) == [
        "ALREADY_EXISTS"
    ]


def test_reconcile_keeps_changes_to_the_entries_that_a_table_starts_with(rig, primary):
    changed = table_entry("started", [exact(1, b"\x08\x06")], action("set_hop", b"\x09"))
    added = table_entry("started", [exact(1, b"\x08\x07")], action("set_hop", b"\x01"))
    primary.write(modify(table_entry=changed), insert(table_entry=added))
    primary.set_config(Set.RECONCILE_AND_COMMIT, everything_config())
    expected = [p4r.Entity(table_entry=changed), p4r.Entity(table_entry=added)]
    started = p4r.Entity(table_entry=table_entry("started"))
    assert primary.read(started) == expected
    primary.write(delete(table_entry=changed))
    primary.set_config(Set.RECONCILE_AND_COMMIT, everything_config())
    assert primary.read(started) == expected[1:]


def test_reconcile_without_a_running_program_commits(fresh):
    fresh.set_config(Set.RECONCILE_AND_COMMIT, everything_config(cookie=6))
    assert fresh.get_config(Get.COOKIE_ONLY).config.cookie.cookie == 6


def test_reconcile_with_a_program_that_cannot_take_the_state_changes_nothing(rig, primary):
    primary.write(insert(table_entry=dmac()))

    def without_dmac(p4info):
        del p4info.tables[0]

    refused = failure(primary.set_config, Set.RECONCILE_AND_COMMIT, changed_p4info(without_dmac))
    assert refused.code.name == "INVALID_ARGUMENT"
    assert "cannot be preserved" in refused.message
    assert list(rig.plane.configs) == [Config.RUNNING]
    assert primary.read(p4r.Entity(table_entry=dmac())) == [p4r.Entity(table_entry=dmac())]


def test_a_reconcile_in_which_the_data_plane_fails_leaves_nothing_to_be_committed(
    rig, primary, monkeypatch
):
    primary.write(insert(table_entry=dmac()))

    def fail():
        raise DataPlaneError("the worker failed on a request")

    monkeypatch.setattr(rig.plane, "before_write", fail)
    reconcile = Set.RECONCILE_AND_COMMIT
    assert failure(primary.set_config, reconcile, everything_config(cookie=6)).code
    monkeypatch.undo()
    assert failure(primary.set_config, Set.COMMIT).code.name == "NOT_FOUND"
    assert list(rig.plane.configs) == [Config.RUNNING]
    assert primary.read(p4r.Entity(table_entry=dmac())) == [p4r.Entity(table_entry=dmac())]
