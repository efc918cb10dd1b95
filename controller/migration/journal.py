"""The ME's durable state: migrations, the intended placement, saved contents, operators' settings.

``Journal`` is the interface; ``SqliteJournal`` keeps it in one SQLite file. Later an ME that shares
a network with others may keep it elsewhere; nothing above knows.

Choices:
- What belongs together is one transaction: a record, and the intent that changes with it (at the
  commit point the placement changes in the same transaction that says so).
- ``synchronous=FULL`` with a write-ahead log: a step is on disk before it begins, for the price
  of one fsync.
- The file is locked as long as it is open. Two MEs over one journal would each undo what the
  other does, so the second one is refused.
- ``user_version`` is the schema's version: a file of another version is refused, not guessed at.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from controller.errors import JournalError
from controller.migration.journal_rows import (
    ADDITIONS,
    SCHEMA,
    SCHEMA_VERSION,
    Intent,
    prune,
    read_record,
    write_intent,
    write_record,
)
from controller.migration.record import MigrationRecord
from controller.migration.states import MigrationState


class Journal(Protocol):
    """Durable state of the ME. Thread-safe; every call is on disk when it returns.

    All calls raise ``JournalError`` if the journal cannot be read or written.
    """

    def create(self, record: MigrationRecord) -> MigrationRecord:
        """Write a new migration and return it with the id that it got."""

    def put(self, record: MigrationRecord, intent: Intent | None = None) -> None:
        """Write a migration as it is now, and with it a change of what is intended."""

    def get(self, migration_id: int) -> MigrationRecord | None:
        """Read a migration; None if there is none of this id."""

    def migrations(self, *, unended: bool = False) -> list[MigrationRecord]:
        """Read all migrations in the order of their ids, or those that have not ended."""

    def prune(self, keep: int) -> None:
        """Forget all but the latest ``keep`` (1 or more) of the migrations that have ended.

        Ids are counted on from the latest of all, so no id is used again.
        """

    def intent(self) -> Intent:
        """Read what is intended."""

    def intend(self, change: Intent) -> None:
        """Change what is intended; what is not mentioned stays."""

    def begin_push(self, node: str, program: str) -> None:
        """Note that a program is about to be pushed to a node, outside any migration."""

    def end_push(self, node: str) -> None:
        """Note that the node runs what was pushed."""

    def pushes(self) -> dict[str, str]:
        """Return the pushes that began and did not end, node to program."""

    def register(self, node: str, body: str | None) -> None:
        """Keep a node that was registered, as text; None: that a described one was removed."""

    def unregister(self, node: str) -> None:
        """Forget what was kept of a node: it is as described."""

    def registrations(self) -> dict[str, str | None]:
        """Return what was kept of nodes, in the order of their names."""

    def mark_drained(self, node: str, drained: bool) -> None:
        """Note that a node is to be given nothing, or may be given something again."""

    def drained(self) -> frozenset[str]:
        """Return the nodes that are to be given nothing."""

    def keep_setting(self, key: str, text: str | None) -> None:
        """Keep what an operator set at run time, as text; None: forget it."""

    def setting(self, key: str) -> str | None:
        """Return what was kept; None if nothing was."""

    def put_content(self, migration_id: int, key: str, content: bytes) -> None:
        """Keep bytes for a migration, such as what a node held before a reload."""

    def content(self, migration_id: int, key: str) -> bytes | None:
        """Return what was kept; None if nothing was."""

    def drop_contents(self, migration_id: int) -> None:
        """Forget what was kept for a migration."""

    def close(self) -> None:
        """Release the journal. Idempotent."""


class SqliteJournal:
    """``Journal`` in an SQLite file."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; ``":memory:"`` keeps it in memory.

        Raises:
            JournalError: it is locked by another process, damaged, or of another version.
        """
        self._path = str(path)
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        with self._errors("open"):
            self._db = sqlite3.connect(
                self._path, timeout=1.0, isolation_level=None, check_same_thread=False
            )
        try:
            with self._errors("open"):
                self._prepare(self._db)
        except JournalError:
            self.close()
            raise

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        with self._transaction("open"):
            version = db.execute("PRAGMA user_version").fetchone()[0]
            tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == 0 and tables == 0:
                for statement in filter(str.strip, SCHEMA.split(";")):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise JournalError(
                    f"journal {self._path}: it has version {version} and this program needs "
                    f"version {SCHEMA_VERSION}: give another file"
                )
            for statement in filter(str.strip, ADDITIONS.split(";")):
                db.execute(statement)

    def create(self, record: MigrationRecord) -> MigrationRecord:
        """See ``Journal``."""
        with self._transaction("write") as db:
            cursor = db.execute(
                "INSERT INTO migrations (state, body) VALUES (?, '')", (record.state.value,)
            )
            created = replace(record, id=int(cursor.lastrowid or 0))
            write_record(db, created)
        return created

    def put(self, record: MigrationRecord, intent: Intent | None = None) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            write_record(db, record)
            if intent is not None:
                write_intent(db, intent)

    def get(self, migration_id: int) -> MigrationRecord | None:
        """See ``Journal``."""
        found = self._read("WHERE id = ?", (migration_id,))
        return found[0] if found else None

    def migrations(self, *, unended: bool = False) -> list[MigrationRecord]:
        """See ``Journal``."""
        if not unended:
            return self._read("", ())
        ended = [state.value for state in MigrationState if state.ended]
        return self._read("WHERE state NOT IN (?, ?)", tuple(ended))

    def prune(self, keep: int) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            prune(db, keep)

    def intent(self) -> Intent:
        """See ``Journal``."""
        placement: dict[str, dict[int, str]] = {}
        with self._transaction("read") as db:
            for function, slot, node in db.execute("SELECT function, slot, node FROM placement"):
                placement.setdefault(function, {})[slot] = node
            programs = dict(db.execute("SELECT node, program FROM programs").fetchall())
        return Intent(placement, programs)

    def intend(self, change: Intent) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            write_intent(db, change)

    def begin_push(self, node: str, program: str) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            db.execute("INSERT OR REPLACE INTO pushes VALUES (?, ?)", (node, program))

    def end_push(self, node: str) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            db.execute("DELETE FROM pushes WHERE node = ?", (node,))

    def pushes(self) -> dict[str, str]:
        """See ``Journal``."""
        with self._transaction("read") as db:
            return dict(db.execute("SELECT node, program FROM pushes").fetchall())

    def register(self, node: str, body: str | None) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            db.execute("INSERT OR REPLACE INTO registrations VALUES (?, ?)", (node, body))

    def unregister(self, node: str) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            db.execute("DELETE FROM registrations WHERE node = ?", (node,))

    def registrations(self) -> dict[str, str | None]:
        """See ``Journal``."""
        with self._transaction("read") as db:
            rows = db.execute("SELECT node, body FROM registrations ORDER BY node")
            return dict(rows.fetchall())

    def mark_drained(self, node: str, drained: bool) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            if drained:
                db.execute("INSERT OR REPLACE INTO drained VALUES (?)", (node,))
            else:
                db.execute("DELETE FROM drained WHERE node = ?", (node,))

    def drained(self) -> frozenset[str]:
        """See ``Journal``."""
        with self._transaction("read") as db:
            return frozenset(node for (node,) in db.execute("SELECT node FROM drained"))

    def keep_setting(self, key: str, text: str | None) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            if text is None:
                db.execute("DELETE FROM settings WHERE key = ?", (key,))
            else:
                db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, text))

    def setting(self, key: str) -> str | None:
        """See ``Journal``."""
        with self._transaction("read") as db:
            row = db.execute("SELECT text FROM settings WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put_content(self, migration_id: int, key: str, content: bytes) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            db.execute(
                "INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", (migration_id, key, content)
            )

    def content(self, migration_id: int, key: str) -> bytes | None:
        """See ``Journal``."""
        with self._transaction("read") as db:
            row = db.execute(
                "SELECT content FROM contents WHERE migration = ? AND key = ?", (migration_id, key)
            ).fetchone()
        return row[0] if row else None

    def drop_contents(self, migration_id: int) -> None:
        """See ``Journal``."""
        with self._transaction("write") as db:
            db.execute("DELETE FROM contents WHERE migration = ?", (migration_id,))

    def close(self) -> None:
        """See ``Journal``."""
        with self._lock, self._errors("close"):
            if self._db is not None:
                self._db.close()
                self._db = None

    def _read(self, where: str, values: tuple[object, ...]) -> list[MigrationRecord]:
        with self._transaction("read") as db:
            rows = db.execute(f"SELECT id, body FROM migrations {where} ORDER BY id", values)
            return [self._record(db, *row) for row in rows.fetchall()]

    def _record(self, db: sqlite3.Connection, migration_id: int, body: str) -> MigrationRecord:
        try:
            return read_record(db, migration_id, body)
        except (ValueError, KeyError, TypeError) as exc:
            raise JournalError(
                f"journal {self._path}: migration {migration_id} is damaged: {exc!r} "
                "(move the file away; the placement is then read from the nodes)"
            ) from exc

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Hold the journal for one transaction: all of it is on disk afterwards, or none."""
        with self._lock, self._errors(doing):
            if self._db is None:
                raise JournalError(f"journal {self._path}: cannot {doing}: it is closed")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:  # SQLite has rolled back itself where the disk is full
                    self._db.execute("ROLLBACK")

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        """Turn SQLite's errors into one that says which file, and what to do."""
        try:
            yield
        except sqlite3.Error as exc:
            text = str(exc)
            if "locked" in text:
                advice = "another ME has it open: stop that one, or give this one its own file"
            elif "not a database" in text or "malformed" in text:
                advice = "it is damaged: move it away; the placement is then read from the nodes"
            elif "unable to open" in text:
                advice = "is the folder there, and writable?"
            else:
                advice = "is the disk full?"
            raise JournalError(f"journal {self._path}: cannot {doing}: {text} ({advice})") from exc
