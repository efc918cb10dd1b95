"""How the journal's content lies in SQLite: its tables, and records to rows and back.

What is looked for has a column of its own; the rest of a record is JSON, so that a field more does
not need another schema. ``SCHEMA_VERSION`` counts changes that older programs cannot read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.migration.record import MigrationRecord, Programs, StepRecord
from controller.migration.states import MigrationState, StepState

SCHEMA_VERSION = 1

ADDITIONS = """
CREATE TABLE IF NOT EXISTS registrations (node TEXT PRIMARY KEY, body TEXT);
CREATE TABLE IF NOT EXISTS drained (node TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, text TEXT NOT NULL);
"""
"Tables that came later and that older programs can do without: made where they are missing."

SCHEMA = """
CREATE TABLE migrations (id INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE steps (
    migration INTEGER NOT NULL REFERENCES migrations (id), position INTEGER NOT NULL,
    name TEXT NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL,
    started_at REAL, ms REAL, detail TEXT NOT NULL, PRIMARY KEY (migration, position));
CREATE TABLE placement (
    function TEXT NOT NULL, slot INTEGER NOT NULL, node TEXT NOT NULL,
    PRIMARY KEY (function, slot));
CREATE TABLE programs (node TEXT PRIMARY KEY, program TEXT NOT NULL);
CREATE TABLE pushes (node TEXT PRIMARY KEY, program TEXT NOT NULL);
CREATE TABLE contents (
    migration INTEGER NOT NULL REFERENCES migrations (id), key TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (migration, key));
"""


@dataclass(frozen=True)
class Intent:
    """What is meant to be: which node enforces which slot, which node runs which program."""

    placement: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    "Function to slot to node."
    programs: Mapping[str, str] = field(default_factory=dict)
    "Node to program."


def write_record(db: sqlite3.Connection, record: MigrationRecord) -> None:
    """Write a record that has an id, and its steps, within the caller's transaction."""
    db.execute(
        "UPDATE migrations SET state = ?, body = ? WHERE id = ?",
        (record.state.value, json.dumps(_body(record)), record.id),
    )
    db.executemany(
        "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                record.id,
                position,
                step.name,
                step.node,
                step.state.value,
                step.started_at,
                step.ms,
                json.dumps(dict(step.detail)),
            )
            for position, step in enumerate(record.steps)
        ],
    )


def _body(record: MigrationRecord) -> dict[str, object]:
    """Return what has no column of its own."""
    p = record.programs
    return {
        "function": record.function,
        "source": record.source,
        "destination": record.destination,
        "slots": sorted(record.slots),
        "method": record.method,
        "mode": record.mode,
        "programs": [p.source_before, p.source_after, p.destination_before, p.destination_after],
        "created_at": record.created_at,
        "state": record.state.value,
        "failure": record.failure,
        "decision": record.decision,
        "cells_moved": record.cells_moved,
        "ended_at": record.ended_at,
        "lost": sorted(record.lost),
    }


def read_record(db: sqlite3.Connection, migration_id: int, body: str) -> MigrationRecord:
    """Make a record of its row and its steps' rows.

    Raises:
        ValueError, KeyError, TypeError: the row is damaged.
    """
    fields = json.loads(body)
    steps = db.execute(
        "SELECT name, node, state, started_at, ms, detail FROM steps "
        "WHERE migration = ? ORDER BY position",
        (migration_id,),
    ).fetchall()
    fields |= {
        "slots": frozenset(fields["slots"]),
        "programs": Programs(*fields["programs"]),
        "state": MigrationState(fields["state"]),
        "lost": frozenset(fields["lost"]),
        "steps": tuple(
            StepRecord(name, node, StepState(state), started_at, ms, json.loads(detail))
            for name, node, state, started_at, ms, detail in steps
        ),
    }
    return MigrationRecord(id=migration_id, **fields)


def prune(db: sqlite3.Connection, keep: int) -> None:
    """Forget all but the latest ended migrations, within the caller's transaction."""
    states = [state.value for state in MigrationState if state.ended]
    old = (
        f"SELECT id FROM migrations WHERE state IN ({', '.join('?' * len(states))}) "
        "ORDER BY id DESC LIMIT -1 OFFSET ?"
    )
    for table, column in (("steps", "migration"), ("contents", "migration"), ("migrations", "id")):
        db.execute(f"DELETE FROM {table} WHERE {column} IN ({old})", (*states, keep))


def write_intent(db: sqlite3.Connection, change: Intent) -> None:
    """Write what an intent mentions, within the caller's transaction."""
    for function, slots in change.placement.items():
        db.executemany(
            "INSERT OR REPLACE INTO placement VALUES (?, ?, ?)",
            [(function, slot, node) for slot, node in slots.items()],
        )
    db.executemany("INSERT OR REPLACE INTO programs VALUES (?, ?)", change.programs.items())
