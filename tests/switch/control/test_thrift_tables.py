"""Table entries over Thrift, and what P4Runtime sees of them."""

import pytest
from finsy.proto import p4r
from p4rt import action, delete, exact, insert, modify, table_entry
from thrift_clients import (
    INGRESS,
    WITHOUT_PRIORITY,
    between,
    exactly,
    mac,
    masked,
    prefix,
    refusal,
    with_priority,
)

from switch.dataplane.messages import Config, CounterCell, EntryName, MeterCell, MeterConfig
from switch.p4json.objects import ActionCall
from switch.thrift.idl import IDL

FORWARD = INGRESS + "forward"
SET_HOP = INGRESS + "set_hop"


def forward(thrift, number, port=1):
    """Add an entry to dmac; its handle."""
    key = [exactly(mac(number))]
    return thrift.mt_add_entry("dmac", key, FORWARD, [bytes([port])], WITHOUT_PRIORITY)


def entries_of(primary, alias):
    return [entity.table_entry for entity in primary.read(entity_of(alias))]


def entity_of(alias):
    return p4r.Entity(table_entry=table_entry(alias))


def test_an_entry_that_thrift_adds_is_in_the_table_and_p4runtime_reads_it(thrift, primary, rig):
    assert forward(thrift, 5, port=2) == 0
    name = (INGRESS + "dmac", (5,), 0)
    assert rig.plane[Config.RUNNING].entries[name] == ActionCall(FORWARD, (2,))
    (entry,) = entries_of(primary, "dmac")
    assert entry == table_entry("dmac", [exact(1, b"\x05")], action("forward", b"\x02"))


def test_an_entry_that_p4runtime_adds_has_a_handle_and_thrift_changes_and_deletes_it(
    thrift, primary
):
    act = action("forward", b"\x02")
    primary.write(insert(table_entry=table_entry("dmac", [exact(1, b"\x05")], act)))
    (dumped,) = thrift.mt_get_entries("dmac")
    thrift.mt_modify_entry("dmac", dumped.entry_handle, FORWARD, [b"\x03"])
    (entry,) = entries_of(primary, "dmac")
    assert entry.action.action.params[0].value == b"\x03"
    thrift.mt_delete_entry("dmac", dumped.entry_handle)
    assert entries_of(primary, "dmac") == []


def test_a_handle_stays_whatever_becomes_of_other_entries(thrift, primary):
    handles = [forward(thrift, number) for number in range(1, 5)]
    assert handles == [0, 1, 2, 3]
    thrift.mt_delete_entry("dmac", 0)
    primary.write(delete(table_entry=table_entry("dmac", [exact(1, b"\x03")])))
    assert [e.entry_handle for e in thrift.mt_get_entries("dmac")] == [1, 3]
    thrift.mt_modify_entry("dmac", 3, FORWARD, [b"\x07"])
    assert thrift.mt_get_entry("dmac", 3).action_entry.action_data == [b"\x07"]
    assert thrift.mt_get_entry("dmac", 1).match_key[0].exact.key == mac(2)


def test_the_handle_of_an_entry_that_is_gone_does_not_fit_its_successor(thrift, primary):
    assert forward(thrift, 1) == 0
    thrift.mt_delete_entry("dmac", 0)
    assert refusal(thrift.mt_delete_entry, "dmac", 0) == "INVALID_HANDLE"
    assert forward(thrift, 2) == 1 << 24
    assert refusal(thrift.mt_delete_entry, "dmac", 0) == "EXPIRED_HANDLE"
    primary.write(delete(table_entry=table_entry("dmac", [exact(1, b"\x02")])))
    assert refusal(thrift.mt_get_entry, "dmac", 1 << 24) == "INVALID_HANDLE"
    assert forward(thrift, 3) == 2 << 24


def test_a_handle_that_p4runtime_emptied_and_filled_is_told_from_a_new_one(thrift, primary):
    forward(thrift, 1)
    primary.write(delete(table_entry=table_entry("dmac", [exact(1, b"\x01")])))
    act = action("forward", b"\x02")
    primary.write(insert(table_entry=table_entry("dmac", [exact(1, b"\x02")], act)))
    assert refusal(thrift.mt_get_entry, "dmac", 0) == "INVALID_HANDLE"
    (entry,) = thrift.mt_get_entries("dmac")
    assert (entry.entry_handle, entry.match_key[0].exact.key) == (1 << 24, mac(2))


def test_a_place_that_was_vacated_128_times_has_a_handle_all_the_same(thrift):
    for _ in range(130):
        handle = forward(thrift, 1)
        thrift.mt_delete_entry("dmac", handle)
    handle = forward(thrift, 1)
    assert handle == (130 << 24) - (1 << 32)
    assert thrift.mt_get_entry("dmac", handle).entry_handle == handle


