"""Counters, meters, registers and value sets."""

from __future__ import annotations

import operator
from collections.abc import Callable

from finsy.proto import p4i, p4r

from tests.conformance.control.client import Client, ControlError
from tests.conformance.control.tables import Tables
from tests.conformance.program import Program, UnknownNameError, find
from tests.conformance.stf.statements import (
    ArrayRead,
    Check,
    CounterWrite,
    MeterWrite,
    RegisterWrite,
    SetValues,
)
from tests.conformance.switches.switch import Extras

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class CheckError(Exception):
    """A counter or register does not hold what the test says."""


class Arrays:
    """Indexed state of a program, and the direct counters and meters of a test's entries."""

    def __init__(self, client: Client, program: Program, tables: Tables, extras: Extras) -> None:
        self._client = client
        self._info = program.p4info
        self._tables = tables
        self._extras = extras

    def check(self, statement: Check) -> None:
        """`check_counter`, `check_register`. Raises `CheckError`."""
        if statement.kind == "register":
            found = self._extras.read_register(self._register(statement.name), int(statement.index))
        else:
            data = self._counter(statement.name, statement.index)
            found = data.packet_count if statement.kind == "packets" else data.byte_count
        if not _COMPARE[statement.operator](found, statement.number):
            raise CheckError(
                f"{statement.name}({statement.index}) {statement.kind} is {found}, expected "
                f"{statement.operator} {statement.number}"
            )

    def read(self, statement: ArrayRead) -> None:
        """`counter_read`, `register_read`, `meter_get_rates`."""
        match statement.kind:
            case "counter":
                self._counter(statement.name, statement.index)
            case "register":
                self._extras.read_register(self._register(statement.name), statement.index)
            case "meter":
                meter = find("meter", statement.name, self._info.meters)
                self._one(_meter_entity(meter, statement.index))

    def write_counter(self, statement: CounterWrite) -> None:
        """`counter_write`."""
        entity = _counter_entity(self._indirect_counter(statement.name), statement.index)
        entity.counter_entry.data.packet_count = statement.packets
        entity.counter_entry.data.byte_count = statement.bytes
        self._client.modify(entity)

    def write_register(self, statement: RegisterWrite) -> None:
        """`register_write`, `register_reset`."""
        register = self._register(statement.name)
        if statement.index is None:
            self._extras.reset_register(register)
        else:
            self._extras.write_register(register, statement.index, statement.value)

    def write_meter(self, statement: MeterWrite) -> None:
        """`meter_set_rates`, `meter_array_set_rates`."""
        committed, peak = statement.rates
        config = p4r.MeterConfig(
            cir=committed.per_second,
            cburst=committed.burst,
            pir=peak.per_second,
            pburst=peak.burst,
        )
        if isinstance(statement.index, str):
            entry = p4r.DirectMeterEntry(
                table_entry=self._tables.entry(statement.index), config=config
            )
            self._client.modify(p4r.Entity(direct_meter_entry=entry))
            return
        meter = find("meter", statement.name, self._info.meters)
        indices = range(meter.size) if statement.index is None else [statement.index]
        for index in indices:
            entity = _meter_entity(meter, index)
            entity.meter_entry.config.CopyFrom(config)
            self._client.modify(entity)

    def set_values(self, statement: SetValues) -> None:
        """`value_set`."""
        value_set = find("value set", statement.name, self._info.value_sets)
        self._extras.set_values(value_set, statement.values)

    def _register(self, name: str) -> p4i.Register:
        return find("register", name, self._info.registers)

    def _indirect_counter(self, name: str) -> p4i.Counter:
        return find("counter", name, self._info.counters)

    def _counter(self, name: str, index: int | str) -> p4r.CounterData:
        if isinstance(index, int):
            entity = _counter_entity(self._indirect_counter(name), index)
            return self._one(entity).counter_entry.data
        counter = find("direct counter", name, self._info.direct_counters)
        entry = self._tables.entry(index)
        if entry.table_id != counter.direct_table_id:
            raise UnknownNameError(f"entry '{index}' is not in the table that counts in {name}")
        direct = p4r.DirectCounterEntry(table_entry=entry)
        return self._one(p4r.Entity(direct_counter_entry=direct)).direct_counter_entry.data

    def _one(self, entity: p4r.Entity) -> p4r.Entity:
        found = self._client.read(entity)
        if len(found) != 1:
            raise ControlError(f"{len(found)} cells were read, not 1")
        return found[0]


def _counter_entity(counter: p4i.Counter, index: int) -> p4r.Entity:
    entry = p4r.CounterEntry(counter_id=counter.preamble.id, index=p4r.Index(index=index))
    return p4r.Entity(counter_entry=entry)


def _meter_entity(meter: p4i.Meter, index: int) -> p4r.Entity:
    entry = p4r.MeterEntry(meter_id=meter.preamble.id, index=p4r.Index(index=index))
    return p4r.Entity(meter_entry=entry)
