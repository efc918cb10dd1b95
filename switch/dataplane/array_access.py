"""The part of `DataPlane` about registers, counters and meters, value sets and hashes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from switch.codegen.manifest import Compiled
from switch.dataplane import encoding
from switch.dataplane.errors import RequestRefused
from switch.dataplane.messages import Config, CounterCell, CrcParameters, MeterCell
from switch.dataplane.process import Request
from switch.dataplane.shipping import CELLS, ENTRIES, PACKED_CELLS, ranges
from switch.p4json.objects import TernaryMatch
from switch.p4json.program import Program


class ArrayAccess(ABC):
    """Reads and writes cells, in slices; raises as `DataPlane` does."""

    def read_registers(self, config: Config, name: str, first: int, count: int) -> list[int]:
        """Cells `first` to `first + count - 1` of a register array."""
        (values,) = self._read_cells(config, "register", name, first, count)
        return list(map(int, values))

    def read_packed_registers(self, config: Config, name: str, first: int, count: int) -> bytes:
        """The same cells as signed 64-bit big-endian numbers; larger ones become the largest."""
        self._compiled(config)
        which = encoding.which(config)
        return b"".join(
            self._ask_all(
                ("read_packed_cells", which, name, start, size)
                for start, size in ranges(first, count, PACKED_CELLS)
            )
        )

    def write_registers(self, config: Config, name: str, first: int, values: Sequence[int]) -> None:
        """Set consecutive cells; values are cut to the width of a cell."""
        mask = self._register_mask(config, name)
        self._write_cells(config, "register", name, first, ([value & mask for value in values],))

    def write_register_cells(
        self, config: Config, name: str, indices: Sequence[int], values: Sequence[int]
    ) -> None:
        """Set cells that need not follow each other."""
        first, count = indices[0], len(indices)
        if list(indices) == list(range(first, first + count)):
            self.write_registers(config, name, first, values)
            return
        mask, which = self._register_mask(config, name), encoding.which(config)
        cut = [value & mask for value in values]
        self._ask_all(
            (
                "write_cells_at",
                which,
                name,
                list(indices[start : start + size]),
                cut[start : start + size],
            )
            for start, size in ranges(0, count, CELLS)
        )

    def fill_registers(self, config: Config, name: str, first: int, count: int, value: int) -> None:
        """Set `count` consecutive cells to one value."""
        cut, which = value & self._register_mask(config, name), encoding.which(config)
        self._ask_all(
            ("fill_cells", which, name, start, size, cut)
            for start, size in ranges(first, count, CELLS)
        )

    def read_counters(self, config: Config, name: str, first: int, count: int) -> list[CounterCell]:
        """Cells `first` to `first + count - 1` of an indirect counter array."""
        packets, octets = self._read_cells(config, "counter", name, first, count)
        return [CounterCell(*cell) for cell in zip(packets, octets, strict=True)]

    def write_counters(
        self, config: Config, name: str, first: int, cells: Sequence[CounterCell]
    ) -> None:
        """Set consecutive cells of an indirect counter array."""
        values = ([cell.packets for cell in cells], [cell.bytes for cell in cells])
        self._write_cells(config, "counter", name, first, values)

    def read_meters(self, config: Config, name: str, first: int, count: int) -> list[MeterCell]:
        """Consecutive meters."""
        self._compiled(config)
        which = encoding.which(config)
        answers = self._ask_all(
            ("read_meters", which, name, start, size) for start, size in ranges(first, count, CELLS)
        )
        return [encoding.meter_cell(*item) for answer in answers for item in answer]

    def write_meters(
        self, config: Config, name: str, first: int, meters: Sequence[MeterCell]
    ) -> None:
        """Set consecutive meters."""
        self._compiled(config)
        written, which = [encoding.meter(cell) for cell in meters], encoding.which(config)
        self._ask_all(
            ("write_meters", which, name, first + start, written[start : start + ENTRIES])
            for start in range(0, len(written), ENTRIES)
        )

    def write_value_set(self, config: Config, name: str, members: Sequence[TernaryMatch]) -> None:
        """Replace the members of a parser value set (mask all ones: an exact value)."""
        self._compiled(config)
        self._ask("write_value_set", encoding.which(config), name, list(map(tuple, members)))

    def set_crc(self, config: Config, calculation: str, parameters: CrcParameters) -> None:
        """Give a calculation by `crc16_custom` or `crc32_custom` other parameters."""
        program, _ = self._program(config)
        algorithm = program.body.calculations[calculation].algorithm
        self._ask("set_crc", encoding.which(config), calculation, algorithm, tuple(parameters))

    def _register_mask(self, config: Config, name: str) -> int:
        program, _ = self._program(config)
        if name not in program.registers:
            raise RequestRefused(f"there is no register array {name}")
        return (1 << program.registers[name].width) - 1

    def _read_cells(
        self, config: Config, kind: str, name: str, first: int, count: int
    ) -> tuple[list[int], ...]:
        self._compiled(config)
        which = encoding.which(config)
        answers = self._ask_all(
            ("read_cells", which, kind, name, start, size)
            for start, size in ranges(first, count, CELLS)
        )
        return tuple(
            [value for piece in pieces for value in piece] for pieces in zip(*answers, strict=True)
        )

    def _write_cells(
        self, config: Config, kind: str, name: str, first: int, values: tuple[list[int], ...]
    ) -> None:
        self._compiled(config)
        which, count = encoding.which(config), len(values[0])
        self._ask_all(
            (
                "write_cells",
                which,
                kind,
                name,
                first + start,
                tuple(part[start : start + size] for part in values),
            )
            for start, size in ranges(0, count, CELLS)
        )

    @abstractmethod
    def _program(self, config: Config) -> tuple[Program, Compiled]: ...

    @abstractmethod
    def _compiled(self, config: Config) -> Compiled: ...

    @abstractmethod
    def _ask(self, name: str, *arguments: Any) -> Any: ...

    @abstractmethod
    def _ask_all(self, requests: Iterable[Request]) -> list[Any]: ...
