"""Direct counters and meters over P4Runtime, and idle time-outs."""

import pytest
from everything_entries import DMAC, acl, dmac, route, smac
from finsy.proto import p4r
from p4rt import delete, insert, modify, p4_id, table_entry

from switch.dataplane.messages import Config, CounterCell, MeterCell, MeterConfig


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
