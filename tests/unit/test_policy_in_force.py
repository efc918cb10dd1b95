"""Thresholds set at run time: over the policy file, kept, and told from what the file says."""

import logging

import pytest

from controller.errors import RequestError
from controller.migration.journal import SqliteJournal
from controller.model.thresholds import Thresholds
from controller.planning.policy import Policy
from controller.scaling.policy_in_force import PolicyInForce

FILE = Policy(
    defaults=Thresholds(high_pps=1000.0, low_pps=300.0),
    nodes={"s1": Thresholds(high_pps=800.0)},
)


@pytest.fixture
def journal():
    journal = SqliteJournal(":memory:")
    yield journal
    journal.close()


def started(journal, file=FILE):
    """Return what a process over this journal begins with."""
    policy = PolicyInForce(file)
    policy.restore(journal)
    return policy


def limits(policy, node):
    thresholds = policy.now.thresholds(node)
    return thresholds.high_pps, thresholds.low_pps


def test_what_was_set_holds_after_a_restart(journal):
    started(journal).set("s2", {"high_pps": 700.0})
    again = started(journal)
    assert limits(again, "s2") == (700, 300)
    again.set("s2", {"low_pps": 50.0})
    again.set(None, {"high_pps": 2000.0})
    last = started(journal)
    assert (limits(last, "s1"), limits(last, "s2")) == ((800, 300), (700, 50))
    assert limits(last, "s3") == (2000, 300)


def test_what_was_not_set_follows_the_file(journal):
    started(journal).set("s1", {"low_pps": 100.0})
    mended = Policy(defaults=FILE.defaults, nodes={"s1": Thresholds(high_pps=900.0)})
    assert limits(started(journal, mended), "s1") == (900, 100)


def test_it_is_told_what_was_set_and_for_whom(journal):
    policy = started(journal)
    policy.set(None, {"high_pps": 2000.0})
    policy.set("s2", {"low_pps": 50.0})
    assert policy.at_run_time("s1") == {}, "it has a limit of its own in the file"
    assert policy.at_run_time("s2") == {"high_pps": 2000, "low_pps": 50}
    assert policy.at_run_time("s3") == {"high_pps": 2000}


def test_reset_goes_back_to_the_file_for_one_node_or_for_all(journal):
    policy = started(journal)
    policy.set(None, {"high_pps": 2000.0})
    policy.set("s1", {"high_pps": 500.0})
    policy.reset("s1")
    assert (limits(policy, "s1"), limits(policy, "s2")) == ((800, 300), (2000, 300))
    policy.reset(None)
    assert policy.now == FILE
    assert started(journal).now == FILE


@pytest.mark.parametrize(
    ("node", "wanted", "told"),
    [
        ("s1", {"low_pps": 800.0}, "thresholds of s1: low_pps 800 must be below high_pps 800"),
        (None, {"low_pps": 900.0}, "thresholds of s1: low_pps 900 must be below high_pps 800"),
        (None, {"high_pps": 300.0}, "thresholds of all nodes: low_pps 300 must be below"),
    ],
)
def test_what_contradicts_itself_is_refused_and_changes_nothing(journal, node, wanted, told):
    policy = started(journal)
    with pytest.raises(RequestError, match=told):
        policy.set(node, wanted)
    assert policy.now == FILE
    assert started(journal).now == FILE


def test_a_reset_that_would_leave_a_contradiction_is_refused(journal):
    policy = started(journal)
    policy.set("s1", {"high_pps": 5000.0})
    policy.set(None, {"high_pps": 5000.0, "low_pps": 2000.0})
    with pytest.raises(RequestError, match="s1: low_pps 2000 must be below high_pps 800"):
        policy.reset("s1")
    assert limits(policy, "s1") == (5000, 2000)


def test_a_file_that_contradicts_what_was_set_wins_and_that_is_said(journal, caplog):
    policy = started(journal)
    policy.set("s2", {"low_pps": 200.0})
    policy.set("s3", {"low_pps": 90.0})
    lower = Policy(defaults=Thresholds(high_pps=100.0))
    with caplog.at_level(logging.ERROR):
        again = started(journal, lower)
    assert (limits(again, "s2"), limits(again, "s3")) == ((100, None), (100, 90))
    (said,) = [record.getMessage() for record in caplog.records]
    assert "thresholds set for s2 at run time (low_pps 200)" in said
    assert "low_pps 200 must be below high_pps 100" in said
    assert limits(started(journal), "s2") == (1000, 200), "it is forgotten only when it is reset"


def test_before_the_journal_is_open_nothing_is_set():
    with pytest.raises(RequestError, match="is starting"):
        PolicyInForce(FILE).set("s1", {"high_pps": 900.0})
