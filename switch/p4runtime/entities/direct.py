"""Direct counters and direct meters as entities of their own (specification 1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finsy.proto import p4r

from switch.dataplane.messages import MeterCell
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.handler import EntityHandler, only_modify
from switch.p4runtime.entities.resources import (
    counter_cell,
    fill_counter,
    fill_meter_entry,
    meter_cell,
)
from switch.p4runtime.entities.table_keys import check_default, entry_key, fill_key
from switch.p4runtime.state import DefaultEntry, Entry, Table
from switch.p4runtime.status import invalid_argument, not_found
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find, select


class _DirectHandler(EntityHandler):
    """What direct counters and direct meters have in common."""

    resource: str

    def object_id(self, message: Any) -> int:
        """The id of the table that the resource belongs to."""
        return message.table_entry.table_id

    def _entry(self, view: View, message: Any) -> tuple[Table, Entry | DefaultEntry]:
        """The entry that a message names; raises NOT_FOUND."""
        if not message.HasField("table_entry"):
            raise invalid_argument("the message has no table_entry")
        request = message.table_entry
        table = find(view.pipeline.tables, request.table_id, "table")
        self._check_table(table)
        if request.is_default_action:
            check_default(request)
            return table, table.default
        entry = table.entries.get(entry_key(table, request))
        if entry is None:
            raise not_found(f"table {table.name} has no such entry")
        return table, entry

    def _check_table(self, table: Table) -> None:
        if not self._has(table):
            raise invalid_argument(f"table {table.name} has no direct {self.resource}")

    def _has(self, table: Table) -> bool:
        return table.has_counter if self.resource == "counter" else table.has_meter

    def _selected(self, view: View, message: Any) -> list[tuple[Table, list[Entry | DefaultEntry]]]:
        """One entry, all of a table (no match given), or all of all tables (no table)."""
        request = message.table_entry
        if request.match or request.is_default_action:
            table, entry = self._entry(view, message)
            return [(table, [entry])] if view.scope.allows(table.table_id) else []
        tables = select(view, view.pipeline.tables, request.table_id, "table")
        if request.table_id:
            for table in tables:
                self._check_table(table)
        return [
            (table, [e for e in table.entries.values() if request.priority in (0, e.priority)])
            for table in tables
            if self._has(table)
        ]


class DirectCounterHandler(_DirectHandler):
    """Serves `direct_counter_entry`."""

    kind = "direct_counter_entry"
    resource = "counter"

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.DirectCounterEntry,
    ) -> None:
        """Set the counter of an entry; without data it stays."""
        only_modify(update, "direct counter")
        table, entry = self._entry(view, message)
        if message.HasField("data"):
            cell = counter_cell(message.data)
            tx.effect(Channel.DIRECT_COUNTER, (table.plane_name(entry), cell))

    def read(self, view: View, message: p4r.DirectCounterEntry) -> Iterator[p4r.Entity]:
        """The counters of the selected entries."""
        found = [
            (table, entries, view.plane.read_direct_counters(view.config, names))
            for table, entries in self._selected(view, message)
            if (names := [table.plane_name(entry) for entry in entries])
        ]
        return self._messages(found)

    def _messages(
        self, found: list[tuple[Table, list[Entry | DefaultEntry], Any]]
    ) -> Iterator[p4r.Entity]:
        for table, entries, cells in found:
            for entry, cell in zip(entries, cells, strict=True):
                entity = p4r.Entity()
                fill_key(entity.direct_counter_entry.table_entry, table, entry)
                fill_counter(entity.direct_counter_entry.data, cell)
                yield entity


class DirectMeterHandler(_DirectHandler):
    """Serves `direct_meter_entry`."""

    kind = "direct_meter_entry"
    resource = "meter"

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.DirectMeterEntry,
    ) -> None:
        """Configure the meter of an entry; without config it goes back to the default."""
        only_modify(update, "direct meter")
        table, entry = self._entry(view, message)
        cell = meter_cell(message, table.meter_type)
        tx.effect(Channel.DIRECT_METER, (table.plane_name(entry), cell))

    def read(self, view: View, message: p4r.DirectMeterEntry) -> Iterator[p4r.Entity]:
        """The meters of the selected entries; what they count if the request has the field."""
        found = [
            (table, entries, view.plane.read_direct_meters(view.config, names))
            for table, entries in self._selected(view, message)
            if (names := [table.plane_name(entry) for entry in entries])
        ]
        return self._messages(found, with_counts=message.HasField("counter_data"))

    def _messages(
        self,
        found: list[tuple[Table, list[Entry | DefaultEntry], list[MeterCell]]],
        *,
        with_counts: bool,
    ) -> Iterator[p4r.Entity]:
        for table, entries, cells in found:
            for entry, cell in zip(entries, cells, strict=True):
                entity = p4r.Entity()
                fill_key(entity.direct_meter_entry.table_entry, table, entry)
                fill_meter_entry(entity.direct_meter_entry, cell, with_counts=with_counts)
                yield entity
