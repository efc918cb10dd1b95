"""Meters: arrays, and those of table entries.

All have two rates, the committed and the peak, which as in P4Runtime is not the smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from switch.dataplane.messages import Config, EntryName, MeterCell, MeterConfig
from switch.p4json.objects import MeterArray
from switch.p4json.program import Program
from switch.thrift.arrays import ArrayCalls
from switch.thrift.calls import table_error
from switch.thrift.entries import entry_of
from switch.thrift.idl import IDL

_RATES = 2
_US_PER_S = 1_000_000
_MAX_RATE = 1e12
"""Units a microsecond; per second it still fits P4Runtime's 64 bits."""
_MAX_INT32 = (1 << 31) - 1


class MeterCalls(ArrayCalls[MeterArray]):
    """The calls of `standard` on meters."""

    unknown = "INVALID_METER_NAME"

    def find(self, program: Program, name: str) -> MeterArray | None:
        """See `ArrayCalls`."""
        array = program.meters.get(name)
        return None if array is None or array.is_direct else array

    def refusal(self, code: str) -> Exception:
        """See `ArrayCalls`."""
        return _refusal(code)

    def bm_meter_get_rates(self, cxt_id: int, meter_array_name: str, index: int) -> list[Any]:
        """The rates of a meter of an array; none if it was not set."""
        with self.array(cxt_id, meter_array_name, index) as (config, array):
            (cell,) = self.device.plane.read_meters(config, array.name, index, 1)
        return _rates(cell.config)

    def bm_meter_set_rates(
        self, cxt_id: int, meter_array_name: str, index: int, rates: Sequence[Any]
    ) -> None:
        """Set the rates of a meter of an array."""
        with self.array(cxt_id, meter_array_name, index) as (config, array):
            self.device.plane.write_meters(config, array.name, index, [_set(rates)])

    def bm_meter_array_set_rates(
        self, cxt_id: int, meter_array_name: str, rates: Sequence[Any]
    ) -> None:
        """Set the rates of all meters of an array; all meters of entries are no array here."""
        with self.array(cxt_id, meter_array_name) as (config, array):
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
    def _entry(self, cxt_id: int, name: str, handle: int) -> Iterator[tuple[Config, EntryName]]:
        """An entry with a meter, held while it is used."""
        with self.table(cxt_id, name) as table:
            if not table.has_meter:
                raise table_error("METERS_DISABLED")
            yield self.device.control_config, table.plane_name(entry_of(table, handle))


def _set(rates: Sequence[Any]) -> MeterCell:
    """A meter with rates; what it counted stays. Raises `InvalidMeterOperation`."""
    if len(rates) != _RATES:
        raise _refusal("BAD_RATES_LIST")
    committed, peak = (rate.units_per_micros or 0 for rate in rates)
    if not 0 <= committed <= peak <= _MAX_RATE:
        raise _refusal("INVALID_INFO_RATE_VALUE")
    cburst, pburst = (rate.burst_size or 0 for rate in rates)
    if min(cburst, pburst) < 0:
        raise _refusal("INVALID_BURST_SIZE_VALUE")
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


def _refusal(code: str) -> Exception:
    return IDL.InvalidMeterOperation(code=getattr(IDL.MeterOperationErrorCode, code))