def test_a_table_is_cleared_and_handles_start_anew(thrift, primary):
    for number in range(3):
        forward(thrift, number)
    thrift.mt_set_default_action("dmac", FORWARD, [b"\x01"])
    thrift.mt_clear_entries("dmac", False)
    assert thrift.mt_get_num_entries("dmac") == 0
    assert entries_of(primary, "dmac") == []
    assert thrift.mt_get_default_entry("dmac").action_name == FORWARD
    assert forward(thrift, 9) == 0
    thrift.mt_clear_entries("dmac", True)
    assert thrift.mt_get_default_entry("dmac").action_name == INGRESS + "drop"


def test_keys_of_all_kinds_are_cut_to_what_counts(thrift, rig):
    key = [
        masked(mac(0xFF), mac(0x0F)),
        between(b"\x00\x01", b"\x00\x05"),
        masked(b"\x00\x00", b"\x00\x00"),
        exactly(mac(7)),
    ]
    assert thrift.mt_add_entry("acl", key, SET_HOP, [b"\x09"], with_priority(10)) == 0
    route = [prefix(mac(0x0A0109), 40)]
    thrift.mt_add_entry("route", route, INGRESS + "set_color", [], WITHOUT_PRIORITY)
    everything = [prefix(mac(0), 0)]
    thrift.mt_add_entry("route", everything, INGRESS + "set_color", [], WITHOUT_PRIORITY)
    held = rig.plane[Config.RUNNING].entries
    acl = (INGRESS + "acl", ((0x0F, 0x0F), (1, 5), (0, 0), 7), 0x7FFFFFFF - 10)
    assert held[acl] == ActionCall(SET_HOP, (9,))
    assert (INGRESS + "route", ((0x0A0100, 40),), 0) in held
    assert (INGRESS + "route", ((0, 0),), 0) in held
    found = thrift.mt_get_entry_from_key("acl", key, with_priority(10))
    assert (found.entry_handle, found.options.priority) == (0, 10)
    assert refusal(thrift.mt_get_entry_from_key, "acl", key, with_priority(9)) == "BAD_MATCH_KEY"


@pytest.mark.parametrize(
    ("table", "key", "act", "data", "code"),
    [
        ("none", [], FORWARD, [], "INVALID_TABLE_NAME"),
        ("dmac", [exactly(mac(1))], SET_HOP, [b"\x01"], "INVALID_ACTION_NAME"),
        ("dmac", [exactly(mac(1))], FORWARD, [], "BAD_ACTION_DATA"),
        ("dmac", [], FORWARD, [b"\x01"], "BAD_MATCH_KEY"),
        ("dmac", [exactly(b"\x01")], FORWARD, [b"\x01"], "BAD_MATCH_KEY"),
        ("dmac", [prefix(mac(1), 48)], FORWARD, [b"\x01"], "BAD_MATCH_KEY"),
        ("dmac", [IDL.BmMatchParam(type=0)], FORWARD, [b"\x01"], "BAD_MATCH_KEY"),
        ("route", [prefix(mac(1), 49)], INGRESS + "set_color", [], "BAD_MATCH_KEY"),
        ("dmac", [exactly(mac(99))], FORWARD, [b"\x01"], "DUPLICATE_ENTRY"),
        ("fixed", [masked(b"\0\1", b"\0\1")], "NoAction", [], "IMMUTABLE_TABLE_ENTRIES"),
        ("keyless", [], SET_HOP, [b"\x01"], "NO_TABLE_KEY"),
        ("profiled", [exactly(b"\0\1")], SET_HOP, [b"\x01"], "WRONG_TABLE_TYPE"),
    ],
)
def test_an_entry_that_cannot_be_added_has_bmv2s_code(thrift, table, key, act, data, code):
    forward(thrift, 99)
    assert refusal(thrift.mt_add_entry, table, key, act, data, with_priority(1)) == code
    assert thrift.mt_get_num_entries("dmac") == 1


def test_a_full_table_says_so(thrift):
    for number in range(8):
        thrift.mt_add_entry("smac", [exactly(mac(number))], "NoAction", [], WITHOUT_PRIORITY)
    key = [exactly(mac(8))]
    full = refusal(thrift.mt_add_entry, "smac", key, "NoAction", [], WITHOUT_PRIORITY)
    assert full == "TABLE_FULL"


def test_a_default_action_is_set_and_reset_and_p4runtime_reads_it(thrift, primary, rig):
    thrift.mt_set_default_action("dmac", FORWARD, [b"\x02"])
    entity = entity_of("dmac")
    entity.table_entry.is_default_action = True
    (read,) = primary.read(entity)
    assert read.table_entry.action.action == action("forward", b"\x02")
    thrift.mt_reset_default_entry("dmac")
    assert rig.plane[Config.RUNNING].defaults[INGRESS + "dmac"] is None
    for call, *what in (
        (thrift.mt_set_default_action, "fixed", "NoAction", []),
        (thrift.mt_modify_entry, "fixed", 0, "NoAction", []),
        (thrift.mt_delete_entry, "fixed", 0),
        (thrift.mt_clear_entries, "fixed", False),
    ):
        assert refusal(call, *what) in ("DEFAULT_ENTRY_IS_CONST", "IMMUTABLE_TABLE_ENTRIES")
    thrift.mt_reset_default_entry("fixed")


