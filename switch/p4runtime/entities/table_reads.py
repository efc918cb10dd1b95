"""Reading table entries: what a request selects, and the messages (specification 1.4,
"Wildcard Reads" and "Direct Resources").

A request names one table and filters its entries, or no table and gets all entries of all; with
`is_default_action` it gets default entries instead, of all tables too, as in PI. Counters, meters
and idle times are read from the data plane if the request has the field set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from finsy.proto import p4r

from switch.dataplane.messages import CounterCell, MeterCell
from switch.p4json.objects import ActionCall, MemberRef
from switch.p4runtime.entities import resources
from switch.p4runtime.entities.table_keys import check_default, entry_key, fill_key
from switch.p4runtime.state import DefaultEntry, Entry, Table
from switch.p4runtime.status import invalid_argument
from switch.p4runtime.view import View, select

_NS_PER_MS = 1_000_000


@dataclass
class _Found:
    """The selected entries of one table and what the data plane says of each."""

    table: Table
    entries: Sequence[Entry | DefaultEntry]
    counters: list[CounterCell] | None = None
    meters: list[MeterCell] | None = None
    idle_ms: list[int] | None = None


class TableReads:
    """One read request for table entries."""

    def __init__(self, view: View, request: p4r.TableEntry) -> None:
        self._view = view
        self._request = request

    def entities(self) -> Iterator[p4r.Entity]:
        """What the request selects; raises INVALID_ARGUMENT if it is malformed."""
        request = self._request
        tables = select(self._view, self._view.pipeline.tables, request.table_id, "table")
        if request.is_default_action:
            check_default(request)
            return self._messages([self._find(table, [table.default]) for table in tables])
        if not request.table_id:
            self._check_no_filter()
        elif request.HasField("time_since_last_hit"):
            for table in tables:
                if not table.supports_idle_timeout:
                    raise invalid_argument(f"table {table.name} has no idle time-outs")
        return self._messages([self._find(table, self._selected(table)) for table in tables])

    def _check_no_filter(self) -> None:
        request = self._request
        if (
            request.match
            or request.priority
            or request.HasField("action")
            or request.controller_metadata
            or request.metadata
        ):
            raise invalid_argument("a read of all tables takes no filter; give a table_id")

    def _find(self, table: Table, entries: Sequence[Entry | DefaultEntry]) -> _Found:
        found = _Found(table, entries)
        plane, config, request = self._view.plane, self._view.config, self._request
        names = [table.plane_name(entry) for entry in found.entries]
        if not names:
            return found
        if request.HasField("counter_data") and table.has_counter:
            found.counters = plane.read_direct_counters(config, names)
        wants_meter = request.HasField("meter_config") or request.HasField("meter_counter_data")
        if wants_meter and table.has_meter:
            found.meters = plane.read_direct_meters(config, names)
        if request.HasField("time_since_last_hit") and table.supports_idle_timeout:
            found.idle_ms = plane.read_idle_times_ms(config, names)
        return found

    def _selected(self, table: Table) -> list[Entry]:
        request = self._request
        if request.match and (request.priority or not table.keys.takes_priority):
            entry = table.entries.get(entry_key(table, request))
            candidates = [] if entry is None else [entry]
        elif request.match:
            key = table.keys.decode(request.match)
            candidates = [entry for entry in table.entries.values() if entry.key == key]
        else:
            candidates = list(table.entries.values())
        if not request.table_id:
            return candidates
        wanted = self._action_filter(table)
        return [entry for entry in candidates if self._passes(entry, wanted)]

    def _action_filter(self, table: Table) -> str | None:
        request = self._request
        if not request.HasField("action"):
            return None
        if request.action.WhichOneof("type") != "action":
            raise invalid_argument("entries can be filtered by the id of a direct action only")
        return table.actions.name_of(request.action.action.action_id)

    def _passes(self, entry: Entry, wanted_action: str | None) -> bool:
        request = self._request
        if request.priority and entry.priority != request.priority:
            return False
        if request.controller_metadata not in (0, entry.controller_metadata):
            return False
        if request.metadata not in (b"", entry.metadata):
            return False
        if wanted_action is None:
            return True
        return isinstance(entry.action, ActionCall) and entry.action.action == wanted_action

    def _messages(self, found: list[_Found]) -> Iterator[p4r.Entity]:
        for group in found:
            for place, entry in enumerate(group.entries):
                entity = p4r.Entity()
                message = entity.table_entry
                if isinstance(entry, DefaultEntry):
                    _fill_default(message, group.table, entry)
                else:
                    fill_entry(message, group.table, entry)
                if group.counters is not None:
                    resources.fill_counter(message.counter_data, group.counters[place])
                if group.meters is not None:
                    self._fill_meter(message, group.meters[place])
                if group.idle_ms is not None:
                    message.time_since_last_hit.elapsed_ns = group.idle_ms[place] * _NS_PER_MS
                yield entity

    def _fill_meter(self, message: p4r.TableEntry, cell: MeterCell) -> None:
        if self._request.HasField("meter_config") and cell.config is not None:
            resources.fill_meter(message.meter_config, cell.config)
        if self._request.HasField("meter_counter_data") and cell.counts is not None:
            resources.fill_meter_counts(message.meter_counter_data, cell.counts)


def _fill_default(message: p4r.TableEntry, table: Table, entry: DefaultEntry) -> None:
    """Fill the message of a default entry."""
    fill_key(message, table, entry)
    message.controller_metadata = entry.controller_metadata
    message.metadata = entry.metadata
    call = entry.action or table.program.default_action
    if call is not None and table.actions.knows(call.action):
        table.actions.encode(call, message.action.action)


def fill_entry(message: p4r.TableEntry, table: Table, entry: Entry) -> None:
    """Fill the message of an entry, without what the data plane changes."""
    fill_key(message, table, entry)
    action = entry.action
    if entry.one_shot is not None:
        message.action.action_profile_action_set.CopyFrom(entry.one_shot.message)
    elif isinstance(action, ActionCall):
        table.actions.encode(action, message.action.action)
    elif isinstance(action, MemberRef):
        message.action.action_profile_member_id = action.member_id
    else:
        message.action.action_profile_group_id = action.group_id
    message.controller_metadata = entry.controller_metadata
    message.metadata = entry.metadata
    message.idle_timeout_ns = entry.idle_timeout_ns
    message.is_const = entry.is_const
