"""The fast way for runs of updates that look alike: all checked at once, then all done.

What a pattern means (which table, which columns are its key) is found out once for each program,
from one message. A run in which anything at all is out of the ordinary is left alone: the general
way then handles its updates one by one, and says what is wrong with which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from finsy.proto import p4r

from switch.p4runtime.batches import Run
from switch.p4runtime.entities.bulk_entries import entry_changes
from switch.p4runtime.entities.bulk_registers import register_cells
from switch.p4runtime.pipeline import BulkWrite
from switch.p4runtime.status import StatusError
from switch.p4runtime.transaction import Transaction
from switch.p4runtime.view import View
from switch.p4runtime.wire_pattern import Pattern

_MIN_UPDATES = 4
"""Fewer are done sooner one by one."""
_MAX_KNOWN = 256
"""Patterns of which a pipeline remembers what they mean."""

_MAKERS: Mapping[str | None, Callable[[View, p4r.Update], BulkWrite]] = {
    "register_entry": register_cells,
    "table_entry": entry_changes,
}
"""By kind of entity; each raises `StatusError` if its updates need the general way."""


def write_in_bulk(tx: Transaction, view: View, run: Run) -> bool:
    """Do all updates of a run, if nothing is wrong with any of them; whether they were done."""
    if len(run) < _MIN_UPDATES or view.scope.p4_ids is not None:
        return False
    known = view.pipeline.bulk_writes
    if run.pattern not in known:
        if len(known) == _MAX_KNOWN:
            known.clear()
        known[run.pattern] = _bulk_write(view, run.pattern)
    write = known[run.pattern]
    if write is None:
        return False
    tx.catch_up()
    try:
        write(tx, run.columns(), len(run))
    except StatusError:
        return False
    return True


def _bulk_write(view: View, pattern: Pattern) -> BulkWrite | None:
    """What does the updates of a pattern; None for the general way."""
    update = pattern.example
    make = _MAKERS.get(update.entity.WhichOneof("entity"))
    if make is None or not pattern.is_canonical:
        return None
    try:
        return make(view, update)
    except StatusError:
        return None
