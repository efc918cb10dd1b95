"""The parameters of the hash algorithms `crc16_custom` and `crc32_custom`.

They belong to the program that runs: as in BMv2 the next one begins with its own.
"""

from __future__ import annotations

from typing import Any

from switch.dataplane.errors import DataPlaneError
from switch.dataplane.messages import CrcParameters
from switch.thrift.calls import LOG, Calls
from switch.thrift.idl import IDL


class CrcCalls(Calls):
    """The calls of `standard` on them."""

    def bm_set_crc16_custom_parameters(
        self, cxt_id: int, calc_name: str, crc16_config: Any
    ) -> None:
        """Set those of a calculation by `crc16_custom`."""
        self._set(cxt_id, calc_name, crc16_config, 16)

    def bm_set_crc32_custom_parameters(
        self, cxt_id: int, calc_name: str, crc32_config: Any
    ) -> None:
        """Set those of a calculation by `crc32_custom`."""
        self._set(cxt_id, calc_name, crc32_config, 32)

    def _set(self, cxt_id: int, name: str, given: Any, width: int) -> None:
        ones = (1 << width) - 1
        with self.device.lock:
            program = self.program(cxt_id)
            found = program.body.calculations.get(name) if program is not None else None
            if found is None:
                raise _error("INVALID_CALCULATION_NAME")
            if found.algorithm != f"crc{width}_custom":
                raise _error("WRONG_TYPE_CALCULATION")
            parameters = CrcParameters(
                width,
                given.polynomial & ones,
                given.initial_remainder & ones,
                given.final_xor_value & ones,
                given.data_reflected,
                given.remainder_reflected,
            )
            try:
                self.device.plane.set_crc(self.device.control_config, name, parameters)
            except DataPlaneError as error:
                LOG.error("a Thrift call failed: %s", error)
                raise _error("INVALID_CONFIG") from error


def _error(code: str) -> Exception:
    return IDL.InvalidCrcOperation(code=getattr(IDL.CrcErrorCode, code))
