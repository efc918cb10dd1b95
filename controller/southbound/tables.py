"""The entries of all of a node's tables at once.

Choices: what a controller cannot change is left out (constant entries and constant default
actions), and so are default actions that are as the program made them: the P4Info says what they
were. Tables with an action profile have no default action that could be read, and default actions
have no direct counters: the targets count hits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from finsy.p4entity import P4CounterData, P4TableEntry
from finsy.p4schema import P4Schema, P4Table
from finsy.proto import p4r

from controller.southbound.wire import Wire


class Tables:
    """Read access to all tables of a node's program."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def entries(
        self, tables: Collection[str] | None = None, *, counters: bool
    ) -> list[P4TableEntry]:
        """Read what ``NodeDriver.table_entries`` describes."""
        if tables is not None and not tables:
            return []
        schema = self._wire.schema
        wanted = P4CounterData() if counters else None
        names = [""] if tables is None else sorted(tables)
        requests = [P4TableEntry(name, counter_data=wanted) for name in names]
        what = "all tables" if tables is None else ", ".join(names)
        entries = self._wire.read(requests, f"read of {what}")
        defaults_of = default_requests(schema, tables)
        messages = self._wire.read_raw(defaults_of, "read of default actions")
        defaults = [(message.table_entry, self._wire.decode(message)) for message in messages]
        return [entry for entry in entries if not is_constant(entry, schema)] + [
            entry
            for message, entry in defaults
            if is_changed(message, schema.tables[entry.table_id])
        ]


def default_requests(
    schema: P4Schema, tables: Collection[str] | None = None
) -> Iterator[p4r.Entity]:
    """Return what to ask for each table (of some) whose default action a controller may change."""
    for table in schema.tables:
        asked = tables is None or table.name in tables
        if asked and table.const_default_action is None and table.action_profile is None:
            yield P4TableEntry(table.name, is_default_action=True).encode(schema)


def is_constant(entry: P4TableEntry, schema: P4Schema) -> bool:
    """Tell whether the program fixed this entry."""
    return entry.is_const or schema.tables[entry.table_id].is_const


def is_changed(entry: p4r.TableEntry, table: P4Table) -> bool:
    """Tell whether a default action differs from the one that the program began with."""
    if not table.pbuf.HasField("initial_default_action"):
        return True
    initial = table.pbuf.initial_default_action
    if entry.action.action.action_id != initial.action_id:
        return True
    now = {param.param_id: _number(param.value) for param in entry.action.action.params}
    return now != {argument.param_id: _number(argument.value) for argument in initial.arguments}


def _number(value: bytes) -> int:
    """Read a value, of which P4Info has the padded and P4Runtime the shortest form."""
    return int.from_bytes(value, "big")
