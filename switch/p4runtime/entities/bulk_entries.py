"""Many new entries of one table at once (see `switch.p4runtime.bulk`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from finsy.proto import p4r

from switch.dataplane.messages import NewEntries
from switch.p4json.objects import ActionCall
from switch.p4runtime.bytestrings import decode_all
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.table_keys import entry_key
from switch.p4runtime.match import FieldCodec
from switch.p4runtime.pipeline import BulkWrite
from switch.p4runtime.state import Entry, Table
from switch.p4runtime.status import invalid_argument, unimplemented
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find
from switch.p4runtime.wire_pattern import Columns

_ENTRY = ("entity", "table_entry")
_PLAIN = {"table_id", "match", "action", "priority", "controller_metadata", "metadata"}
"""The fields that an entry may have set; the others change more than the table."""

_Read = Callable[[Columns, int], Sequence[Any]]
"""Gives a value for each of so many messages."""

# Named tuples of plain ones, without a call of their `__new__`, which is written in Python.
_call = partial(tuple.__new__, ActionCall)
_entry = partial(tuple.__new__, Entry)


def new_entries(view: View, update: p4r.Update) -> BulkWrite:
    """What inserts entries that look like the one of an update.

    Raises `StatusError` if the update is no plain insertion that would be done.
    """
    message = update.entity.table_entry
    table = find(view.pipeline.tables, message.table_id, "table")
    fields = {field.name for field, _ in message.ListFields()}
    if update.type != p4r.Update.INSERT or not fields <= _PLAIN:
        raise unimplemented("not a plain new entry")
    if table.is_const or not table.keys.fields:
        raise unimplemented("not a table that takes entries")
    if table.profile is not None or message.action.WhichOneof("type") != "action":
        raise unimplemented("not an action of the entry's own")
    entry_key(table, message)
    call = table.actions.decode(message.action.action)
    return _Insert(
        table,
        [_field(codec, message) for codec in table.keys.fields],
        call.action,
        _arguments(table, message.action.action),
        [
            _column((*_ENTRY, name), getattr(message, name))
            for name in ("priority", "controller_metadata", "metadata")
        ],
    )


class _Insert:
    """Inserts entries with the same match fields and the same action."""

    def __init__(
        self,
        table: Table,
        key: Sequence[_Read],
        action: str,
        arguments: Sequence[_Read],
        others: Sequence[_Read],
    ) -> None:
        self._table = table
        self._key = key
        self._action = action
        self._arguments = arguments
        self._others = others
        """Priority, and the controller's metadata as number and as bytes."""

    def __call__(self, tx: Transaction, columns: Columns, count: int) -> None:
        """Insert as many entries, or raise `StatusError` and do nothing."""
        table, known = self._table, self._table.entries
        keys = _rows(self._key, columns, count)
        args = _rows(self._arguments, columns, count)
        priorities, numbers, octets = [read(columns, count) for read in self._others]
        if table.keys.takes_priority and min(priorities) <= 0:
            raise invalid_argument("a priority is missing")
        calls = map(_call, zip(repeat(self._action), args, strict=False))
        rest = (repeat(0), repeat(None), repeat(False))
        entries = map(_entry, zip(keys, priorities, calls, numbers, octets, *rest, strict=False))
        new = dict(zip(zip(keys, priorities, strict=True), entries, strict=True))
        if len(new) < count or not known.keys().isdisjoint(new):
            raise invalid_argument("an entry is there already, or comes twice")
        if len(known) + count > table.size:
            raise invalid_argument("there is no room for all")
        tx.begin_updates(count)
        tx.put_new(known, new)
        tx.effect(Channel.NEW_ENTRIES, NewEntries(table.name, keys, priorities, self._action, args))


def _rows(reads: Sequence[_Read], columns: Columns, count: int) -> list[tuple[Any, ...]]:
    if not reads:
        return [()] * count
    return list(zip(*[read(columns, count) for read in reads], strict=True))


def _field(codec: FieldCodec, message: p4r.TableEntry) -> _Read:
    """Reads one field of the key."""
    for place, match in enumerate(message.match):
        if match.field_id == codec.field_id:
            paths = [(*_ENTRY, "match", place, codec.oneof, part) for part in codec.parts]
            return lambda columns, _: codec.decode_all([columns[path] for path in paths])
    return lambda _, count: [codec.wildcard] * count


def _arguments(table: Table, call: p4r.Action) -> list[_Read]:
    """Read the arguments, in the order of the action's parameters."""
    places = {param.param_id: place for place, param in enumerate(call.params)}
    return [
        _argument(
            (*_ENTRY, "action", "action", "params", places[wanted.param_id], "value"), wanted.width
        )
        for wanted in table.actions.codec(call.action_id).parameters
    ]


def _argument(path: tuple[str | int, ...], width: int) -> _Read:
    return lambda columns, _: decode_all(columns[path], width, "an argument")


def _column(path: tuple[str | int, ...], constant: Any) -> _Read:
    """Reads a value that belongs to the pattern where it is not among the columns."""
    return lambda columns, count: columns.get(path) or [constant] * count
