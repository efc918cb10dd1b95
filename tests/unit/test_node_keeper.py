"""The keeper of a node: what it does when the session changes, and when nodes are asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from controller.errors import NodeTimeout
from controller.model.placement import NodeFacts
from controller.model.standing import Readiness, Standing
from controller.nodes.keeper import NodeKeeper
from controller.southbound.driver import NodeState

LIMIT_S = 30.0
RETRY_S = 0.02


class Care:
    """Does what a keeper asks, in memory, and keeps what it heard."""

    def __init__(self) -> None:
        self.failures = 0
        self.asked = 0
        self.calls: list[str] = []
        self.standings: list[Readiness] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def set_up(self, node: str) -> None:
        self.calls.append("set up")
        if self.failures:
            self.failures -= 1
            raise NodeTimeout(node, "read", "no answer")

    def ask(self, node: str) -> NodeFacts:
        assert self.may_answer.wait(LIMIT_S)
        self.asked += 1
        self.calls.append("ask")
        return NodeFacts(node, reachable=True)

    def on_standing(self, node: str, before: Standing, after: Standing) -> None:
        assert before != after
        self.standings.append(after.readiness)

    def on_facts(self, facts: NodeFacts) -> None:
        assert facts.name == "s1"


@pytest.fixture
def care() -> Care:
    return Care()


@pytest.fixture
def keeper(care: Care, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeKeeper]:
    monkeypatch.setattr("controller.nodes.keeper.RETRY_FIRST_S", RETRY_S)
    keeper = NodeKeeper("s1", care)
    keeper.start()
    yield keeper
    care.may_answer.set()
    assert keeper.stop(LIMIT_S)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_node_is_set_up_when_this_controller_becomes_its_primary(
    keeper: NodeKeeper, care: Care
) -> None:
    keeper.changed(NodeState.PRIMARY, "election id 7")
    wait_until(lambda: keeper.standing.readiness is Readiness.READY)
    assert care.calls == ["set up", "ask"], "what a ready node holds is known"
    assert care.standings == [Readiness.SETTING_UP, Readiness.READY]


def test_a_node_of_another_controller_is_asked_and_not_touched(
    keeper: NodeKeeper, care: Care
) -> None:
    keeper.changed(NodeState.BACKUP, "another has a higher election id")
    wait_until(lambda: care.asked == 1)
    assert keeper.standing == Standing(Readiness.BACKUP, "another has a higher election id")
    assert "set up" not in care.calls


def test_a_node_that_cannot_be_set_up_is_tried_again(keeper: NodeKeeper, care: Care) -> None:
    care.failures = 2
    keeper.changed(NodeState.PRIMARY, "")
    wait_until(lambda: keeper.standing.readiness is Readiness.READY)
    assert care.calls.count("set up") == 3
    assert care.standings.count(Readiness.FAILED) == 1, "the same reason is told once"


@pytest.mark.parametrize("call", ["set_up", "ask"])
def test_a_node_whose_setting_up_meets_a_defect_has_failed_and_is_tried_again(
    keeper: NodeKeeper, care: Care, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def broken(_node: str) -> NodeFacts:
        raise KeyError("a defect")

    monkeypatch.setattr(care, call, broken)
    keeper.changed(NodeState.PRIMARY, "")
    wait_until(lambda: keeper.standing.readiness is Readiness.FAILED)
    assert keeper.standing.reason == "internal error: KeyError('a defect')"
    monkeypatch.undo()
    wait_until(lambda: keeper.standing.readiness is Readiness.READY)


def test_a_lost_session_ends_further_tries(keeper: NodeKeeper, care: Care) -> None:
    care.failures = 1000
    keeper.changed(NodeState.PRIMARY, "")
    wait_until(lambda: keeper.standing.readiness is Readiness.FAILED)
    keeper.changed(NodeState.DOWN, "connection reset")
    wait_until(lambda: keeper.standing.readiness is Readiness.DOWN)
    tries = care.calls.count("set up")
    time.sleep(10 * RETRY_S)
    keeper.audit().result(LIMIT_S)
    assert care.calls.count("set up") == tries
    assert keeper.standing.reason == "connection reset"


def test_many_who_want_to_know_cause_one_question(keeper: NodeKeeper, care: Care) -> None:
    care.may_answer.clear()
    first = keeper.audit()
    wait_until(lambda: keeper._audit is None)
    others = {id(keeper.audit(60.0)) for _ in range(50)}
    care.may_answer.set()
    keeper.audit(60.0).result(LIMIT_S)
    assert first.done()
    assert len(others) == 1
    assert care.asked == 2


def test_what_was_heard_just_now_is_not_asked_again(keeper: NodeKeeper, care: Care) -> None:
    keeper.audit().result(LIMIT_S)
    wait_until(lambda: keeper.audit(60.0).done())
    keeper.audit(60.0).result(LIMIT_S)
    assert care.asked == 1


def test_what_was_heard_before_something_changed_is_asked_again(
    keeper: NodeKeeper, care: Care
) -> None:
    keeper.audit().result(LIMIT_S)
    care.may_answer.clear()
    keeper.audit()
    later = keeper.audit(60.0)
    assert not later.done()
    care.may_answer.set()
    later.result(LIMIT_S)
    assert care.asked == 2


def test_a_defect_is_logged_and_the_node_is_kept_on(
    keeper: NodeKeeper, care: Care, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_node: str) -> NodeFacts:
        raise KeyError("a defect")

    ask, care.ask = care.ask, broken
    keeper.audit().result(LIMIT_S)
    wait_until(lambda: "s1: error in its keeper" in caplog.text)
    care.ask = ask
    keeper.audit().result(LIMIT_S)
    assert care.asked == 1


def test_a_keeper_that_was_never_started_can_be_stopped(care: Care) -> None:
    assert NodeKeeper("s1", care).stop(0.1)
