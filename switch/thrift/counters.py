"""Counters: arrays, and those of table entries."""

from __future__ import annotations

from typing import Any

from switch.dataplane.messages import CounterCell
from switch.p4json.objects import CounterArray
from switch.p4json.program import Program
from switch.thrift.arrays import ArrayCalls
from switch.thrift.calls import MAX_INT64, table_error
from switch.thrift.entries import entry_of
from switch.thrift.idl import IDL


class CounterCalls(ArrayCalls[CounterArray]):
    """The calls of `standard` on counters."""

    unknown = "INVALID_COUNTER_NAME"

    def find(self, program: Program, name: str) -> CounterArray | None:
        """See `ArrayCalls`."""
        array = program.counters.get(name)
        return None if array is None or array.is_direct else array

    def refusal(self, code: str) -> Exception:
        """See `ArrayCalls`."""
        return IDL.InvalidCounterOperation(code=getattr(IDL.CounterOperationErrorCode, code))

    def bm_counter_read(self, cxt_id: int, counter_name: str, index: int) -> Any:
        """One cell of an array."""
        with self.array(cxt_id, counter_name, index) as (config, array):
            (cell,) = self.device.plane.read_counters(config, array.name, index, 1)
        return _value(cell)

    def bm_counter_reset_all(self, cxt_id: int, counter_name: str) -> None:
        """Set all cells of an array to 0."""
        with self.array(cxt_id, counter_name) as (config, array):
            self.device.plane.write_counters(config, array.name, 0, [CounterCell()] * array.size)

    def bm_counter_write(self, cxt_id: int, counter_name: str, index: int, value: Any) -> None:
        """Set one cell of an array."""
        with self.array(cxt_id, counter_name, index) as (config, array):
            self.device.plane.write_counters(config, array.name, index, [_cell(value)])

    def bm_mt_read_counter(self, cxt_id: int, table_name: str, entry_handle: int) -> Any:
        """The counter of an entry."""
        with self.table(cxt_id, table_name) as table:
            _check_counts(table.has_counter)
            name = table.plane_name(entry_of(table, entry_handle))
            (cell,) = self.device.plane.read_direct_counters(self.device.control_config, [name])
        return _value(cell)

    def bm_mt_write_counter(
        self, cxt_id: int, table_name: str, entry_handle: int, value: Any
    ) -> None:
        """Set the counter of an entry."""
        with self.table(cxt_id, table_name) as table:
            _check_counts(table.has_counter)
            name = table.plane_name(entry_of(table, entry_handle))
            cells = [(name, _cell(value))]
            self.device.plane.write_direct_counters(self.device.control_config, cells)

    def bm_mt_reset_counters(self, cxt_id: int, table_name: str) -> None:
        """Set the counters of all entries to 0."""
        with self.table(cxt_id, table_name) as table:
            _check_counts(table.has_counter)
            cells = [(table.plane_name(entry), CounterCell()) for entry in table.entries.values()]
            self.device.plane.write_direct_counters(self.device.control_config, cells)


def _value(cell: CounterCell) -> Any:
    return IDL.BmCounterValue(
        bytes=min(cell.bytes, MAX_INT64), packets=min(cell.packets, MAX_INT64)
    )


def _cell(value: Any) -> CounterCell:
    """What a value says; what it leaves out is 0, as in BMv2."""
    return CounterCell(packets=max(0, value.packets or 0), bytes=max(0, value.bytes or 0))


def _check_counts(has_counter: bool) -> None:
    if not has_counter:
        raise table_error("COUNTERS_DISABLED")
