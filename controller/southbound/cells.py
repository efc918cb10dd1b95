"""Registers and counters over P4Runtime.

Choices:
- The messages are built by hand: an array of 4,096 cells is 4,096 updates, and finsy's general
  codec takes several times as long for each.
- P4Runtime reads either single cells or the whole array. A share of a quarter or more of the array
  is read as the whole, since a request entry costs about as much as the answer's.
- An array that is filled as a whole is one update, without an index.
- Values are checked before they are sent: a value that does not fit its cell is refused here, with
  the cell's name, and nothing of the call is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from finsy.p4schema import P4BitsType, P4Counter
from finsy.proto import p4r

from controller.errors import NodeFaulty, NodeRefused, RegisterError, WriteFailed
from controller.southbound.driver import CounterCell
from controller.southbound.wire import Wire

_WHOLE_SHARE = 4


class RegisterAccess(Protocol):
    """How a kind of node gives access to its registers."""

    def read(self, name: str, first: int, count: int) -> list[int]:
        """See ``NodeDriver.read_registers``."""

    def write(self, name: str, cells: Mapping[int, int]) -> None:
        """See ``NodeDriver.write_registers``."""

    def fill(self, name: str, first: int, count: int, value: int) -> None:
        """See ``NodeDriver.fill_registers``."""


class P4Registers:
    """``RegisterAccess`` over P4Runtime."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read(self, name: str, first: int, count: int) -> list[int]:
        """Read a range of cells; raises RegisterError."""
        asked = f"read of {count} cells of {name}"
        register = find_register(self._wire, name, asked)
        check_range(self._wire, register, first, count, asked)
        whole = count * _WHOLE_SHARE >= register.size
        wanted = [_cell(register)] if whole else _cells(register, range(first, first + count))
        values: dict[int, int] = {}
        try:
            for entity in self._wire.stream_raw(wanted, asked):
                entry = entity.register_entry  # each access makes an object
                values[entry.index.index] = int.from_bytes(entry.data.bitstring, "big")
        except NodeRefused as exc:
            raise register_error(exc) from exc
        try:
            return [values[index] for index in range(first, first + count)]
        except KeyError as exc:
            raise NodeFaulty(self._wire.name, asked, f"it left out cell {exc.args[0]}") from exc

    def write(self, name: str, cells: Mapping[int, int]) -> None:
        """Write single cells; raises RegisterError."""
        asked = f"write of {len(cells)} cells of {name}"
        register = find_register(self._wire, name, asked)
        check_cells(self._wire, register, cells, asked)
        self._update((_write(register, i, value) for i, value in cells.items()), asked)

    def fill(self, name: str, first: int, count: int, value: int) -> None:
        """Write one value to a range of cells; raises RegisterError."""
        asked = f"fill of {count} cells of {name}"
        register = find_register(self._wire, name, asked)
        check_range(self._wire, register, first, count, asked)
        check_cells(self._wire, register, {first: value} if count else {}, asked)
        whole = count == register.size
        indexes = [None] if whole else range(first, first + count)
        self._update((_write(register, index, value) for index in indexes), asked)

    def _update(self, updates: Iterable[p4r.Update], asked: str) -> None:
        try:
            self._wire.write(updates, asked)
        except WriteFailed as exc:
            raise register_error(exc) from exc