def test_a_change_keeps_what_thrift_does_not_know_of(thrift, primary, rig):
    entry = table_entry("smac", [exact(1, b"\x05")], action("NoAction"), metadata=b"mine")
    entry.idle_timeout_ns = 5_000_000_000
    primary.write(insert(table_entry=entry))
    thrift.mt_modify_entry("smac", 0, INGRESS + "learn", [])
    (read,) = entries_of(primary, "smac")
    assert (read.metadata, read.idle_timeout_ns) == (b"mine", 5_000_000_000)
    thrift.mt_set_entry_ttl("smac", 0, 1500)
    (read,) = entries_of(primary, "smac")
    assert (read.metadata, read.idle_timeout_ns) == (b"mine", 1_500_000_000)
    assert read.action.action == action("learn")
    assert thrift.mt_get_entry("smac", 0).life.timeout_ms == 1500
    assert refusal(thrift.mt_set_entry_ttl, "dmac", 0, 1) == "AGEING_DISABLED"
    thrift.mt_add_entry("route", [prefix(mac(0), 0)], INGRESS + "set_color", [], WITHOUT_PRIORITY)
    rates = [IDL.BmMeterRateConfig(0.5, 10), IDL.BmMeterRateConfig(1, 20)]
    thrift.mt_set_meter_rates("route", 0, rates)
    thrift.mt_modify_entry("route", 0, INGRESS + "set_color_hop", [b"\x01"])
    assert refusal(thrift.mt_set_meter_rates, "route", 0, rates[::-1]) == "ERROR"
    name = (INGRESS + "route", ((0, 0),), 0)
    written = rig.plane[Config.RUNNING].meters[name]
    assert written.config == MeterConfig(500_000, 10, 1_000_000, 20)
    read = [(r.units_per_micros, r.burst_size) for r in thrift.mt_get_meter_rates("route", 0)]
    assert read == [(0.5, 10), (1, 20)]


def test_counters_of_entries_are_written_and_reset(thrift, rig):
    handle = forward(thrift, 1)
    thrift.mt_write_counter("dmac", handle, IDL.BmCounterValue(bytes=300, packets=3))
    counted = thrift.mt_read_counter("dmac", handle)
    assert (counted.packets, counted.bytes) == (3, 300)
    thrift.mt_reset_counters("dmac")
    name = EntryName(INGRESS + "dmac", (1,))
    assert rig.plane.read_direct_counters(Config.RUNNING, [name]) == [CounterCell()]
    assert refusal(thrift.mt_reset_counters, "smac") == "COUNTERS_DISABLED"
    assert refusal(thrift.mt_get_meter_rates, "dmac", handle) == "METERS_DISABLED"


def test_rates_of_meters_are_set_one_by_one_and_all_at_once(thrift, rig):
    rates = [IDL.BmMeterRateConfig(0.000128, 9000), IDL.BmMeterRateConfig(0.001, 18000)]
    thrift.meter_set_rates("port_meter", 1, rates)
    cell = MeterCell(MeterConfig(128, 9000, 1000, 18000))
    meters = rig.plane[Config.RUNNING].meter_arrays[INGRESS + "port_meter"]
    assert meters == [MeterCell(), cell, MeterCell(), MeterCell()]
    thrift.meter_array_set_rates("port_meter", rates)
    assert meters == [cell] * 4
    for name, index, wanted, code in (
        ("none", 0, rates, "INVALID_METER_NAME"),
        ("port_meter", 4, rates, "INVALID_INDEX"),
        ("port_meter", 0, rates[:1], "BAD_RATES_LIST"),
        ("port_meter", 0, rates[::-1], "INVALID_INFO_RATE_VALUE"),
        ("port_meter", 0, [IDL.BmMeterRateConfig(-1, 0)] * 2, "INVALID_INFO_RATE_VALUE"),
        ("port_meter", 0, [IDL.BmMeterRateConfig(float("inf"), 0)] * 2, "INVALID_INFO_RATE_VALUE"),
        ("port_meter", 0, [IDL.BmMeterRateConfig(1, -1)] * 2, "INVALID_BURST_SIZE_VALUE"),
    ):
        assert refusal(thrift.meter_set_rates, name, index, wanted) == code


def test_what_a_dead_data_plane_does_not_do_is_an_error(thrift, rig):
    rig.plane.is_gone = True
    key = [exactly(mac(1))]
    assert refusal(thrift.mt_add_entry, "dmac", key, FORWARD, [b"\1"], WITHOUT_PRIORITY) == "ERROR"


def test_a_default_entry_of_p4runtime_is_seen_over_thrift(thrift, primary):
    entry = table_entry("dmac", act=action("forward", b"\x02"), is_default_action=True)
    primary.write(modify(table_entry=entry))
    assert thrift.mt_get_default_entry("dmac").action_data == [b"\x02"]
