"""Checkpoints on disk, in an SQLite file beside the journal: of each slot, of each node's entries.

Choices: a file of its own, written without waiting for the disk: a checkpoint that is lost with the
machine's power costs no more than one that was not taken, and the journal must never wait for one.
What cannot be read is as good as missing, and told.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from controller.errors import JournalError
from controller.state.checkpoint import SlotCheckpoint
from controller.state.function_entries import FunctionEntries

LOG = logging.getLogger(__name__)

_DAMAGED = (ValueError, KeyError, TypeError, AttributeError)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS checkpoints (
    function TEXT NOT NULL, slot INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (function, slot));
CREATE TABLE IF NOT EXISTS entries (
    function TEXT NOT NULL, node TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (function, node));
"""


class CheckpointStore:
    """The newest checkpoint of each slot, and of each function's entries at a node. Thread-safe."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; ``":memory:"`` keeps it in memory.

        Raises:
            JournalError: it cannot be used.
        """
        self._path = str(path)
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.executescript(_SCHEMA)
            slots = self._db.execute("SELECT function, slot, body FROM checkpoints").fetchall()
            nodes = self._db.execute("SELECT function, node, body FROM entries").fetchall()
        except sqlite3.Error as exc:
            raise JournalError(
                f"{self._path}: checkpoints cannot be kept there: {exc}; remove the file if it is "
                "damaged: it only holds copies of what nodes hold"
            ) from exc
        self._kept: dict[tuple[str, int], SlotCheckpoint] = {}
        for function, slot, body in slots:
            try:
                self._kept[function, slot] = SlotCheckpoint.from_bytes(function, slot, body)
            except _DAMAGED as exc:
                LOG.warning("checkpoint of %s, slot %d, cannot be read: %s", function, slot, exc)
        self._entries: dict[tuple[str, str], FunctionEntries] = {}
        for function, node, body in nodes:
            try:
                self._entries[function, node] = FunctionEntries.from_bytes(function, node, body)
            except _DAMAGED as exc:
                LOG.warning("kept entries of %s at %s cannot be read: %s", function, node, exc)

    def put(self, checkpoints: Iterable[SlotCheckpoint]) -> None:
        """Keep newer checkpoints; one that cannot be written is kept in memory, and told."""
        new = {(c.function, c.slot): c for c in checkpoints}
        rows = [(*key, checkpoint.to_bytes()) for key, checkpoint in new.items()]
        with self._lock:
            self._kept.update(new)
            self._write("checkpoints", rows)

    def put_entries(self, found: FunctionEntries) -> None:
        """Keep a function's entries at a node, as ``put`` does; nothing is done for the same."""
        key = (found.function, found.node)
        with self._lock:
            known = self._entries.get(key)
            if known is None or not known.same(found):
                self._entries[key] = found
                self._write("entries", [(*key, found.to_bytes())])

    def _write(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        try:
            with self._db:
                self._db.execute("BEGIN")
                self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", rows)
        except sqlite3.Error as exc:
            LOG.warning("%s: %s are not on disk: %s", self._path, table, exc)

    def get(self, function: str, slot: int) -> SlotCheckpoint | None:
        """Return the newest checkpoint of a slot; None if there is none."""
        with self._lock:
            return self._kept.get((function, slot))

    def entries(self, function: str, node: str) -> FunctionEntries | None:
        """Return a function's entries as a node had them last; None if they are not known."""
        with self._lock:
            return self._entries.get((function, node))

    def close(self) -> None:
        """Release the file. Idempotent."""
        with self._lock:
            self._db.close()
