"""Registers. Cells travel as signed 64-bit integers: larger ones read as the largest, as BMv2 does
it, and negative ones are cut to a cell's width in two's complement.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from switch.dataplane.errors import DataPlaneError
from switch.p4json.objects import RegisterArray
from switch.p4json.program import Program
from switch.thrift.arrays import ArrayCalls
from switch.thrift.calls import MAX_INT64
from switch.thrift.idl import IDL


class RegisterCalls(ArrayCalls[RegisterArray]):
    """The calls of `standard` on register arrays."""

    unknown = "INVALID_REGISTER_NAME"

    def find(self, program: Program, name: str) -> RegisterArray | None:
        """See `ArrayCalls`."""
        return program.registers.get(name)

    def refusal(self, code: str) -> Exception:
        """See `ArrayCalls`."""
        return IDL.InvalidRegisterOperation(code=getattr(IDL.RegisterOperationErrorCode, code))

    def bm_register_read(self, cxt_id: int, register_array_name: str, idx: int) -> int:
        """One cell."""
        with self.array(cxt_id, register_array_name, idx) as (config, array):
            (value,) = self.device.plane.read_registers(config, array.name, idx, 1)
        return min(value, MAX_INT64)

    def bm_register_read_all(self, cxt_id: int, register_array_name: str) -> bytes:
        """All cells of an array, encoded (see `packed`)."""
        with self.array(cxt_id, register_array_name) as (config, array):
            return self.device.plane.read_packed_registers(config, array.name, 0, array.size)

    def bm_register_write(
        self, cxt_id: int, register_array_name: str, index: int, value: int
    ) -> None:
        """Set one cell."""
        with self.array(cxt_id, register_array_name, index) as (config, array):
            cell = value & ((1 << array.width) - 1)
            self.device.plane.write_registers(config, array.name, index, [cell])

    def write_cells(self, array: str, indices: Sequence[int], values: Sequence[int]) -> int:
        """Set the first cells, up to one that is to be refused; how many (see `bursts`).

        That one, made as a call of its own, gets the error.
        """
        with self.device.lock, suppress(DataPlaneError):
            program = self.program(0)
            register = self.find(program, array) if program is not None else None
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
        with self.array(cxt_id, register_array_name) as (config, array):
            self.check_index(0 <= start_index <= end_index <= array.size)
            cell = value & ((1 << array.width) - 1)
            self.device.plane.fill_registers(
                config, array.name, start_index, end_index - start_index, cell
            )

    def bm_register_reset(self, cxt_id: int, register_array_name: str) -> None:
        """Set all cells to 0."""
        with self.array(cxt_id, register_array_name) as (config, array):
            self.device.plane.fill_registers(config, array.name, 0, array.size, 0)
