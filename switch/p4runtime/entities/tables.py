"""Table entries and default entries (specification 1.4, "TableEntry")."""

from __future__ import annotations

from collections.abc import Iterator

from finsy.proto import p4r

from switch.dataplane.messages import DefaultOp, OpKind, TableOp
from switch.p4runtime.effects import Channel
from switch.p4runtime.entities import resources
from switch.p4runtime.entities.handler import EntityHandler
from switch.p4runtime.entities.indirect import bind, release
from switch.p4runtime.entities.table_keys import check_default, entry_key
from switch.p4runtime.entities.table_reads import TableReads
from switch.p4runtime.state import DefaultEntry, Entry, EntryKey, Table
from switch.p4runtime.status import (
    already_exists,
    invalid_argument,
    not_found,
    permission_denied,
    resource_exhausted,
)
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View, find

_NS_PER_MS = 1_000_000


class TableHandler(EntityHandler):
    """Serves `table_entry`."""

    kind = "table_entry"

    def object_id(self, message: p4r.TableEntry) -> int:
        """The table's id."""
        return message.table_id

    def write(
        self,
        tx: Transaction,
        view: View,
        update: p4r.Update.Type.ValueType,
        message: p4r.TableEntry,
    ) -> None:
        """Insert, modify or delete an entry; modify a default entry."""
        table = find(view.pipeline.tables, message.table_id, "table")
        if message.is_const:
            raise invalid_argument("is_const may not be set in a write")
        if message.is_default_action:
            self._write_default(tx, table, update, message)
            return
        if table.is_const and update != p4r.Update.MODIFY:
            raise permission_denied(f"the entries of table {table.name} are constant")
        place = entry_key(table, message)
        if update == p4r.Update.INSERT:
            self._insert(tx, view, table, place, message)
        elif update == p4r.Update.MODIFY:
            self._modify(tx, view, table, place, message)
        elif update == p4r.Update.DELETE:
            self._delete(tx, table, place)
        else:
            raise invalid_argument("the type of the update is not set")

    def read(self, view: View, message: p4r.TableEntry) -> Iterator[p4r.Entity]:
        """The entries that match the request's fields."""
        return TableReads(view, message).entities()

    def _insert(
        self,
        tx: Transaction,
        view: View,
        table: Table,
        place: EntryKey,
        message: p4r.TableEntry,
    ) -> None:
        if not table.keys.fields:
            raise invalid_argument(f"table {table.name} has no key, only a default entry")
        if not message.HasField("action"):
            raise invalid_argument("an entry needs an action")
        _check_idle_timeout(table, message)
        resources.check(table, message)
        if place in table.entries:
            raise already_exists(f"table {table.name} has this entry already")
        if len(table.entries) >= table.size:
            raise resource_exhausted(f"table {table.name} is full ({table.size} entries)")
        entry = _entry(tx, view, table, place, message)
        tx.put(table.entries, place, entry)
        self._send(tx, OpKind.INSERT, table, entry)
        resources.write(tx, table, entry, message, is_insert=True)

    def _modify(
        self,
        tx: Transaction,
        view: View,
        table: Table,
        place: EntryKey,
        message: p4r.TableEntry,
    ) -> None:
        former = table.entries.get(place)
        if former is None:
            raise not_found(f"table {table.name} has no such entry")
        _check_idle_timeout(table, message)
        resources.check(table, message)
        if message.HasField("action"):
            if former.is_const:
                raise permission_denied(f"this entry of table {table.name} is constant")
            entry = _entry(tx, view, table, place, message)
            tx.put(table.entries, place, entry)
            self._send(tx, OpKind.MODIFY, table, entry)
            release(tx, table, former)
        resources.write(tx, table, former, message, is_insert=False)

    def _delete(self, tx: Transaction, table: Table, place: EntryKey) -> None:
        former = table.entries.get(place)
        if former is None:
            raise not_found(f"table {table.name} has no such entry")
        tx.remove(table.entries, place)
        self._send(tx, OpKind.DELETE, table, former)
        release(tx, table, former)

    def _send(self, tx: Transaction, kind: OpKind, table: Table, entry: Entry) -> None:
        deleted = kind is OpKind.DELETE
        tx.effect(
            Channel.TABLE,
            TableOp(
                kind,
                table.name,
                entry.key,
                entry.priority,
                None if deleted else entry.action,
                0 if deleted else -(-entry.idle_timeout_ns // _NS_PER_MS),
            ),
        )

    def _write_default(
        self,
        tx: Transaction,
        table: Table,
        update: p4r.Update.Type.ValueType,
        message: p4r.TableEntry,
    ) -> None:
        if update != p4r.Update.MODIFY:
            raise invalid_argument("the default entry can only be modified")
        check_default(message)
        if message.idle_timeout_ns:
            raise invalid_argument("the default entry has no idle time-out")
        if table.profile is not None:
            raise invalid_argument(
                f"the default entry of table {table.name} cannot be changed: it has an action "
                "profile"
            )
        if table.info.const_default_action_id or table.program.default_is_const:
            raise permission_denied(f"the default action of table {table.name} is constant")
        resources.check(table, message)
        entry = _default_entry(table, message)
        tx.assign(table, "default", entry)
        tx.effect(Channel.TABLE, DefaultOp(table.name, entry.action))
        resources.write(tx, table, entry, message, is_insert=False)


def _entry(
    tx: Transaction,
    view: View,
    table: Table,
    place: EntryKey,
    message: p4r.TableEntry,
) -> Entry:
    action, one_shot = bind(tx, view, table, message.action)
    return Entry(
        place[0],
        place[1],
        action,
        message.controller_metadata,
        message.metadata,
        message.idle_timeout_ns,
        one_shot,
    )


def _default_entry(table: Table, message: p4r.TableEntry) -> DefaultEntry:
    if not message.HasField("action"):
        return DefaultEntry()
    if message.action.WhichOneof("type") != "action":
        raise invalid_argument("the action of a default entry must be an action specification")
    action = table.actions.decode(message.action.action, as_default=True)
    return DefaultEntry(action, message.controller_metadata, message.metadata)


def _check_idle_timeout(table: Table, message: p4r.TableEntry) -> None:
    if message.HasField("time_since_last_hit"):
        raise invalid_argument("time_since_last_hit may not be set in a write")
    if message.idle_timeout_ns < 0:
        raise invalid_argument("idle_timeout_ns may not be negative")
    if message.idle_timeout_ns and not table.supports_idle_timeout:
        raise invalid_argument(f"table {table.name} has no idle time-outs")
