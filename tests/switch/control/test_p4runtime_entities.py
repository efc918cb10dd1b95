"""Counters, meters and registers, and what holds for requests about any kind of entity."""

import pytest
from finsy.proto import p4r
from p4rt import (
    EVERYTHING_P4INFO,
    delete,
    insert,
    modify,
    p4_id,
    running,
)

from switch.dataplane.messages import (
    CounterCell,
    MeterCell,
    MeterConfig,
)

TOTALS = "EverythingIngress.totals"


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
