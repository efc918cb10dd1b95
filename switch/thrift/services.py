"""What the Thrift calls do: registers, counters, tables to look at, ports, the program, the clock.

As in BMv2 they are about the saved program as soon as there is one. Cells travel as signed 64-bit
integers: larger ones read as the largest, as BMv2 does it, and negative ones are cut to a cell's
width in two's complement.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import Config, CounterCell
from switch.p4json.objects import CounterArray, RegisterArray
from switch.p4json.program import Program
from switch.p4runtime.device import Device
from switch.p4runtime.device_config import program_json
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.state import Profile, Table
from switch.thrift.idl import IDL
from switch.thrift.table_dump import (
    dumped_default,
    dumped_entries,
    dumped_groups,
    dumped_members,
    dumped_rates,
)

MAX_INT64 = (1 << 63) - 1
NO_PROGRAM = "{}"
"""The configuration of a switch without a program."""

_RegisterError = IDL.RegisterOperationErrorCode
_CounterError = IDL.CounterOperationErrorCode
_MeterError = IDL.MeterOperationErrorCode
_TableError = IDL.TableOperationErrorCode


class StandardService:
    """Answers the calls of the service `standard`."""

    def __init__(self, device: Device, interfaces: Mapping[int, str], thrift_port: int) -> None:
        self._device = device
        self._interfaces = interfaces
        self._thrift_port = thrift_port

    # -- registers --------------------------------------------------------------------------

    def bm_register_read(self, cxt_id: int, register_array_name: str, idx: int) -> int:
        """One cell."""
        with self._register(cxt_id, register_array_name) as (config, array):
            _check_register_index(0 <= idx < array.size)
            (value,) = self._device.plane.read_registers(config, array.name, idx, 1)
        return min(value, MAX_INT64)

    def bm_register_read_all(self, cxt_id: int, register_array_name: str) -> bytes:
        """All cells of an array, encoded (see `packed`)."""
        with self._register(cxt_id, register_array_name) as (config, array):
            return self._device.plane.read_packed_registers(config, array.name, 0, array.size)

    def bm_register_write(
        self, cxt_id: int, register_array_name: str, index: int, value: int
    ) -> None:
        """Set one cell."""
        with self._register(cxt_id, register_array_name) as (config, array):
            _check_register_index(0 <= index < array.size)
            cell = value & ((1 << array.width) - 1)
            self._device.plane.write_registers(config, array.name, index, [cell])

    def write_cells(self, array: str, indices: Sequence[int], values: Sequence[int]) -> int:
        """Set the first cells, up to one that is to be refused; how many (see `bursts`).

        That one, made as a call of its own, gets the error.
        """
        with self._device.lock, suppress(DataPlaneError):
            program = self._program(0)
            register = program.registers.get(array) if program is not None else None
            if register is None:
                return 0
            size = register.size
            count = next((n for n, i in enumerate(indices) if not 0 <= i < size), len(indices))
            if count:
                self._device.plane.write_register_cells(
                    self._device.control_config, array, indices[:count], values[:count]
                )
            return count
        return 0

    def bm_register_write_range(
        self, cxt_id: int, register_array_name: str, start_index: int, end_index: int, value: int
    ) -> None:
        """Set the cells from `start_index` up to, and without, `end_index`."""
        with self._register(cxt_id, register_array_name) as (config, array):
            _check_register_index(0 <= start_index <= end_index <= array.size)
            cell = value & ((1 << array.width) - 1)
            self._device.plane.fill_registers(
                config, array.name, start_index, end_index - start_index, cell
            )

    def bm_register_reset(self, cxt_id: int, register_array_name: str) -> None:
        """Set all cells to 0."""
        with self._register(cxt_id, register_array_name) as (config, array):
            self._device.plane.fill_registers(config, array.name, 0, array.size, 0)

    # -- counters ---------------------------------------------------------------------------

    def bm_counter_read(self, cxt_id: int, counter_name: str, index: int) -> Any:
        """One cell of an indirect counter."""
        with self._counter(cxt_id, counter_name) as (config, array):
            _check_counter_index(0 <= index < array.size)
            (cell,) = self._device.plane.read_counters(config, array.name, index, 1)
        return _counter_value(cell)

    def bm_counter_reset_all(self, cxt_id: int, counter_name: str) -> None:
        """Set all cells of an indirect counter to 0."""
        with self._counter(cxt_id, counter_name) as (config, array):
            self._device.plane.write_counters(config, array.name, 0, [CounterCell()] * array.size)

    def bm_counter_write(self, cxt_id: int, counter_name: str, index: int, value: Any) -> None:
        """Set one cell of an indirect counter."""
        with self._counter(cxt_id, counter_name) as (config, array):
            _check_counter_index(0 <= index < array.size)
            cell = CounterCell(packets=max(0, value.packets), bytes=max(0, value.bytes))
            self._device.plane.write_counters(config, array.name, index, [cell])

    # -- meters -----------------------------------------------------------------------------

    def bm_meter_get_rates(self, cxt_id: int, meter_array_name: str, index: int) -> list[Any]:
        """The committed and the peak rate of an indirect meter; none if it has its default."""
        with self._device.lock:
            program = self._program(cxt_id)
            array = program.meters.get(meter_array_name) if program is not None else None
            if array is None or array.is_direct:
                raise IDL.InvalidMeterOperation(code=_MeterError.INVALID_METER_NAME)
            if not 0 <= index < array.size:
                raise IDL.InvalidMeterOperation(code=_MeterError.INVALID_INDEX)
            try:
                config = self._device.control_config
                (cell,) = self._device.plane.read_meters(config, array.name, index, 1)
            except DataPlaneError as error:
                raise IDL.InvalidMeterOperation(code=_MeterError.ERROR) from error
        return dumped_rates(cell.config)

    # -- tables -----------------------------------------------------------------------------

    def bm_mt_get_num_entries(self, cxt_id: int, table_name: str) -> int:
        """How many entries a table has."""
        with self._table(cxt_id, table_name) as table:
            return len(table.entries)

    def bm_mt_get_entries(self, cxt_id: int, table_name: str) -> list[Any]:
        """The entries of a table."""
        with self._table(cxt_id, table_name) as table:
            idle_ms: list[int] = []
            if table.supports_idle_timeout:
                names = [table.plane_name(entry) for entry in table.entries.values()]
                idle_ms = self._device.plane.read_idle_times_ms(self._device.control_config, names)
            return list(dumped_entries(table, dict(enumerate(idle_ms))))

    def bm_mt_read_counter(self, cxt_id: int, table_name: str, entry_handle: int) -> Any:
        """The direct counter of an entry, by its place in the table."""
        with self._table(cxt_id, table_name) as table:
            if not table.has_counter:
                raise _bad_table(_TableError.COUNTERS_DISABLED)
            entries = list(table.entries.values())
            if not 0 <= entry_handle < len(entries):
                raise _bad_table(_TableError.INVALID_HANDLE)
            name = table.plane_name(entries[entry_handle])
            (cell,) = self._device.plane.read_direct_counters(self._device.control_config, [name])
        return _counter_value(cell)

    def bm_mt_get_default_entry(self, cxt_id: int, table_name: str) -> Any:
        """The default action of a table."""
        with self._table(cxt_id, table_name) as table:
            return dumped_default(table)

    def bm_mt_act_prof_get_members(self, cxt_id: int, act_prof_name: str) -> list[Any]:
        """The members of an action profile, without those of one-shots."""
        with self._profile(cxt_id, act_prof_name) as profile:
            return dumped_members(profile)

    def bm_mt_act_prof_get_groups(self, cxt_id: int, act_prof_name: str) -> list[Any]:
        """The groups of an action profile likewise."""
        with self._profile(cxt_id, act_prof_name) as profile:
            return dumped_groups(profile)

    # -- the switch -------------------------------------------------------------------------

    def bm_dev_mgr_show_ports(self) -> list[Any]:
        """All ports and whether they are up."""
        try:
            ports = self._device.plane.ports()
        except DataPlaneError as error:
            raise IDL.InvalidDevMgrOperation(code=IDL.DevMgrErrorCode.ERROR) from error
        return [
            IDL.DevMgrPortInfo(
                port_num=port, iface_name=self._interfaces.get(port, ""), is_up=is_up, extra={}
            )
            for port, is_up in sorted(ports.items())
        ]

    def bm_mgmt_get_info(self) -> Any:
        """Who this is."""
        return IDL.BmConfig(device_id=self._device.device_id, thrift_port=self._thrift_port)

    def bm_get_config(self) -> str:
        """The program's JSON."""
        pipeline = self._device.controlled
        if pipeline is None:
            return NO_PROGRAM
        return program_json(pipeline.config.p4_device_config).decode("utf-8", "replace")

    def bm_get_config_md5(self) -> bytes:
        """The MD5 sum of the program's JSON; by it the command line tells if it has the same."""
        config = self.bm_get_config().encode("utf-8")
        return hashlib.md5(config, usedforsecurity=False).digest()

    @contextmanager
    def _register(self, cxt_id: int, name: str) -> Iterator[tuple[Config, RegisterArray]]:
        """A register array of the program that calls are about, held while it is used."""
        with self._device.lock:
            program = self._program(cxt_id)
            array = program.registers.get(name) if program is not None else None
            if array is None:
                raise _bad_register(_RegisterError.INVALID_REGISTER_NAME)
            try:
                yield self._device.control_config, array
            except DataPlaneError as error:
                raise _bad_register(_RegisterError.ERROR) from error

    @contextmanager
    def _counter(self, cxt_id: int, name: str) -> Iterator[tuple[Config, CounterArray]]:
        """An indirect counter array likewise."""
        with self._device.lock:
            program = self._program(cxt_id)
            array = program.counters.get(name) if program is not None else None
            if array is None or array.is_direct:
                raise _bad_counter(_CounterError.INVALID_COUNTER_NAME)
            try:
                yield self._device.control_config, array
            except DataPlaneError as error:
                raise _bad_counter(_CounterError.ERROR) from error

    @contextmanager
    def _table(self, cxt_id: int, name: str) -> Iterator[Table]:
        """A table that controllers see, held while it is used."""
        with self._device.lock:
            pipeline = self._pipeline(cxt_id)
            table_id = pipeline.table_names.get(name) if pipeline is not None else None
            if pipeline is None or table_id is None:
                raise _bad_table(_TableError.INVALID_TABLE_NAME)
            try:
                yield pipeline.tables[table_id]
            except DataPlaneError as error:
                raise _bad_table(_TableError.ERROR) from error

    @contextmanager
    def _profile(self, cxt_id: int, name: str) -> Iterator[Profile]:
        """An action profile likewise."""
        with self._device.lock:
            pipeline = self._pipeline(cxt_id)
            profiles = pipeline.profiles.values() if pipeline is not None else ()
            found = next((profile for profile in profiles if profile.name == name), None)
            if found is None:
                raise _bad_table(_TableError.INVALID_ACTION_PROFILE_NAME)
            yield found

    def _program(self, cxt_id: int) -> Program | None:
        """The program of a context; v1model has but context 0."""
        pipeline = self._pipeline(cxt_id)
        return None if pipeline is None else pipeline.program

    def _pipeline(self, cxt_id: int) -> Pipeline | None:
        return self._device.controlled if cxt_id == 0 else None


