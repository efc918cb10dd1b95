"""The answer of `bm_register_read_all`, of which the data plane's worker has encoded the list.

An array has tens of thousands of cells: from the worker to the socket they are never numbers.
"""

from __future__ import annotations

import struct
from typing import Any

from thriftpy2.thrift import TType

from switch.thrift.idl import IDL

_SUCCESS = struct.Struct(">bhbi")
"""The head of field 0, a list: type, number, type of the elements, how many they are."""
_CELL_BYTES = 8
_STOP = b"\x00"


_Result: Any = IDL.Standard.bm_register_read_all_result


class PackedCells(_Result):
    """A result whose `success` is the cells, 64 bits each, or else an exception is set."""

    def write(self, protocol: Any) -> None:
        """Write it, for thriftpy2."""
        if self.success is None:
            super().write(protocol)
            return
        head = _SUCCESS.pack(TType.LIST, 0, TType.I64, len(self.success) // _CELL_BYTES)
        protocol.trans.write(head + self.success + _STOP)
