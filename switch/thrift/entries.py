"""Table entries: those with an action of their own, and what all kinds have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from finsy.proto import p4r
from grpc import StatusCode

from switch.p4runtime.entities import resources
from switch.p4runtime.entities.table_keys import fill_key
from switch.p4runtime.entities.table_reads import fill_entry
from switch.p4runtime.handles import NoSuchHandleError
from switch.p4runtime.state import DefaultEntry, Entry, Table
from switch.thrift.calls import Calls, table_error, table_refusals
from switch.thrift.parameters import action_call, entry_key
from switch.thrift.structures import dumped_default, dumped_entry

_NS_PER_MS = 1_000_000
_CODES = {
    StatusCode.ALREADY_EXISTS: "DUPLICATE_ENTRY",
    StatusCode.RESOURCE_EXHAUSTED: "TABLE_FULL",
    StatusCode.PERMISSION_DENIED: "INVALID_ACTION_NAME",  # @defaultonly, @tableonly
}

MakeAction: TypeAlias = Callable[[Table], p4r.TableAction]
"""Makes what an entry does; raises an exception of Thrift if the table cannot do it."""


def entry_of(table: Table, handle: int) -> Entry:
    """The entry with a handle; raises INVALID_HANDLE and EXPIRED_HANDLE."""
    try:
        entry = table.entries.get(table.handles.key(handle))
    except NoSuchHandleError as error:
        raise table_error("EXPIRED_HANDLE" if error.is_expired else "INVALID_HANDLE") from error
    if entry is None:  # P4Runtime has deleted it
        raise table_error("INVALID_HANDLE")
    return entry


def cleared(table: Table, *, with_default: bool) -> list[p4r.Update]:
    """Updates that delete all entries, and take back the default action if that is wanted."""
    deletions = [_deletion(table, entry) for entry in table.entries.values()]
    return [*deletions, *_default_resets(table)] if with_default else deletions


class EntryCalls(Calls):
    """What calls on entries do, whatever the entries refer to."""

    def add(
        self, cxt_id: int, table_name: str, match_key: Sequence[Any], options: Any, make: MakeAction
    ) -> int:
        """Insert an entry; its handle."""
        with self.table(cxt_id, table_name) as table:
            action = make(table)
            if not table.keys.fields:
                raise table_error("NO_TABLE_KEY")
            if table.is_const:
                raise table_error("IMMUTABLE_TABLE_ENTRIES")
            key, priority = entry_key(table, match_key, options)
            update = _update(p4r.Update.INSERT)
            message = update.entity.table_entry
            message.table_id, message.priority = table.table_id, priority
            table.keys.encode(key, message.match)
            message.action.CopyFrom(action)
            with table_refusals(_CODES):
                self.device.update([update])
            return table.handles.take((key, priority))

    def modify(self, cxt_id: int, table_name: str, entry_handle: int, make: MakeAction) -> None:
        """Give an entry another action."""
        with self.table(cxt_id, table_name) as table:
            action = make(table)
            update = self._modification(table, entry_of(table, entry_handle))
            update.entity.table_entry.action.CopyFrom(action)
            with table_refusals(_CODES):
                self.device.update([update])

    def delete(self, cxt_id: int, table_name: str, entry_handle: int) -> None:
        """Delete an entry."""
        with self.table(cxt_id, table_name) as table:
            if table.is_const:
                raise table_error("IMMUTABLE_TABLE_ENTRIES")
            entry = entry_of(table, entry_handle)
            self.device.update([_deletion(table, entry)])
            table.handles.vacate((entry.key, entry.priority))

    def set_timeout(self, cxt_id: int, table_name: str, entry_handle: int, timeout_ms: int) -> None:
        """Set after how long an entry counts as idle; 0: never."""
        with self.table(cxt_id, table_name) as table:
            if not table.supports_idle_timeout:
                raise table_error("AGEING_DISABLED")
            update = self._modification(table, entry_of(table, entry_handle))
            update.entity.table_entry.idle_timeout_ns = timeout_ms * _NS_PER_MS
            self.device.update([update])

    def set_default(self, cxt_id: int, table_name: str, make: MakeAction) -> None:
        """Give a table another default action."""
        with self.table(cxt_id, table_name) as table:
            action = make(table)
            if _default_is_const(table):
                raise table_error("DEFAULT_ENTRY_IS_CONST")
            update = _update(p4r.Update.MODIFY)
            fill_key(update.entity.table_entry, table, DefaultEntry())
            update.entity.table_entry.action.CopyFrom(action)
            with table_refusals(_CODES):
                self.device.update([update])

    def reset_default(self, cxt_id: int, table_name: str) -> None:
        """Give a table the default action of its program again."""
        with self.table(cxt_id, table_name) as table:
            self.device.update(_default_resets(table))

    def _modification(self, table: Table, entry: Entry) -> p4r.Update:
        """An update that leaves an entry as it is; its meter's buckets are full again."""
        if entry.is_const:
            raise table_error("IMMUTABLE_TABLE_ENTRIES")
        update = _update(p4r.Update.MODIFY)
        message = update.entity.table_entry
        fill_entry(message, table, entry)
        if table.has_meter:
            plane, config = self.device.plane, self.device.control_config
            (cell,) = plane.read_direct_meters(config, [table.plane_name(entry)])
            if cell.config is not None:
                resources.fill_meter(message.meter_config, cell.config)
            if cell.counts is not None:
                resources.fill_meter_counts(message.meter_counter_data, cell.counts)
        return update