class SimpleSwitchService:
    """Answers the calls of the service `simple_switch`.

    Depths and rates below 0 are, as in BMv2, the largest that there are.
    """

    def __init__(self, device: Device) -> None:
        self._device = device

    # -- egress queues ----------------------------------------------------------------------

    def set_egress_priority_queue_depth(self, port_num: int, priority: int, depth_pkts: int) -> int:
        """How many packets one queue of a port holds."""
        self._device.plane.set_queue_depth(depth_pkts % (1 << 32), port_num, priority)
        return 0

    def set_egress_queue_depth(self, port_num: int, depth_pkts: int) -> int:
        """How many packets each queue of a port holds."""
        self._device.plane.set_queue_depth(depth_pkts % (1 << 32), port_num)
        return 0

    def set_all_egress_queue_depths(self, depth_pkts: int) -> int:
        """How many packets each queue holds."""
        self._device.plane.set_queue_depth(depth_pkts % (1 << 32))
        return 0

    def set_egress_priority_queue_rate(self, port_num: int, priority: int, rate_pps: int) -> int:
        """How many packets a second leave one queue of a port; 0: no limit."""
        self._device.plane.set_queue_rate(rate_pps % (1 << 64), port_num, priority)
        return 0

    def set_egress_queue_rate(self, port_num: int, rate_pps: int) -> int:
        """How many packets a second leave each queue of a port; 0: no limit."""
        self._device.plane.set_queue_rate(rate_pps % (1 << 64), port_num)
        return 0

    def set_all_egress_queue_rates(self, rate_pps: int) -> int:
        """How many packets a second leave each queue; 0: no limit."""
        self._device.plane.set_queue_rate(rate_pps % (1 << 64))
        return 0

    # -- the clock --------------------------------------------------------------------------

    def get_time_elapsed_us(self) -> int:
        """The switch's clock, which `ingress_global_timestamp` shows."""
        return self._device.plane.clock_us()

    def get_time_since_epoch_us(self) -> int:
        """The time of day."""
        return time.time_ns() // 1000


def _counter_value(cell: CounterCell) -> Any:
    return IDL.BmCounterValue(
        bytes=min(cell.bytes, MAX_INT64), packets=min(cell.packets, MAX_INT64)
    )


def _bad_table(code: int) -> Exception:
    return IDL.InvalidTableOperation(code=code)


def _bad_register(code: int) -> Exception:
    return IDL.InvalidRegisterOperation(code=code)


def _bad_counter(code: int) -> Exception:
    return IDL.InvalidCounterOperation(code=code)


def _check_register_index(is_valid: bool) -> None:
    if not is_valid:
        raise _bad_register(_RegisterError.INVALID_INDEX)


def _check_counter_index(is_valid: bool) -> None:
    if not is_valid:
        raise _bad_counter(_CounterError.INVALID_INDEX)
