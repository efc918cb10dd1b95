"""Values of counters and configurations of meters, and where table entries carry them."""

from __future__ import annotations

from typing import Any, TypeAlias

from finsy.proto import p4i, p4r

from switch.dataplane.messages import CounterCell, MeterCell, MeterConfig
from switch.p4runtime.effects import Channel
from switch.p4runtime.state import DefaultEntry, Entry, Table
from switch.p4runtime.status import invalid_argument, unimplemented
from switch.p4runtime.transaction import Transaction

MeterCounts: TypeAlias = tuple[CounterCell, CounterCell, CounterCell]
"""Green, yellow, red."""

_METER_COUNTS = {
    "table_entry": "meter_counter_data",
    "meter_entry": "counter_data",
    "direct_meter_entry": "counter_data",
}
"""Where the entities that have them carry what meters have counted."""

MAX_INT64 = (1 << 63) - 1


def counter_cell(data: p4r.CounterData) -> CounterCell:
    """The cell that a message describes; raises INVALID_ARGUMENT for negative counts."""
    if data.packet_count < 0 or data.byte_count < 0:
        raise invalid_argument("counters cannot be negative")
    return CounterCell(data.packet_count, data.byte_count)


def fill_counter(message: p4r.CounterData, cell: CounterCell) -> None:
    """Fill the message of a cell; counts past 2^63 - 1 do not fit it and are cut."""
    message.SetInParent()
    message.packet_count = min(cell.packets, MAX_INT64)
    message.byte_count = min(cell.bytes, MAX_INT64)


def meter_config(config: p4r.MeterConfig, meter_type: int) -> MeterConfig:
    """The configuration that a message describes; raises INVALID_ARGUMENT.

    What each type of meter takes is said in the specification, "MeterEntry & DirectMeterEntry".
    """
    if min(config.cir, config.cburst, config.pir, config.pburst, config.eburst) < 0:
        raise invalid_argument("rates and bursts cannot be negative")
    if config.pir < config.cir:
        raise invalid_argument(f"the peak rate {config.pir} is below the rate {config.cir}")
    single = meter_type != p4i.MeterSpec.TWO_RATE_THREE_COLOR
    if single and (config.pir, config.pburst) != (config.cir, config.cburst):
        raise invalid_argument("a single-rate meter has pir = cir and pburst = cburst")
    if config.eburst and meter_type == p4i.MeterSpec.SINGLE_RATE_THREE_COLOR:
        raise unimplemented("the excess burst of single-rate three-colour meters")
    if config.eburst:
        raise invalid_argument("only single-rate three-colour meters have an excess burst")
    return MeterConfig(config.cir, config.cburst, config.pir, config.pburst)


def fill_meter(message: p4r.MeterConfig, config: MeterConfig) -> None:
    """Fill the message of a configuration."""
    message.SetInParent()
    message.cir, message.cburst = config.cir, config.cburst
    message.pir, message.pburst = config.pir, config.pburst


def meter_counts(data: p4r.MeterCounterData) -> MeterCounts:
    """The counts by colour that a message describes; raises INVALID_ARGUMENT."""
    return (counter_cell(data.green), counter_cell(data.yellow), counter_cell(data.red))


def check_counts_are_cleared(kind: str, message: Any) -> None:
    """Raise INVALID_ARGUMENT if an update sets what a meter has counted to anything but 0.

    Controllers can only clear it (specification 1.4, "Direct resources", "DirectMeterEntry").
    """
    name = _METER_COUNTS.get(kind)
    if name is None or not message.HasField(name):
        return
    if any(cell != CounterCell() for cell in meter_counts(getattr(message, name))):
        raise invalid_argument(f"{name}: what a meter has counted can be cleared, not set")


def fill_meter_counts(message: p4r.MeterCounterData, counts: MeterCounts) -> None:
    """Fill the message of counts by colour."""
    for colour, cell in zip((message.green, message.yellow, message.red), counts, strict=True):
        fill_counter(colour, cell)


def meter_cell(message: p4r.MeterEntry | p4r.DirectMeterEntry, meter_type: int) -> MeterCell:
    """What a message makes of a meter; raises INVALID_ARGUMENT.

    Without config it goes back to its default, without counts these stay.
    """
    config = meter_config(message.config, meter_type) if message.HasField("config") else None
    counts = meter_counts(message.counter_data) if message.HasField("counter_data") else None
    return MeterCell(config, counts)


def fill_meter_entry(
    message: p4r.MeterEntry | p4r.DirectMeterEntry, cell: MeterCell, *, with_counts: bool
) -> None:
    """Fill what depends on the meter; no config where it has its default."""
    if cell.config is not None:
        fill_meter(message.config, cell.config)
    if with_counts and cell.counts is not None:
        fill_meter_counts(message.counter_data, cell.counts)


def check(table: Table, message: p4r.TableEntry) -> None:
    """Raise INVALID_ARGUMENT for what a table does not have, or for bad values."""
    if message.HasField("counter_data"):
        if not table.has_counter:
            raise invalid_argument(f"table {table.name} has no direct counter")
        counter_cell(message.counter_data)
    if message.HasField("meter_config") or message.HasField("meter_counter_data"):
        if not table.has_meter:
            raise invalid_argument(f"table {table.name} has no direct meter")
        _meter_of_entry(table, message)


def write(
    tx: Transaction,
    table: Table,
    entry: Entry | DefaultEntry,
    message: p4r.TableEntry,
    *,
    is_insert: bool,
) -> None:
    """Set the resources of an entry as a `TableEntry` message, checked before, says.

    An unset meter goes back to its default when an entry is modified, an unset counter stays.
    """
    if table.has_counter and message.HasField("counter_data"):
        cell = counter_cell(message.counter_data)
        tx.effect(Channel.DIRECT_COUNTER, (table.plane_name(entry), cell))
    if not table.has_meter:
        return
    meter = _meter_of_entry(table, message)
    if not is_insert or meter != MeterCell():
        tx.effect(Channel.DIRECT_METER, (table.plane_name(entry), meter))


def _meter_of_entry(table: Table, message: p4r.TableEntry) -> MeterCell:
    config = counts = None
    if message.HasField("meter_config"):
        config = meter_config(message.meter_config, table.meter_type)
    if message.HasField("meter_counter_data"):
        counts = meter_counts(message.meter_counter_data)
    return MeterCell(config, counts)
