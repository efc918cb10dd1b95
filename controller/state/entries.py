"""Table entries as values: read from a description, compared, and turned into updates.

Entries pass between nodes and programs, so they are kept under full names (a P4Info's aliases
differ from program to program) and in the form in which finsy decodes them. Two entries are *the
same entry* if table, match and priority agree (or both are the table's default action); they are
*equal* if what they do agrees too. Counter values are no part of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from finsy.p4schema import P4MatchType, P4Schema, P4Table

from controller.errors import ConfigError
from controller.model.parts import Entry
from controller.southbound.driver import P4Update
from controller.southbound.wire import with_full_names

EntryKey = tuple[str, frozenset[tuple[str, Any]], int, bool]

_PRIORITISED = {P4MatchType.TERNARY, P4MatchType.RANGE, P4MatchType.OPTIONAL}


def key_of(entry: P4TableEntry) -> EntryKey:
    """Return what makes an entry the entry that it is."""
    match = frozenset((entry.match or {}).items())
    return entry.table_id, match, entry.priority, entry.is_default_action


def is_equal(one: P4TableEntry, other: P4TableEntry) -> bool:
    """Tell whether two entries of the same key also do the same."""
    return _effect(one) == _effect(other)


def _effect(entry: P4TableEntry) -> tuple[Any, ...]:
    return entry.action, entry.meter_config, entry.idle_timeout_ns, entry.metadata


@dataclass(frozen=True)
class EntryChanges:
    """What has to be written so that tables hold the wanted entries."""

    inserts: tuple[P4TableEntry, ...]
    modifies: tuple[P4TableEntry, ...]
    deletes: tuple[P4TableEntry, ...]

    def __len__(self) -> int:
        return len(self.inserts) + len(self.modifies) + len(self.deletes)

    def updates(self) -> list[P4Update]:
        """Return fresh updates in an order that never frees a match before it is needed.

        A default action has no existence of its own: it is modified, and "deleted" by a modify
        without an action, which gives back the program's own default (P4Runtime 9.1).
        """
        return [
            *(~_fresh(e) if e.is_default_action else +_fresh(e) for e in self.inserts),
            *(~_fresh(e) for e in self.modifies),
            *(_reset(e) if e.is_default_action else -_fresh(e) for e in self.deletes),
        ]


def changes(
    have: Iterable[P4TableEntry], want: Iterable[P4TableEntry], *, exact: bool
) -> EntryChanges:
    """Compare two sets of entries.

    Args:
        have: What the tables hold.
        want: What they shall hold.
        exact: Whether entries that are not wanted are to be deleted.
    """
    held = {key_of(entry): entry for entry in have}
    wanted = {key_of(entry): entry for entry in want}
    return EntryChanges(
        tuple(e for key, e in wanted.items() if key not in held),
        tuple(e for key, e in wanted.items() if key in held and not is_equal(held[key], e)),
        tuple(e for key, e in held.items() if key not in wanted) if exact else (),
    )


def described(entries: Iterable[Entry], schema: P4Schema) -> list[P4TableEntry]:
    """Turn described entries into P4Runtime's, for the tables that a program has.

    Entries of tables that the program has not are left out: they are for another program.

    Raises:
        ConfigError: naming the entry's place in the file and what is wrong with it.
    """
    found: dict[EntryKey, tuple[Entry, P4TableEntry]] = {}
    for entry in entries:
        table = schema.tables.get(entry.table)
        if table is None:
            continue
        made = _described_entry(entry, table, schema)
        first = found.setdefault(key_of(made), (entry, made))
        if not is_equal(first[1], made):
            raise ConfigError(f"{entry.at}: contradicts the same entry at {first[0].at}")
    return [made for _, made in found.values()]


def _described_entry(entry: Entry, table: P4Table, schema: P4Schema) -> P4TableEntry:
    default = entry.default or not len(table.match_fields)
    prioritised = any(field.match_type in _PRIORITISED for field in table.match_fields)
    if prioritised and not default and entry.priority <= 0:
        raise ConfigError(f"{entry.at}: {table.name} is matched by priority: give one above 0")
    if entry.priority and (default or not prioritised):
        raise ConfigError(f"{entry.at}: {table.name} has no use for a priority here")
    try:
        _check_complete(entry, table, default=default)
        made = P4TableEntry(
            table.name,
            match=P4TableMatch(entry.match) if entry.match else None,
            action=P4TableAction(entry.action, **entry.params),
            priority=entry.priority,
            is_default_action=default,
        )
        decoded = P4TableEntry.decode_entry(made.encode_entry(schema), schema)
    except (ValueError, TypeError) as exc:
        raise ConfigError(f"{entry.at}: {exc}") from exc
    return with_full_names(decoded, schema)


def _check_complete(entry: Entry, table: P4Table, *, default: bool) -> None:
    """Raise ValueError if a parameter or an exact key is left out; finsy would send it so."""
    params = {param.name for param in table.actions[entry.action].params}
    if missing := params - set(entry.params):
        raise ValueError(f"{entry.action} lacks the parameters {', '.join(sorted(missing))}")
    given = {table.match_fields[name].id for name in entry.match}
    for field in table.match_fields:
        if field.match_type is P4MatchType.EXACT and field.id not in given and not default:
            raise ValueError(f"the match lacks {field.alias}")


def conflict(have: Iterable[P4TableEntry], want: Iterable[P4TableEntry]) -> str | None:
    """Tell how two nodes' entries of the same tables differ, in a few words; None: not at all."""
    difference = changes(have, want, exact=True)
    counts: Mapping[str, int] = {
        "missing": len(difference.inserts),
        "different": len(difference.modifies),
        "extra": len(difference.deletes),
    }
    words = [f"{count} {what}" for what, count in counts.items() if count]
    tables = sorted({e.table_id for e in _all(difference)})
    return f"{', '.join(words)} in {', '.join(tables)}" if words else None


def _all(difference: EntryChanges) -> tuple[P4TableEntry, ...]:
    return (*difference.inserts, *difference.modifies, *difference.deletes)


def _fresh(entry: P4TableEntry) -> P4TableEntry:
    """Return a copy that can be signed (finsy signs in place) and carries no values read."""
    return replace(entry, counter_data=None, meter_counter_data=None, time_since_last_hit=None)


def _reset(entry: P4TableEntry) -> P4Update:
    return ~P4TableEntry(entry.table_id, is_default_action=True)
