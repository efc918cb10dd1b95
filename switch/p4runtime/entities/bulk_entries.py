"""Many entries of one table changed at once, in the same way (see `switch.p4runtime.bulk`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from finsy.proto import p4r

from switch.dataplane.messages import EntryChanges, OpKind
from switch.p4json.objects import ActionCall, MatchKey
from switch.p4runtime.bytestrings import check_all
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities.table_keys import entry_key
from switch.p4runtime.match import FieldCodec
from switch.p4runtime.pipeline import BulkWrite
from switch.p4runtime.state import Entry, EntryKey, Table
from switch.p4runtime.status import invalid_argument, unimplemented
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find
from switch.p4runtime.wire_pattern import Columns

_ENTRY = ("entity", "table_entry")
_PLAIN = {"table_id", "match", "action", "priority", "controller_metadata", "metadata"}
"""The fields that an entry may have set; the others change more than the table."""

_KINDS: Mapping[int, OpKind] = {
    p4r.Update.INSERT: OpKind.INSERT,
    p4r.Update.MODIFY: OpKind.MODIFY,
    p4r.Update.DELETE: OpKind.DELETE,
}

_Column = Callable[[Columns, int], Sequence[Any]]
"""Gives a value for each of so many messages."""

# Named tuples of plain ones, without a call of their `__new__`, which is written in Python.
_call = partial(tuple.__new__, ActionCall)
_entry = partial(tuple.__new__, Entry)


def entry_changes(view: View, update: p4r.Update) -> BulkWrite:
    """What changes entries as an update does that looks like theirs.

    Raises `StatusError` if the update is not plain, or would not be done.
    """
    message = update.entity.table_entry
    table = find(view.pipeline.tables, message.table_id, "table")
    if not {field.name for field, _ in message.ListFields()} <= _PLAIN:
        raise unimplemented("not a plain entry")
    if table.is_const or not table.keys.fields or table.profile is not None:
        raise unimplemented("not a table of entries with actions of their own")
    entry_key(table, message)
    kind = _KINDS.get(update.type)
    if kind is OpKind.DELETE:
        return _Changes(kind, table, message)
    if kind is None or message.action.WhichOneof("type") != "action":
        raise unimplemented("not a change to an action")
    if kind is OpKind.MODIFY and table.has_meter:
        raise unimplemented("sets the entry's meter back")
    return _Changes(kind, table, message, table.actions.decode(message.action.action).action)


class _Changes:
    """Changes entries with the same match fields, and all to the same action if to any."""

    def __init__(
        self, kind: OpKind, table: Table, message: p4r.TableEntry, action: str | None = None
    ) -> None:
        self._kind = kind
        self._table = table
        self._key = [_field(codec, message) for codec in table.keys.fields]
        self._priority = _others("priority", message)
        self._action = action
        self._arguments = _arguments(table, message.action.action) if action else []
        self._metadata = [_others(name, message) for name in ("controller_metadata", "metadata")]

    def __call__(self, tx: Transaction, columns: Columns, count: int) -> None:
        """Change as many entries, or raise `StatusError` and do nothing."""
        key = [column(columns, count) for column in self._key]
        priorities = self._priority(columns, count)
        if self._table.keys.takes_priority and min(priorities) <= 0:
            raise invalid_argument("a priority is missing")
        arguments = [column(columns, count) for column in self._arguments]
        keys = list(zip(*key, strict=True))
        names = list(zip(keys, priorities, strict=True))
        self._check(names)
        tx.begin_updates(count)
        if self._action is None:
            tx.remove_all(self._table.entries, names)
        else:
            entries = self._entries(columns, keys, priorities, arguments)
            tx.put_all(self._table.entries, names, entries)
        changes = EntryChanges(
            self._kind, self._table.name, key, priorities, self._action, arguments, tx.catch_up
        )
        tx.effect(Channel.ENTRY_CHANGES, changes)

    def _check(self, names: Sequence[EntryKey]) -> None:
        """Raise `StatusError` unless all of these can be changed."""
        table, known, given = self._table, self._table.entries, set(names)
        if len(given) < len(names):
            raise invalid_argument("an entry comes twice")
        if self._kind is OpKind.INSERT:
            if not known.keys().isdisjoint(given):
                raise invalid_argument("an entry is there already")
            if len(known) + len(given) > table.size:
                raise invalid_argument("there is no room for all")
        elif not known.keys() >= given:
            raise invalid_argument("an entry is not there")
        elif self._kind is OpKind.MODIFY and any(known[name].is_const for name in names):
            raise invalid_argument("an entry is constant")

    def _entries(
        self,
        columns: Columns,
        keys: Sequence[MatchKey],
        priorities: Sequence[int],
        arguments: Sequence[Sequence[int]],
    ) -> Iterable[Entry]:
        """The entries, made when they are asked for."""
        calls = map(_call, zip(repeat(self._action), _rows(arguments), strict=False))
        metadata = [column(columns, len(keys)) for column in self._metadata]
        rest = (repeat(0), repeat(None), repeat(False))
        return map(_entry, zip(keys, priorities, calls, *metadata, *rest, strict=False))


def _rows(columns: Sequence[Sequence[Any]]) -> Iterable[tuple[Any, ...]]:
    return zip(*columns, strict=True) if columns else repeat(())


def _field(codec: FieldCodec, message: p4r.TableEntry) -> _Column:
    """One field of the key."""
    for place, match in enumerate(message.match):
        if match.field_id == codec.field_id:
            paths = [(*_ENTRY, "match", place, codec.oneof, part) for part in codec.parts]
            return lambda columns, _: codec.decode_all([columns[path] for path in paths])
    return lambda _, count: [codec.wildcard] * count


def _arguments(table: Table, call: p4r.Action) -> list[_Column]:
    """The arguments, in the order of the action's parameters."""
    places = {param.param_id: place for place, param in enumerate(call.params)}
    return [
        _argument(
            (*_ENTRY, "action", "action", "params", places[wanted.param_id], "value"), wanted.width
        )
        for wanted in table.actions.codec(call.action_id).parameters
    ]


def _argument(path: tuple[str | int, ...], width: int) -> _Column:
    def column(columns: Columns, _: int) -> Sequence[int]:
        check_all(columns[path], width, "an argument")
        return columns[path]

    return column


def _others(name: str, message: p4r.TableEntry) -> _Column:
    """A field that belongs to the pattern where it is not among the columns."""
    path, constant = (*_ENTRY, name), getattr(message, name)
    return lambda columns, count: columns.get(path) or [constant] * count
