"""The journal: what is written stays written, and what is wrong with its file is told."""

import resource
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from controller.errors import JournalError
from controller.migration.journal import SqliteJournal
from controller.migration.journal_rows import SCHEMA_VERSION, Intent
from controller.migration.record import MigrationRecord, Programs, StepRecord
from controller.migration.states import MigrationState, StepState

STEPS = (
    StepRecord("prepare", "s2", StepState.DONE, 100.5, 12.25, {"cleared": 3}),
    StepRecord("copy", "s2"),
)
RECORD = MigrationRecord(
    0,
    "gate",
    "s1",
    "s2",
    frozenset({0, 3}),
    "pr",
    "paper",
    Programs("a", "b", "c", "d"),
    STEPS,
    created_at=99.5,
    state=MigrationState.UNDO_BLOCKED,
    failure="the step copy failed",
    decision="s2 does not answer",
    cells_moved=7,
    lost=frozenset({"s2"}),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


@pytest.fixture
def journal(path):
    journal = SqliteJournal(path)
    yield journal
    journal.close()


def edit(path, statement):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)


def test_a_record_is_read_back_as_it_was_written(journal):
    created = journal.create(RECORD)
    assert created == replace(RECORD, id=1)
    assert journal.get(1) == created


def test_everything_is_there_after_a_restart(journal, path):
    journal.create(RECORD)
    journal.put(replace(RECORD, id=1, cells_moved=9), Intent({"gate": {0: "s1"}}, {"s1": "a"}))
    journal.put_content(1, "key", b"\0bytes")
    journal.begin_push("s1", "a")
    journal.close()
    again = SqliteJournal(path)
    assert again.get(1).cells_moved == 9
    assert again.get(1).steps == STEPS
    assert again.intent() == Intent({"gate": {0: "s1"}}, {"s1": "a"})
    assert again.content(1, "key") == b"\0bytes"
    assert again.pushes() == {"s1": "a"}
    again.close()


def test_ids_are_counted_up_and_never_used_again(journal):
    assert [journal.create(RECORD).id for _ in range(3)] == [1, 2, 3]


def test_those_that_have_not_ended_are_found(journal):
    for state in MigrationState:
        journal.create(replace(RECORD, state=state))
    unended = {record.state for record in journal.migrations(unended=True)}
    assert unended == {state for state in MigrationState if not state.ended}
    assert len(journal.migrations()) == len(MigrationState)


def test_what_ended_long_ago_is_forgotten_and_what_has_not_ended_is_not(journal):
    states = [MigrationState.RUNNING, *([MigrationState.FINISHED, MigrationState.UNDONE] * 3)]
    for state in states:
        journal.create(replace(RECORD, state=state))
    journal.put_content(1, "a", b"kept")
    journal.put_content(2, "a", b"dropped")
    journal.prune(2)
    assert [record.id for record in journal.migrations()] == [1, 6, 7]
    assert journal.get(6).steps == STEPS
    assert (journal.content(1, "a"), journal.content(2, "a")) == (b"kept", None)
    assert journal.create(RECORD).id == 8


def test_settings_are_kept_until_they_are_forgotten(journal, path):
    journal.keep_setting("paused", "yes")
    journal.keep_setting("plans", "[1]")
    journal.keep_setting("plans", "[2]")
    journal.keep_setting("paused", None)
    journal.close()
    again = SqliteJournal(path)
    assert (again.setting("paused"), again.setting("plans")) == (None, "[2]")
    again.close()


def test_drained_nodes_are_kept_until_they_are_not(journal, path):
    journal.mark_drained("s1", True)
    journal.mark_drained("s2", True)
    journal.mark_drained("s1", False)
    journal.close()
    again = SqliteJournal(path)
    assert again.drained() == {"s2"}
    again.close()


def test_an_intent_changes_only_what_it_mentions(journal):
    journal.intend(Intent({"gate": {0: "s1", 1: "s1"}}, {"s1": "a", "s2": "b"}))
    journal.intend(Intent({"gate": {1: "s2"}}, {"s2": "c"}))
    assert journal.intent() == Intent({"gate": {0: "s1", 1: "s2"}}, {"s1": "a", "s2": "c"})


def test_a_record_and_its_intent_are_written_together_or_not_at_all(journal):
    journal.create(RECORD)
    unwritable = Intent({"gate": {0: None}})
    with pytest.raises(JournalError):
        journal.put(replace(RECORD, id=1, cells_moved=99), unwritable)
    assert journal.get(1).cells_moved == 7


def test_a_full_disk_is_told_and_what_fits_is_written(journal):
    journal.create(RECORD)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        # More than SQLite's cache takes: it meets the limit before the commit, and rolls back.
        with pytest.raises(JournalError, match=r"cannot write: disk I/O error \(is the disk full"):
            journal.put_content(1, "a", bytes(16 << 20))
        journal.put_content(1, "a", b"small")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert journal.content(1, "a") == b"small"


def test_contents_are_kept_for_their_migration_until_dropped(journal):
    for _ in range(2):
        journal.create(RECORD)
    journal.put_content(1, "a", b"1")
    journal.put_content(1, "a", b"2")
    journal.put_content(2, "a", b"3")
    assert journal.content(1, "a") == b"2"
    journal.drop_contents(1)
    assert journal.content(1, "a") is None
    assert journal.content(2, "a") == b"3"


def test_a_push_that_ended_is_forgotten(journal):
    journal.begin_push("s1", "a")
    journal.end_push("s1")
    assert journal.pushes() == {}


def test_there_is_none_of_an_unknown_id(journal):
    assert journal.get(42) is None


def test_a_second_user_of_the_file_is_refused(journal, path):
    with pytest.raises(JournalError, match="another ME has it open") as error:
        SqliteJournal(path)
    assert str(path) in str(error.value)


def test_a_damaged_file_is_told(path):
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(JournalError, match="it is damaged: move it away"):
        SqliteJournal(path)


def test_a_damaged_record_is_told(journal, path):
    journal.create(RECORD)
    journal.close()
    edit(path, "UPDATE migrations SET body = '{'")
    again = SqliteJournal(path)
    with pytest.raises(JournalError, match="migration 1 is damaged"):
        again.get(1)
    again.close()


def test_a_file_of_another_version_is_refused(journal, path):
    journal.close()
    edit(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(JournalError, match=f"needs version {SCHEMA_VERSION}: give another file"):
        SqliteJournal(path)


def test_somebody_elses_database_is_not_written_to(path):
    edit(path, "CREATE TABLE theirs (x)")
    with pytest.raises(JournalError, match="give another file"):
        SqliteJournal(path)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(JournalError, match="is the folder there"):
        SqliteJournal(tmp_path / "none" / "journal")


def test_a_closed_journal_says_so(journal):
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="it is closed"):
        journal.intent()
