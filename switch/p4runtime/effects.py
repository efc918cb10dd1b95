"""What updates ask of the data plane, collected and handed over in runs.

A batch of a thousand entries goes to the worker in one call instead of a thousand: consecutive
effects of one kind are applied together, array cells that follow each other are one slice. The
order of the updates is kept, but for counters and meters of entries: these wait behind further
entries, as long as none of them is an entry that they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from switch.dataplane.client import DataPlane
from switch.dataplane.errors import RequestRefused
from switch.dataplane.messages import Config, DefaultOp, EntryChanges, EntryName, TableOp


class Cell(NamedTuple):
    """A new value for one cell of an array."""

    array: str
    place: int
    value: Any


@dataclass(frozen=True, slots=True)
class Cells:
    """New values for cells of an array."""

    array: str
    indices: Sequence[int]
    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.values)

    def behind(self, element: int) -> Cells:
        """Those after an element."""
        return Cells(self.array, self.indices[element + 1 :], self.values[element + 1 :])


class Fill(NamedTuple):
    """One value for all cells of an array."""

    array: str
    size: int
    value: Any


class Call(NamedTuple):
    """A method of the data plane, as it is called."""

    method: str
    arguments: tuple[Any, ...]


class Channel(Enum):
    """The kinds of effects; what each carries is said beside it."""

    __hash__ = object.__hash__  # Enum's own is written in Python and looked up for each effect

    TABLE = "TableOp or DefaultOp"
    ENTRY_CHANGES = "EntryChanges"
    MEMBER = "MemberOp"
    GROUP = "GroupOp"
    DIRECT_COUNTER = "(EntryName, CounterCell)"
    DIRECT_METER = "(EntryName, MeterCell)"
    REGISTER = "Cell of an int"
    REGISTER_CELLS = "Cells of ints"
    REGISTER_FILL = "Fill of an int"
    COUNTER = "Cell of a CounterCell"
    COUNTER_FILL = "Fill of a CounterCell"
    METER = "Cell of a MeterCell"
    METER_FILL = "Fill of a MeterCell"
    VALUE_SET = "(name, members)"
    REPLICATION = "Call"


class Effect(NamedTuple):
    """Something for the data plane to do, and which update of the batch wants it."""

    channel: Channel
    item: Any
    update: int
    updates: int = 1
    """How many consecutive ones want it, each an element of it."""

    def behind(self, element: int) -> list[Effect]:
        """What there is to do after an element."""
        done = element + 1
        if done == self.updates:
            return []
        rest = self.item.behind(element)
        return [Effect(self.channel, rest, self.update + done, self.updates - done)]


_OF_ENTRIES = frozenset({Channel.DIRECT_COUNTER, Channel.DIRECT_METER})
"""What belongs to an entry, whose name is the first element of the item."""


def apply_effects(
    plane: DataPlane, config: Config, effects: Sequence[Effect]
) -> list[tuple[int, RequestRefused]]:
    """Do everything, in order; what was refused, with the number of the update that wanted it.

    Raises `WorkerGone`.
    """
    refused: list[tuple[int, RequestRefused]] = []
    for pending in _channel_runs(effects):
        channel = pending[0].channel
        while pending:
            try:
                _APPLY[channel](plane, config, [effect.item for effect in pending])
            except RequestRefused as error:
                place, element = _locate(pending, error.index)
                effect = pending[place]
                refused.append((effect.update + element, error))
                pending = [*effect.behind(element), *pending[place + 1 :]]
            else:
                break
    return refused


def _locate(effects: Sequence[Effect], index: int) -> tuple[int, int]:
    """Which effect an element of theirs belongs to, and which of its elements that is."""
    place = 0
    while index >= effects[place].updates:
        index -= effects[place].updates
        place += 1
    return place, index


def _channel_runs(effects: Sequence[Effect]) -> Iterator[list[Effect]]:
    """Effects in runs of one channel each, in an order that comes to the same."""
    run: dict[Channel, list[Effect]] = {}
    owners: set[tuple[Any, ...]] = set()
    latest: Channel | None = None
    for effect in effects:
        if effect.channel is latest and not owners:
            run[latest].append(effect)
            continue
        if run and not _joins(run, owners, effect):
            yield from _in_order(run)
            run, owners = {}, set()
        latest = effect.channel
        if latest in _OF_ENTRIES:
            owners.add(_entry_of(effect.item[0]))
        run.setdefault(latest, []).append(effect)
    yield from _in_order(run)


def _joins(run: dict[Channel, list[Effect]], owners: set[tuple[Any, ...]], effect: Effect) -> bool:
    """Whether an effect may be done together with those that wait in `run`."""
    if effect.channel is Channel.TABLE and owners:
        return _entry_of(effect.item) not in owners
    return effect.channel in run or (effect.channel in _OF_ENTRIES and Channel.TABLE in run)


def _in_order(run: dict[Channel, list[Effect]]) -> Iterator[list[Effect]]:
    """The lists of a run, entries before what belongs to them."""
    return iter(sorted(run.values(), key=lambda effects: effects[0].channel is not Channel.TABLE))


def _entry_of(item: TableOp | DefaultOp | EntryName) -> tuple[Any, ...]:
    if isinstance(item, DefaultOp):
        return (item.table,)
    return item.table, item.key, item.priority


def _runs(cells: Sequence[Cell]) -> Iterator[tuple[int, str, int, list[Any]]]:
    """Cells that follow each other in one array: place of the first, array, index, values."""
    start = 0
    for place in range(1, len(cells) + 1):
        first = cells[start]
        if (
            place == len(cells)
            or cells[place].array != first.array
            or cells[place].place != first.place + place - start
        ):
            yield start, first.array, first.place, [cell.value for cell in cells[start:place]]
            start = place


def _cells(method: str) -> Callable[[DataPlane, Config, Sequence[Cell]], None]:
    def apply(plane: DataPlane, config: Config, items: Sequence[Cell]) -> None:
        for place, array, first, values in _runs(items):
            try:
                getattr(plane, method)(config, array, first, values)
            except RequestRefused as error:
                raise RequestRefused(str(error), place + error.index) from error

    return apply


def _register_cells(plane: DataPlane, config: Config, items: Sequence[Cells]) -> None:
    before = 0
    for array, group in groupby(items, attrgetter("array")):
        parts = list(group)
        indices = [index for cells in parts for index in cells.indices]
        values = [value for cells in parts for value in cells.values]
        try:
            plane.write_register_cells(config, array, indices, values)
        except RequestRefused as error:
            raise RequestRefused(str(error), before + error.index) from error
        before += len(values)


def _each(
    apply_one: Callable[[DataPlane, Config, Any], None],
) -> Callable[[DataPlane, Config, Sequence[Any]], None]:
    def apply(plane: DataPlane, config: Config, items: Sequence[Any]) -> None:
        for place, item in enumerate(items):
            try:
                apply_one(plane, config, item)
            except RequestRefused as error:
                raise RequestRefused(str(error), place) from error

    return apply


def _change_entries(plane: DataPlane, config: Config, items: Sequence[EntryChanges]) -> None:
    before = 0
    for changes in items:
        try:
            plane.change_entries(config, changes)
        except RequestRefused as error:
            raise RequestRefused(str(error), before + error.index) from error
        before += len(changes)


_APPLY: dict[Channel, Callable[[DataPlane, Config, Sequence[Any]], None]] = {
    Channel.TABLE: lambda plane, config, items: plane.write_table(config, items),
    Channel.MEMBER: lambda plane, config, items: plane.write_members(config, items),
    Channel.GROUP: lambda plane, config, items: plane.write_groups(config, items),
    Channel.DIRECT_COUNTER: lambda plane, config, items: plane.write_direct_counters(config, items),
    Channel.DIRECT_METER: lambda plane, config, items: plane.write_direct_meters(config, items),
    Channel.REGISTER: _cells("write_registers"),
    Channel.ENTRY_CHANGES: _change_entries,
    Channel.REGISTER_CELLS: _register_cells,
    Channel.REGISTER_FILL: _each(
        lambda plane, config, fill: plane.fill_registers(
            config, fill.array, 0, fill.size, fill.value
        )
    ),
    Channel.COUNTER: _cells("write_counters"),
    Channel.COUNTER_FILL: _each(
        lambda plane, config, fill: plane.write_counters(
            config, fill.array, 0, [fill.value] * fill.size
        )
    ),
    Channel.METER: _cells("write_meters"),
    Channel.METER_FILL: _each(
        lambda plane, config, fill: plane.write_meters(
            config, fill.array, 0, [fill.value] * fill.size
        )
    ),
    Channel.VALUE_SET: _each(
        lambda plane, config, change: plane.write_value_set(config, change[0], change[1])
    ),
    Channel.REPLICATION: _each(
        lambda plane, config, call: getattr(plane, call.method)(*call.arguments)
    ),
}
