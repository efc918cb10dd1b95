"""RECONCILE_AND_COMMIT: the state of the running config, written into the config saved after it.

What controllers have written must find its place in the new program, else the whole request is
INVALID_ARGUMENT: entries, changed default actions, members, groups, meters, value sets and
digest settings, by their P4Info ids. Counters and registers, which packets write as well, are
carried over where both programs have the array in the same shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finsy.proto import p4r

from switch.dataplane.client import DataPlane
from switch.dataplane.messages import Config
from switch.p4runtime.entities.registry import HANDLERS
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.roles import FULL_ACCESS
from switch.p4runtime.state import Register, Replication
from switch.p4runtime.status import StatusError, invalid_argument
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View

_MODIFIED_ONLY = ("direct_counter_entry", "direct_meter_entry", "meter_entry", "value_set_entry")
"""Entities that are there from the start."""


def carry_over(plane: DataPlane, running: Pipeline, saved: Pipeline) -> None:
    """Fill the saved config; raises INVALID_ARGUMENT if something has no place in it."""
    source = View(running, Replication(), plane, Config.RUNNING, FULL_ACCESS)
    target = View(saved, Replication(), plane, Config.SAVED, FULL_ACCESS)
    tx = Transaction()
    _drop_initial_entries(tx, target)
    for kind, entity in _written_state(source):
        _write(tx, target, kind, entity)
    refused = tx.flush(plane, Config.SAVED)
    if refused:
        raise next(iter(refused.values()))
    _carry_arrays(plane, running, saved)


def _written_state(source: View) -> Iterator[tuple[str, p4r.Entity]]:
    """Every entity that controllers have written, in an order in which it can be written."""
    requests: tuple[tuple[str, Any], ...] = (
        ("action_profile_member", p4r.ActionProfileMember()),
        ("action_profile_group", p4r.ActionProfileGroup()),
        ("table_entry", _table_request()),
        ("meter_entry", p4r.MeterEntry(counter_data=p4r.MeterCounterData())),
        ("value_set_entry", p4r.ValueSetEntry()),
        ("digest_entry", p4r.DigestEntry()),
        ("table_entry", p4r.TableEntry(is_default_action=True)),
        *_resources_of_defaults(source.pipeline),
    )
    for kind, request in requests:
        for entity in _read(source, kind, request):
            if _is_written(source, kind, entity):
                yield kind, entity


def _read(view: View, kind: str, request: Any) -> list[p4r.Entity]:
    """What a request selects; only registers, which are not read here, come in whole messages."""
    found = HANDLERS[kind].read(view, request)
    return [entity for entity in found if isinstance(entity, p4r.Entity)]


def _drop_initial_entries(tx: Transaction, target: View) -> None:
    """Empty the tables that start with entries which may be changed: their state is carried."""
    request = p4r.TableEntry()
    for entity in _read(target, "table_entry", request):
        if not entity.table_entry.is_const:
            tx.begin_update()
            HANDLERS["table_entry"].write(tx, target, p4r.Update.DELETE, entity.table_entry)


def _resources_of_defaults(pipeline: Pipeline) -> Iterator[tuple[str, Any]]:
    """Requests for what default entries have counted, and for their meters."""
    for table_id, table in pipeline.tables.items():
        default = p4r.TableEntry(table_id=table_id, is_default_action=True)
        if table.has_counter:
            yield "direct_counter_entry", p4r.DirectCounterEntry(table_entry=default)
        if table.has_meter:
            meter = p4r.DirectMeterEntry(table_entry=default, counter_data=p4r.MeterCounterData())
            yield "direct_meter_entry", meter


def _table_request() -> p4r.TableEntry:
    request = p4r.TableEntry()
    request.counter_data.SetInParent()
    request.meter_config.SetInParent()
    request.meter_counter_data.SetInParent()
    return request


def _is_written(source: View, kind: str, entity: p4r.Entity) -> bool:
    if kind == "table_entry":
        entry = entity.table_entry
        table = source.pipeline.tables[entry.table_id]
        if entry.is_default_action:
            return table.default.action is not None
        return not entry.is_const
    if kind == "direct_counter_entry":
        data = entity.direct_counter_entry.data
        return bool(data.packet_count or data.byte_count)
    if kind in ("meter_entry", "direct_meter_entry"):
        meter = getattr(entity, kind)
        counts = meter.counter_data
        counted = any(each.packet_count for each in (counts.green, counts.yellow, counts.red))
        return counted or meter.HasField("config")
    return kind != "value_set_entry" or bool(entity.value_set_entry.members)


def _write(tx: Transaction, target: View, kind: str, entity: p4r.Entity) -> None:
    tx.begin_update()
    message = getattr(entity, kind)
    update = p4r.Update.INSERT
    if kind in _MODIFIED_ONLY or entity.table_entry.is_default_action:
        update = p4r.Update.MODIFY
    try:
        HANDLERS[kind].write(tx, target, update, message)
    except StatusError as error:
        raise invalid_argument(f"the state cannot be preserved: {error.message}") from error


def _carry_arrays(plane: DataPlane, running: Pipeline, saved: Pipeline) -> None:
    for counter_id, counter in running.counters.items():
        if saved.counters.get(counter_id) == counter:
            cells = plane.read_counters(Config.RUNNING, counter.name, 0, counter.size)
            plane.write_counters(Config.SAVED, counter.name, 0, cells)
    for register_id, register in running.registers.items():
        other = saved.registers.get(register_id)
        if other is not None and _same_shape(register, other):
            values = plane.read_registers(Config.RUNNING, register.name, 0, register.size)
            plane.write_registers(Config.SAVED, register.name, 0, values)


def _same_shape(one: Register, other: Register) -> bool:
    return (one.name, one.size, one.codec.widths) == (other.name, other.size, other.codec.widths)
