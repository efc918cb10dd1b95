"""Registers. Cells travel as signed 64-bit integers: larger ones read as the largest, as BMv2 does
it, and negative ones are cut to a cell's width in two's complement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import Config
from switch.p4json.objects import RegisterArray
from switch.thrift.calls import MAX_INT64, Calls
from switch.thrift.idl import IDL

_Error = IDL.RegisterOperationErrorCode


class RegisterCalls(Calls):
    """The calls of `standard` on register arrays."""

    def bm_register_read(self, cxt_id: int, register_array_name: str, idx: int) -> int:
        """One cell."""
        with self._register(cxt_id, register_array_name) as (config, array):
            _check_index(0 <= idx < array.size)
            (value,) = self.device.plane.read_registers(config, array.name, idx, 1)
        return min(value, MAX_INT64)

    def bm_register_read_all(self, cxt_id: int, register_array_name: str) -> bytes:
        """All cells of an array, encoded (see `packed`)."""
        with self._register(cxt_id, register_array_name) as (config, array):
            return self.device.plane.read_packed_registers(config, array.name, 0, array.size)

    def bm_register_write(
        self, cxt_id: int, register_array_name: str, index: int, value: int
    ) -> None:
        """Set one cell."""
        with self._register(cxt_id, register_array_name) as (config, array):
            _check_index(0 <= index < array.size)
            cell = value & ((1 << array.width) - 1)
            self.device.plane.write_registers(config, array.name, index, [cell])

    def write_cells(self, array: str, indices: Sequence[int], values: Sequence[int]) -> int:
        """Set the first cells, up to one that is to be refused; how many (see `bursts`).

        That one, made as a call of its own, gets the error.
        """
        with self.device.lock, suppress(DataPlaneError):
            program = self.program(0)
            register = program.registers.get(array) if program is not None else None
            if register is None:
                return 0
            size = register.size
            count = next((n for n, i in enumerate(indices) if not 0 <= i < size), len(indices))
            if count:
                self.device.plane.write_register_cells(
                    self.device.control_config, array, indices[:count], values[:count]
                )
            return count
        return 0

    def bm_register_write_range(
        self, cxt_id: int, register_array_name: str, start_index: int, end_index: int, value: int
    ) -> None:
        """Set the cells from `start_index` up to, and without, `end_index`."""
        with self._register(cxt_id, register_array_name) as (config, array):
            _check_index(0 <= start_index <= end_index <= array.size)
            cell = value & ((1 << array.width) - 1)
            self.device.plane.fill_registers(
                config, array.name, start_index, end_index - start_index, cell
            )

    def bm_register_reset(self, cxt_id: int, register_array_name: str) -> None:
        """Set all cells to 0."""
        with self._register(cxt_id, register_array_name) as (config, array):
            self.device.plane.fill_registers(config, array.name, 0, array.size, 0)

    @contextmanager
    def _register(self, cxt_id: int, name: str) -> Iterator[tuple[Config, RegisterArray]]:
        """A register array of the program that calls are about, held while it is used."""
        with self.device.lock:
            program = self.program(cxt_id)
            array = program.registers.get(name) if program is not None else None
            if array is None:
                raise IDL.InvalidRegisterOperation(code=_Error.INVALID_REGISTER_NAME)
            try:
                yield self.device.control_config, array
            except DataPlaneError as error:
                raise IDL.InvalidRegisterOperation(code=_Error.ERROR) from error


def _check_index(is_valid: bool) -> None:
    if not is_valid:
        raise IDL.InvalidRegisterOperation(code=_Error.INVALID_INDEX)