class TableCalls(EntryCalls):
    """The calls of `standard` on all tables, and on those whose entries have an action each."""

    def bm_mt_get_num_entries(self, cxt_id: int, table_name: str) -> int:
        """How many entries a table has."""
        with self.table(cxt_id, table_name) as table:
            return len(table.entries)

    def bm_mt_clear_entries(self, cxt_id: int, table_name: str, reset_default_entry: bool) -> None:
        """Delete all entries."""
        with self.table(cxt_id, table_name) as table:
            if table.is_const:
                raise table_error("IMMUTABLE_TABLE_ENTRIES")
            self.device.update(cleared(table, with_default=reset_default_entry))
            table.handles.clear()

    def bm_mt_get_entries(self, cxt_id: int, table_name: str) -> list[Any]:
        """All entries, by handle."""
        with self.table(cxt_id, table_name) as table:
            table.handles.follow(table.entries.keys())
            return self._dumped(table, [table.entries[key] for key in table.handles.in_order()])

    def bm_mt_get_entry(self, cxt_id: int, table_name: str, entry_handle: int) -> Any:
        """The entry with a handle."""
        with self.table(cxt_id, table_name) as table:
            return self._dumped(table, [entry_of(table, entry_handle)])[0]

    def bm_mt_get_entry_from_key(
        self, cxt_id: int, table_name: str, match_key: Sequence[Any], options: Any
    ) -> Any:
        """The entry with a key."""
        with self.table(cxt_id, table_name) as table:
            entry = table.entries.get(entry_key(table, match_key, options))
            if entry is None:
                raise table_error("BAD_MATCH_KEY")
            return self._dumped(table, [entry])[0]

    def bm_mt_get_default_entry(self, cxt_id: int, table_name: str) -> Any:
        """The default action."""
        with self.table(cxt_id, table_name) as table:
            return dumped_default(table)

    def bm_mt_add_entry(
        self,
        cxt_id: int,
        table_name: str,
        match_key: Sequence[Any],
        action_name: str,
        action_data: Sequence[bytes],
        options: Any,
    ) -> int:
        """Insert an entry; its handle."""
        make = _own_action(action_name, action_data)
        return self.add(cxt_id, table_name, match_key, options, make)

    def bm_mt_modify_entry(
        self,
        cxt_id: int,
        table_name: str,
        entry_handle: int,
        action_name: str,
        action_data: Sequence[bytes],
    ) -> None:
        """Give an entry another action."""
        self.modify(cxt_id, table_name, entry_handle, _own_action(action_name, action_data))

    def bm_mt_delete_entry(self, cxt_id: int, table_name: str, entry_handle: int) -> None:
        """Delete an entry."""
        self.delete(cxt_id, table_name, entry_handle)

    def bm_mt_set_entry_ttl(
        self, cxt_id: int, table_name: str, entry_handle: int, timeout_ms: int
    ) -> None:
        """Set after how long an entry counts as idle."""
        self.set_timeout(cxt_id, table_name, entry_handle, timeout_ms)

    def bm_mt_set_default_action(
        self, cxt_id: int, table_name: str, action_name: str, action_data: Sequence[bytes]
    ) -> None:
        """Set the default action."""
        self.set_default(cxt_id, table_name, _own_action(action_name, action_data))

    def bm_mt_reset_default_entry(self, cxt_id: int, table_name: str) -> None:
        """Go back to the program's default action."""
        self.reset_default(cxt_id, table_name)

    def _dumped(self, table: Table, entries: Sequence[Entry]) -> list[Any]:
        idle_ms: Sequence[int | None] = [None] * len(entries)
        if table.supports_idle_timeout and entries:
            names = [table.plane_name(entry) for entry in entries]
            idle_ms = self.device.plane.read_idle_times_ms(self.device.control_config, names)
        handles = [table.handles.handle((entry.key, entry.priority)) for entry in entries]
        rows = zip(entries, handles, idle_ms, strict=True)
        return [dumped_entry(table, *row) for row in rows]


def _own_action(name: str, data: Sequence[bytes]) -> MakeAction:
    """Makes an action of an entry's own; only tables without an action profile have such."""

    def make(table: Table) -> p4r.TableAction:
        if table.profile is not None:
            raise table_error("WRONG_TABLE_TYPE")
        return p4r.TableAction(action=action_call(table.actions, name, data))

    return make


def _update(kind: p4r.Update.Type.ValueType) -> p4r.Update:
    return p4r.Update(type=kind)


def _deletion(table: Table, entry: Entry) -> p4r.Update:
    update = _update(p4r.Update.DELETE)
    fill_key(update.entity.table_entry, table, entry)
    return update


def _default_resets(table: Table) -> list[p4r.Update]:
    """What resets the default action; nothing where it cannot be another."""
    if _default_is_const(table) or table.profile is not None:
        return []
    update = _update(p4r.Update.MODIFY)
    fill_key(update.entity.table_entry, table, DefaultEntry())
    return [update]


def _default_is_const(table: Table) -> bool:
    return bool(table.info.const_default_action_id) or table.program.default_is_const
