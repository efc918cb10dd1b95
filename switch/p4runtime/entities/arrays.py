"""Indirect counters and meters (specification 1.4, "CounterEntry" and "MeterEntry")."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from finsy.proto import p4r

from switch.dataplane.messages import MeterCell
from switch.p4runtime.effects import Cell, Channel, Fill
from switch.p4runtime.entities.handler import EntityHandler, only_modify
from switch.p4runtime.entities.resources import (
    counter_cell,
    fill_counter,
    fill_meter_entry,
    meter_cell,
)
from switch.p4runtime.state import Array
from switch.p4runtime.status import StatusError, invalid_argument
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import Answer, View, check_index, find, select

UNCHANGED = object()
"""What an update without data writes."""


class ArrayHandler(EntityHandler):
    """What arrays of counters, meters and registers have in common.

    Single cells asked for one after the other, of one array and with rising indices, are read
    from the data plane in one slice.
    """

    what: ClassVar[str]
    channel: ClassVar[Channel]
    fill_channel: ClassVar[Channel]

    def write(
        self, tx: Transaction, view: View, update: p4r.Update.Type.ValueType, message: Any
    ) -> None:
        """Set one cell, or all without an index."""
        only_modify(update, self.what)
        array = find(self.arrays(view), self.object_id(message), self.what)
        index = check_index(message.index, array) if message.HasField("index") else None
        value = self.value(array, message)
        if value is UNCHANGED:
            return
        if index is None:
            tx.effect(self.fill_channel, Fill(array.name, array.size, value))
        else:
            tx.effect(self.channel, Cell(array.name, index, value))

    def read(self, view: View, message: Any) -> Answer:
        """One cell, all of an array (no index), or all of all arrays (no id)."""
        arrays = select(view, self.arrays(view), self.object_id(message), self.what)
        if message.HasField("index"):
            if not self.object_id(message):
                raise invalid_argument(f"an index needs the id of a {self.what}")
            return self._one(view, arrays, message)
        found = [(array, 0, self.cells(view, array, 0, array.size)) for array in arrays]
        return self._messages(found, message)

    def read_many(self, view: View, messages: Sequence[Any]) -> list[Answer | StatusError]:
        """Each request by itself, but runs of single cells in one slice."""
        answers: list[Answer | StatusError] = []
        while len(answers) < len(messages):
            first = messages[len(answers)]
            length = self._run_length(messages, len(answers))
            run = messages[len(answers) : len(answers) + length]
            answers += self._run(view, run) or [self._try_read(view, first)]
        return answers

    def _run_length(self, messages: Sequence[Any], start: int) -> int:
        """How many requests from `start` on are for consecutive cells of one array."""
        first = messages[start]
        if not first.HasField("index"):
            return 1
        object_id, index = self.object_id(first), first.index.index
        length = 1
        while start + length < len(messages):
            message = messages[start + length]
            if self.object_id(message) != object_id or message.index.index != index + length:
                break
            length += 1
        return length

    def _run(self, view: View, run: Sequence[Any]) -> list[Answer]:
        """The answers to a run of requests; [] if they are better looked at one by one."""
        first, length = run[0], len(run)
        array = self.arrays(view).get(self.object_id(first))
        if length == 1 or array is None or not view.scope.allows(self.object_id(first)):
            return []
        index = first.index.index
        if index < 0 or index + length > array.size:
            return []
        cells = self.cells(view, array, index, length)
        return [
            self._messages([(array, index + place, cells[place : place + 1])], message)
            for place, message in enumerate(run)
        ]

    def _one(self, view: View, arrays: list[Any], message: Any) -> Answer:
        found = []
        for array in arrays:
            index = check_index(message.index, array)
            found.append((array, index, self.cells(view, array, index, 1)))
        return self._messages(found, message)

    def _messages(self, found: list[tuple[Any, int, list[Any]]], request: Any) -> Answer:
        for array, first, cells in found:
            yield from self.entities(array, first, cells, request)

    @abstractmethod
    def arrays(self, view: View) -> Mapping[int, Any]:
        """The arrays of the pipeline, by id."""

    @abstractmethod
    def value(self, array: Any, message: Any) -> Any:
        """What to write; UNCHANGED if the message asks for no change."""

    @abstractmethod
    def cells(self, view: View, array: Any, first: int, count: int) -> list[Any]:
        """Cells as the data plane holds them."""

    @abstractmethod
    def entities(self, array: Any, first: int, cells: list[Any], request: Any) -> Answer:
        """The messages of consecutive cells, with what the request asks for."""


class CounterHandler(ArrayHandler):
    """Serves `counter_entry`."""

    kind = "counter_entry"
    what = "counter"
    channel = Channel.COUNTER
    fill_channel = Channel.COUNTER_FILL

    def object_id(self, message: p4r.CounterEntry) -> int:
        """The counter's id."""
        return message.counter_id

    def arrays(self, view: View) -> Mapping[int, Array]:
        """The indirect counters."""
        return view.pipeline.counters

    def value(self, array: Array, message: p4r.CounterEntry) -> Any:
        """The counts; without data they stay."""
        return counter_cell(message.data) if message.HasField("data") else UNCHANGED

    def cells(self, view: View, array: Array, first: int, count: int) -> list[Any]:
        """The counts."""
        return view.plane.read_counters(view.config, array.name, first, count)

    def entities(
        self, array: Array, first: int, cells: list[Any], request: p4r.CounterEntry
    ) -> Answer:
        """One message a cell."""
        for place, cell in enumerate(cells):
            entity = p4r.Entity()
            message = entity.counter_entry
            message.counter_id = array.array_id
            message.index.index = first + place
            fill_counter(message.data, cell)
            yield entity


class MeterHandler(ArrayHandler):
    """Serves `meter_entry`."""

    kind = "meter_entry"
    what = "meter"
    channel = Channel.METER
    fill_channel = Channel.METER_FILL

    def object_id(self, message: p4r.MeterEntry) -> int:
        """The meter's id."""
        return message.meter_id

    def arrays(self, view: View) -> Mapping[int, Array]:
        """The indirect meters."""
        return view.pipeline.meters

    def value(self, array: Array, message: p4r.MeterEntry) -> MeterCell:
        """The configuration, without one the meter's default, and what it is to count."""
        return meter_cell(message, array.meter_type)

    def cells(self, view: View, array: Array, first: int, count: int) -> list[Any]:
        """Configurations and counts."""
        return view.plane.read_meters(view.config, array.name, first, count)

    def entities(
        self, array: Array, first: int, cells: list[MeterCell], request: p4r.MeterEntry
    ) -> Answer:
        """One message a cell; without config where the meter has its default."""
        with_counts = request.HasField("counter_data")
        for place, cell in enumerate(cells):
            entity = p4r.Entity()
            message = entity.meter_entry
            message.meter_id = array.array_id
            message.index.index = first + place
            fill_meter_entry(message, cell, with_counts=with_counts)
            yield entity
