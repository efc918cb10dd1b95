"""Meters: arrays, and those of table entries.

All have two rates, the committed and the peak, which as in P4Runtime is not the smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import Config, EntryName, MeterCell, MeterConfig
from switch.p4json.objects import MeterArray
from switch.thrift.calls import Calls, table_error
from switch.thrift.entries import entry_of
from switch.thrift.idl import IDL

_Error = IDL.MeterOperationErrorCode
_RATES = 2
_US_PER_S = 1_000_000
_MAX_RATE = 1e12
"""Units a microsecond; per second it still fits P4Runtime's 64 bits."""
_MAX_INT32 = (1 << 31) - 1


class MeterCalls(Calls):
    """The calls of `standard` on meters."""

    def bm_meter_get_rates(self, cxt_id: int, meter_array_name: str, index: int) -> list[Any]:
        """The rates of a meter of an array; none if it was not set."""
        with self._meter(cxt_id, meter_array_name) as (config, array):
            _check_index(0 <= index < array.size)
            (cell,) = self.device.plane.read_meters(config, array.name, index, 1)
        return _rates(cell.config)

    def bm_meter_set_rates(
        self, cxt_id: int, meter_array_name: str, index: int, rates: Sequence[Any]
    ) -> None:
        """Set the rates of a meter of an array."""
        with self._meter(cxt_id, meter_array_name) as (config, array):
            _check_index(0 <= index < array.size)
            self.device.plane.write_meters(config, array.name, index, [_set(rates)])

    def bm_meter_array_set_rates(
        self, cxt_id: int, meter_array_name: str, rates: Sequence[Any]
    ) -> None:
        """Set the rates of all meters of an array; all meters of entries are no array here."""
        with self._meter(cxt_id, meter_array_name) as (config, array):
            self.device.plane.write_meters(config, array.name, 0, [_set(rates)] * array.size)

    def bm_mt_get_meter_rates(self, cxt_id: int, table_name: str, entry_handle: int) -> list[Any]:
        """The rates of an entry's meter."""
        with self._entry(cxt_id, table_name, entry_handle) as (config, name):
            (cell,) = self.device.plane.read_direct_meters(config, [name])
        return _rates(cell.config)

    def bm_mt_set_meter_rates(
        self, cxt_id: int, table_name: str, entry_handle: int, rates: Sequence[Any]
    ) -> None:
        """Set the rates of an entry's meter."""
        with self._entry(cxt_id, table_name, entry_handle) as (config, name):
            try:
                cell = _set(rates)
            except IDL.InvalidMeterOperation as error:  # a call about a table does not throw it
                raise table_error("ERROR") from error
            self.device.plane.write_direct_meters(config, [(name, cell)])

    @contextmanager
    def _meter(self, cxt_id: int, name: str) -> Iterator[tuple[Config, MeterArray]]:
        """A meter array of the program that calls are about, held while it is used."""
        with self.device.lock:
            program = self.program(cxt_id)
            array = program.meters.get(name) if program is not None else None
            if array is None or array.is_direct:
                raise IDL.InvalidMeterOperation(code=_Error.INVALID_METER_NAME)
            try:
                yield self.device.control_config, array
            except DataPlaneError as error:
                raise IDL.InvalidMeterOperation(code=_Error.ERROR) from error

    @contextmanager
    def _entry(self, cxt_id: int, name: str, handle: int) -> Iterator[tuple[Config, EntryName]]:
        """An entry with a meter likewise."""
        with self.table(cxt_id, name) as table:
            if not table.has_meter:
                raise table_error("METERS_DISABLED")
            yield self.device.control_config, table.plane_name(entry_of(table, handle))


def _set(rates: Sequence[Any]) -> MeterCell:
    """A meter with rates; what it counted stays. Raises `InvalidMeterOperation`."""
    if len(rates) != _RATES:
        raise IDL.InvalidMeterOperation(code=_Error.BAD_RATES_LIST)
    committed, peak = (rate.units_per_micros or 0 for rate in rates)
    if not 0 <= committed <= peak <= _MAX_RATE:
        raise IDL.InvalidMeterOperation(code=_Error.INVALID_INFO_RATE_VALUE)
    cburst, pburst = (rate.burst_size or 0 for rate in rates)
    if min(cburst, pburst) < 0:
        raise IDL.InvalidMeterOperation(code=_Error.INVALID_BURST_SIZE_VALUE)
    cir, pir = (round(rate * _US_PER_S) for rate in (committed, peak))
    return MeterCell(MeterConfig(cir, cburst, pir, pburst))


def _rates(config: MeterConfig | None) -> list[Any]:
    if config is None:
        return []
    pairs = (config.cir, config.cburst), (config.pir, config.pburst)
    return [
        IDL.BmMeterRateConfig(units_per_micros=rate / _US_PER_S, burst_size=min(burst, _MAX_INT32))
        for rate, burst in pairs
    ]


def _check_index(is_valid: bool) -> None:
    if not is_valid:
        raise IDL.InvalidMeterOperation(code=_Error.INVALID_INDEX)
