"""Migrations whose node is away when it is needed: they are blocked, and go on when it is back."""

import random
import threading
import time

import pytest
from migration_lab import ALL, Lab
from model_world import cut_off, nothing

from controller.errors import RequestError
from controller.migration.plan import MigrationRequest
from controller.migration.states import MigrationState
from controller.model.placement import ConflictKind


@pytest.fixture
def lab():
    return Lab(random.Random(1), traffic=0)


def test_slots_of_a_blocked_move_stay_locked_and_the_refusal_says_why(lab):
    lab.world.fault = lab.during_step("learn off", cut_off("s1"))
    assert lab.move().state is MigrationState.FINISH_BLOCKED
    lab.world.fault = nothing
    lab.node("s1").connected = True
    with pytest.raises(RequestError):
        lab.manager.submit(MigrationRequest("gate", "s2", "s1"))
    lab.manager.node_back("s1")
    assert lab.manager.get(1).state is MigrationState.FINISHED
    assert lab.move("s2", "s1").state is MigrationState.FINISHED


def test_a_blocked_move_goes_on_when_its_node_is_back(lab):
    lab.world.fault = lab.during_step("enforce off", cut_off("s1"))
    blocked = lab.move()
    assert blocked.state is MigrationState.FINISH_BLOCKED
    assert "s1" in blocked.reason
    assert [c.kind for c in lab.manager.placement().conflicts()] == []
    lab.node("s1").connected = True
    assert [c.kind for c in lab.manager.placement().conflicts()] == [ConflictKind.TWICE]
    lab.manager.node_back("s1")
    assert lab.manager.get(1).state is MigrationState.FINISHED
    assert lab.placement() == {"s2": ALL}


def test_a_node_that_is_back_just_before_its_move_is_blocked_is_not_missed(lab, monkeypatch):
    def come_back(record):
        lab.seen.append(record)
        if record.state is MigrationState.FINISH_BLOCKED:
            lab.node("s1").connected = True
            lab.manager.node_back("s1")  # the executor has not ended yet

    monkeypatch.setattr(lab, "on_migration", come_back)
    lab.world.fault = lab.during_step("enforce off", cut_off("s1"))
    assert lab.move().state is MigrationState.FINISHED
    assert lab.placement() == {"s2": ALL}


def test_a_node_that_is_back_just_before_its_move_begins_does_not_undo_it(lab, monkeypatch):
    def come_back(record):
        if not lab.seen:
            lab.seen.append(record)
            lab.manager.node_back("s1")
        lab.seen.append(record)

    monkeypatch.setattr(lab, "on_migration", come_back)
    assert lab.move().state is MigrationState.FINISHED


def test_a_blocked_move_is_tried_again_by_one_timer_however_often_there_was_news():
    lab = Lab(random.Random(1), traffic=0, again_s=3600)
    lab.world.fault = lab.during_step("enforce off", cut_off("s1"))
    assert lab.move().state is MigrationState.FINISH_BLOCKED
    before = set(threading.enumerate())
    for _ in range(3):
        (record,) = lab.manager.recover()
        assert record.state is MigrationState.FINISH_BLOCKED
    assert not [t for t in threading.enumerate() if t not in before and "again" in t.name]
    (timer,) = (t for t in before if t.name == "migration-1-again")
    lab.manager.close()
    timer.join(timeout=10)
    assert not timer.is_alive()


def test_a_blocked_move_is_tried_again_without_any_news():
    lab = Lab(random.Random(1), traffic=0, again_s=0.05)
    lab.world.fault = lab.during_step("enforce off", cut_off("s1"))
    assert lab.move().state is MigrationState.FINISH_BLOCKED
    lab.node("s1").connected = True
    deadline = time.monotonic() + 10
    while not lab.manager.get(1).state.ended:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert lab.placement() == {"s2": ALL}
