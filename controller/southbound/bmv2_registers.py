"""Registers of BMv2, over Thrift: its P4Runtime server has none.

BMv2 reads either one cell or a whole array, and holds the array's lock while it does, so that
packets that use the array wait. Choices, from measurements under traffic:
- Arrays of up to ``array_read_limit`` cells are read whole, with a pause before the next such read
  of the node, so that no packet waits for more than one. The wait is bounded by the small array.
- Few cells, or cells of a larger array, are read one by one, in windows of a few calls under way.
- Runs of equal values are written by ranges, in pieces of the same bounded size. The reset call is
  never used: it takes no lock at all.
- Thrift knows no arbitration. So a controller that is not primary is held back here.
- Values travel as signed 64-bit numbers and larger ones come back as 2^63-1: such a value is an
  error, not a number.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from controller.errors import NodeRefused, RegisterError
from controller.southbound.cells import (
    PlainRegister,
    check_cells,
    check_range,
    find_register,
    register_error,
)
from controller.southbound.thrift_client import ThriftClient
from controller.southbound.wire import Wire

_LARGEST = (1 << 63) - 1
_WRITE_WINDOW = 256
_CONTEXT = 0


class Bmv2Registers:
    """``RegisterAccess`` over BMv2's Thrift server."""

    def __init__(self, wire: Wire, thrift: ThriftClient) -> None:
        self._wire = wire
        self._thrift = thrift
        self._options = wire.options
        self._pausing = threading.Lock()
        self._next_array_read = 0.0

    def read(self, name: str, first: int, count: int) -> list[int]:
        """Read a range of cells; raises RegisterError."""
        asked = f"read of {count} cells of {name}"
        register = find_register(self._wire, name, asked)
        check_range(self._wire, register, first, count, asked)
        self._wire.session.connection(asked)
        if self._worth_whole(register, count):
            values = self._read_whole(register, asked)[first : first + count]
        else:
            cells = [(_CONTEXT, register.name, i) for i in range(first, first + count)]
            values = self._call(
                "bm_register_read", cells, asked, window=self._options.cell_read_window
            )
        if register.bits > 63 and _LARGEST in values:
            raise RegisterError(
                self._wire.name,
                asked,
                f"cell {first + values.index(_LARGEST)} holds 2^63-1 or more",
                "BMv2 cannot tell larger values: keep cells at most 63 bits wide",
            )
        return values

    def write(self, name: str, cells: Mapping[int, int]) -> None:
        """Write single cells; raises RegisterError."""
        asked = f"write of {len(cells)} cells of {name}"
        register = find_register(self._wire, name, asked)
        check_cells(self._wire, register, cells, asked)
        self._check_values(cells.values(), asked)
        self._wire.session.connection(asked, primary=True)
        runs = list(equal_runs(cells, self._options.array_read_limit))
        singles = [(_CONTEXT, register.name, i, value) for i, n, value in runs if n == 1]
        ranges = [(_CONTEXT, register.name, i, i + n, value) for i, n, value in runs if n > 1]
        self._call("bm_register_write", singles, asked, window=_WRITE_WINDOW)
        self._call("bm_register_write_range", ranges, asked)

    def fill(self, name: str, first: int, count: int, value: int) -> None:
        """Write one value to a range of cells; raises RegisterError."""
        asked = f"fill of {count} cells of {name}"
        register = find_register(self._wire, name, asked)
        check_range(self._wire, register, first, count, asked)
        check_cells(self._wire, register, {first: value} if count else {}, asked)
        self._check_values([value], asked)
        self._wire.session.connection(asked, primary=True)
        step = self._options.array_read_limit
        ranges = [
            (_CONTEXT, register.name, i, min(i + step, first + count), value)
            for i in range(first, first + count, step)
        ]
        self._call("bm_register_write_range", ranges, asked)

    def _worth_whole(self, register: PlainRegister, count: int) -> bool:
        small = register.size <= self._options.array_read_limit
        return small and count > self._options.cell_read_window

    def _read_whole(self, register: PlainRegister, asked: str) -> list[int]:
        """Read an array by one call, not before the pause after the last such call is over."""
        with self._pausing:
            time.sleep(max(0.0, self._next_array_read - time.monotonic()))
            try:
                return self._call("bm_register_read_all", [(_CONTEXT, register.name)], asked)[0]
            finally:
                self._next_array_read = time.monotonic() + self._options.array_read_pause_s

    def _call(
        self, method: str, calls: Sequence[Sequence[Any]], asked: str, window: int = 1
    ) -> list[Any]:
        try:
            return self._thrift.pipeline("standard", method, calls, asked=asked, window=window)
        except NodeRefused as exc:
            raise register_error(exc) from exc

    def _check_values(self, values: Iterable[int], asked: str) -> None:
        if any(value > _LARGEST for value in values):
            raise RegisterError(
                self._wire.name,
                asked,
                "a value is 2^63 or more, which BMv2's Thrift server cannot take",
                "keep cells at most 63 bits wide",
            )


def equal_runs(cells: Mapping[int, int], longest: int) -> Iterator[tuple[int, int, int]]:
    """Cut cells into runs of neighbours with the same value: first index, length, value."""
    first = length = value = 0
    for index in sorted(cells):
        if length and index == first + length and cells[index] == value and length < longest:
            length += 1
            continue
        if length:
            yield first, length, value
        first, length, value = index, 1, cells[index]
    if length:
        yield first, length, value
