"""The migrations that have not ended, and the threads that work on them.

One executor at a time works on a migration, each on a thread of its own. What is blocked is tried
again after a while, whether there was news or not: a node that only stalled keeps its session, so
nobody would say that it is back. News that come while an executor is at work, which may be about to
give up for want of them, are kept until it has ended.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from controller.errors import HitlessError
from controller.migration.executor import Executor
from controller.migration.journal import Journal
from controller.migration.move import MigrationListener, Move, tell
from controller.migration.record import MigrationRecord
from controller.migration.site import Site

LOG = logging.getLogger(__name__)

Spawn = Callable[[Callable[[], object], str], None]
"""Runs a function beside the caller; the text is a name for the thread."""


def spawn_thread(work: Callable[[], object], name: str) -> None:
    """Run a function on a thread that does not keep the process alive."""
    threading.Thread(target=work, name=name, daemon=True).start()


class Runner:
    """Keeps the migrations that have not ended, and lets executors work on them."""

    def __init__(
        self,
        site: Site,
        journal: Journal,
        listener: MigrationListener,
        spawn: Spawn,
        ended: Callable[[MigrationRecord], None],
    ) -> None:
        """Load what the journal has that has not ended; work on nothing yet.

        Args:
            site: The nodes.
            journal: Where the migrations are.
            listener: Hears of every change of a migration.
            spawn: Runs an executor beside the caller.
            ended: Told of every migration that has ended.
        """
        self._site = site
        self._journal = journal
        self._listener = listener
        self._spawn = spawn
        self._ended = ended
        self._changed = threading.Condition(threading.RLock())
        self._moves = {r.id: self._move(r) for r in journal.migrations(unended=True)}
        self._driven: set[int] = set()
        self._news: set[int] = set()
        "Migrations that were to be resumed while an executor was at work on them."
        self._timers: dict[int, threading.Timer] = {}
        "Blocked migration to what will have it tried again."
        self._errors: dict[int, HitlessError] = {}

    def begin(
        self, record: MigrationRecord, check: Callable[[list[MigrationRecord]], None]
    ) -> MigrationRecord:
        """Take in a new migration and let an executor work on it; return the record with its id.

        Raises ``JournalError``, and what ``check`` raises over those that there are.
        """
        with self._changed:
            check(self.records())
            record = self._journal.create(record)
            move = self._moves[record.id] = self._move(record)
            self._driven.add(record.id)
        tell(self._listener, record)
        self._spawn(lambda: self._work(move, resume=False), f"migration-{record.id}")
        return record

    def records(self) -> list[MigrationRecord]:
        """Return the migrations that have not ended, oldest first."""
        with self._changed:
            return [self._moves[migration_id].record for migration_id in sorted(self._moves)]

    def record(self, migration_id: int) -> MigrationRecord | None:
        """Return one of them as it is now; None if it has ended or does not exist."""
        with self._changed:
            move = self._moves.get(migration_id)
        return move.record if move else None

    def moves_of(self, node: str) -> list[Move]:
        """Return those that a node is a part of."""
        with self._changed:
            return [move for move in self._moves.values() if node in move.record.nodes]

    def resume(self, migration_id: int, *, beside: bool) -> None:
        """Let an executor decide, by journal and nodes, what to do with a migration, and do it.

        Nothing is done if it has ended. If one works on it, that is to decide anew at its end.

        Args:
            migration_id: Which one.
            beside: Whether to return at once.
        """
        with self._changed:
            move = self._moves.get(migration_id)
            if move is None:
                return
            if migration_id in self._driven:
                self._news.add(migration_id)
                return
            self._driven.add(migration_id)
            self._errors.pop(migration_id, None)
        if beside:
            self._spawn(lambda: self._work(move, resume=True), f"migration-{migration_id}")
        else:
            self._work(move, resume=True)

    def wait(self, migration_id: int, timeout_s: float) -> None:
        """Wait until nobody works on a migration; raises the error that stopped it, if any."""
        with self._changed:
            self._changed.wait_for(lambda: migration_id not in self._driven, timeout_s)
            if migration_id in self._errors:
                raise self._errors[migration_id]

    def close(self, timeout_s: float) -> None:
        """Try nothing again, and wait until nobody works on any migration."""
        with self._changed:
            for timer in self._timers.values():
                timer.cancel()
            self._changed.wait_for(lambda: not self._driven, timeout_s)

    def _move(self, record: MigrationRecord) -> Move:
        return Move(self._site, self._journal, self._listener, record)

    def _work(self, move: Move, *, resume: bool) -> None:
        executor = Executor(move)
        try:
            record = executor.resume() if resume else executor.run()
            LOG.info("%s%s", record, f": {record.reason}" if record.reason else "")
        except HitlessError as exc:
            LOG.error("%s stopped: %s", move.record, exc)
            self._errors[move.record.id] = exc
        finally:
            news = self._left(move)
        if move.record.state.ended:
            self._ended(move.record)
        elif move.record.state.blocked and news:
            self.resume(move.record.id, beside=False)
        elif move.record.state.blocked:
            self._try_again_later(move.record.id)

    def _left(self, move: Move) -> bool:
        """Note that nobody works on a migration any more; tell whether there are news for it."""
        with self._changed:
            news = move.record.id in self._news
            self._news.discard(move.record.id)
            self._driven.discard(move.record.id)
            if move.record.state.ended:
                self._moves.pop(move.record.id, None)
            self._changed.notify_all()
            return news

    def _try_again_later(self, migration_id: int) -> None:
        again_s = self._site.options.again_s
        with self._changed:
            if not again_s or self._site.stopping or migration_id in self._timers:
                return
            timer = threading.Timer(again_s, self._try_again, (migration_id,))
            timer.name, timer.daemon = f"migration-{migration_id}-again", True
            self._timers[migration_id] = timer
            timer.start()

    def _try_again(self, migration_id: int) -> None:
        with self._changed:
            self._timers.pop(migration_id, None)
        record = self.record(migration_id)
        if record is not None and record.state.blocked and not self._site.stopping:
            self.resume(migration_id, beside=False)
