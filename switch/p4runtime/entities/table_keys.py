"""What names an entry in a `TableEntry` message: match key and priority, or being the default."""

from __future__ import annotations

from finsy.proto import p4r

from switch.p4runtime.state import DefaultEntry, Entry, EntryKey, Table
from switch.p4runtime.status import invalid_argument


def entry_key(table: Table, message: p4r.TableEntry) -> EntryKey:
    """What names an entry: match key and priority. Raises INVALID_ARGUMENT."""
    priority = message.priority
    if table.keys.takes_priority:
        if priority <= 0:
            raise invalid_argument(
                f"table {table.name} has ternary, range or optional fields: the priority must "
                f"be above 0, it is {priority}"
            )
    elif priority:
        raise invalid_argument(f"the entries of table {table.name} have no priority")
    return table.keys.decode(message.match), priority


def check_default(message: p4r.TableEntry) -> None:
    """Raise INVALID_ARGUMENT if a message about a default entry has what only others have."""
    if message.match or message.priority:
        raise invalid_argument("the default entry has neither match fields nor a priority")
    if message.HasField("time_since_last_hit"):
        raise invalid_argument("the default entry has no idle time")


def fill_key(message: p4r.TableEntry, table: Table, entry: Entry | DefaultEntry) -> None:
    """Fill what names an entry."""
    message.table_id = table.table_id
    if isinstance(entry, DefaultEntry):
        message.is_default_action = True
        return
    table.keys.encode(entry.key, message.match)
    if entry.priority:
        message.priority = entry.priority