class P4Counters:
    """Counter arrays over P4Runtime."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read(self, name: str) -> list[CounterCell]:
        """Read a whole array; raises RegisterError."""
        cells = self.read_cells({name: None})[name]
        return [cells[index] for index in sorted(cells)]

    def read_cells(
        self, wanted: Mapping[str, Sequence[int] | None]
    ) -> dict[str, dict[int, CounterCell]]:
        """Read cells of several arrays by one request; raises RegisterError."""
        asked = f"read of counter {', '.join(wanted)}"
        counters = {name: self._find(name, asked) for name in wanted}
        entities = [e for name, cells in wanted.items() for e in _counters(counters[name], cells)]
        try:
            found = self._wire.read_raw(entities, asked)
        except NodeRefused as exc:
            raise register_error(exc) from exc
        by_id: dict[int, dict[int, CounterCell]] = {c.id: {} for c in counters.values()}
        for entity in found:
            entry = entity.counter_entry  # each access makes an object
            data = entry.data
            got = by_id.setdefault(entry.counter_id, {})
            got[entry.index.index] = CounterCell(data.packet_count, data.byte_count)
        for name, cells in wanted.items():
            got = by_id[counters[name].id]
            expected = counters[name].size if cells is None else len(set(cells))
            if len(got) != expected:
                reason = f"it sent {len(got)} of {expected} cells of {name}"
                raise NodeFaulty(self._wire.name, asked, reason)
        return {name: by_id[counter.id] for name, counter in counters.items()}

    def write(self, name: str, cells: Mapping[int, CounterCell]) -> None:
        """Set single cells; raises RegisterError."""
        asked = f"write of {len(cells)} cells of counter {name}"
        counter = self._find(name, asked)
        updates = (_count(counter, index, cell) for index, cell in cells.items())
        try:
            self._wire.write(updates, asked)
        except WriteFailed as exc:
            raise register_error(exc) from exc

    def _find(self, name: str, asked: str) -> P4Counter:
        counter = self._wire.schema.counters.get(name)
        if counter is None:
            raise RegisterError(self._wire.name, asked, "the program has no such counter")
        return counter


class PlainRegister(NamedTuple):
    """A register of plain cells."""

    id: int
    name: str
    size: int
    bits: int
    "Of a cell."


def find_register(wire: Wire, name: str, asked: str) -> PlainRegister:
    """Return a register of plain cells by name or alias; raises RegisterError."""
    register = wire.schema.registers.get(name)
    if register is None:
        raise RegisterError(wire.name, asked, "the program has no such register")
    if not isinstance(register.type_spec, P4BitsType) or register.type_spec.signed:
        raise RegisterError(wire.name, asked, "its cells are not of a type bit<W>")
    return PlainRegister(register.id, register.name, register.size, register.type_spec.bitwidth)


def check_range(wire: Wire, register: PlainRegister, first: int, count: int, asked: str) -> None:
    """Raise RegisterError unless all these cells exist."""
    if first < 0 or count < 0 or first + count > register.size:
        raise RegisterError(
            wire.name,
            asked,
            f"cells {first} to {first + count - 1} are not all in 0 to {register.size - 1}",
        )


def check_cells(wire: Wire, register: PlainRegister, cells: Mapping[int, int], asked: str) -> None:
    """Raise RegisterError unless all these cells exist and hold these values."""
    limit = 1 << register.bits
    for index, value in cells.items():
        if not 0 <= index < register.size:
            raise RegisterError(
                wire.name, asked, f"cell {index} is not in 0 to {register.size - 1}"
            )
        if not 0 <= value < limit:
            raise RegisterError(
                wire.name,
                asked,
                f"{value} does not fit cell {index} of {register.bits} bits",
            )


def register_error(error: NodeRefused) -> RegisterError:
    """Return a refused read or write as what it means for a register or counter."""
    return RegisterError(error.node, error.asked, error.reason, error.advice, code=error.code)


def _cell(register: PlainRegister, index: int | None = None) -> p4r.Entity:
    entry = p4r.RegisterEntry(register_id=register.id)
    if index is not None:
        entry.index.index = index
    return p4r.Entity(register_entry=entry)


def _cells(register: PlainRegister, indexes: Iterable[int]) -> list[p4r.Entity]:
    return [_cell(register, index) for index in indexes]


def _write(register: PlainRegister, index: int | None, value: int) -> p4r.Update:
    """Return what writes one cell; without an index it writes all."""
    entity = _cell(register, index)
    octets = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    entity.register_entry.data.bitstring = octets
    return p4r.Update(type=p4r.Update.MODIFY, entity=entity)


def _counters(counter: P4Counter, indexes: Sequence[int] | None) -> Iterator[p4r.Entity]:
    """Yield what asks for cells of a counter; without an index it asks for all."""
    if indexes is None:
        yield p4r.Entity(counter_entry=p4r.CounterEntry(counter_id=counter.id))
        return
    for index in indexes:
        at = p4r.Index(index=index)
        yield p4r.Entity(counter_entry=p4r.CounterEntry(counter_id=counter.id, index=at))


def _count(counter: P4Counter, index: int, cell: CounterCell) -> p4r.Update:
    data = p4r.CounterData(packet_count=cell.packets, byte_count=cell.bytes)
    return p4r.Update(
        type=p4r.Update.MODIFY,
        entity=p4r.Entity(
            counter_entry=p4r.CounterEntry(
                counter_id=counter.id, index=p4r.Index(index=index), data=data
            )
        ),
    )
