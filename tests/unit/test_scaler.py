"""Acting on load: from news to a finished plan, over nodes in memory."""

import queue
import random
from dataclasses import replace

import pytest
from migration_lab import Lab
from model_world import refuse

from controller.errors import RequestError
from controller.events import EventPlan, EventScalingPaused, EventScalingResumed
from controller.load.snapshot import LoadSnapshot, NodeLoad
from controller.migration.catalog import Catalog
from controller.model.thresholds import Thresholds
from controller.planning.plan import ScalePlan
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.scaling.options import ScalingOptions
from controller.scaling.orders import Orders
from controller.scaling.scaler import Scaler
from controller.scaling.sight import Sight, Sources

COOL_S = 100.0
LIMITS = Thresholds(high_pps=100.0, low_pps=20.0, hold_s=0, cool_down_s=COOL_S)


class Acting:
    """A lab with a scaler over it."""

    def __init__(self, mode="act", programs=("gated", "gated")):
        self.lab = Lab(random.Random(1), programs, traffic=0)
        self.policy = Policy(defaults=LIMITS)
        self.told = queue.SimpleQueue()
        self.now = 1000.0
        sources = Sources(
            self.lab.manager,
            Catalog(self.lab.programs),
            self.lab.manager.placement,
            lambda: Reach(self.lab.network, None, self.policy),
            lambda: self.policy,
            lambda _: {},
        )
        self.sources, self.options = sources, ScalingOptions(mode, conflict_wait_s=0.0)
        self.scaler = self.new_scaler()

    def new_scaler(self):
        """Make a scaler over the journal, as a restarted process would."""
        scaler = Scaler(
            Sight(self.sources), self.options, self.told.put, self.lab.journal, lambda: self.now
        )
        scaler.start()
        return scaler

    def restart(self):
        """End the scaler and start another one."""
        self.scaler.close()
        self.scaler = self.new_scaler()

    def load(self, **slots):
        """Return a snapshot: node to the load of each of its slots; others handle nothing."""
        loads = {node: slots.get(node, {}) for node in self.lab.world.nodes}
        return LoadSnapshot(
            {
                node: NodeLoad(sum(pps.values()), {"gate": pps}, {}, self.now)
                for node, pps in loads.items()
            },
            self.now,
        )

    def next(self):
        """Return the next event."""
        return self.told.get(timeout=10)

    def plan(self):
        """Return the states that a plan goes through, and its last event."""
        event = self.next()
        if event.state != "begun":
            return [event.state], event
        last = self.next()
        return [event.state, last.state], last


@pytest.fixture
def acting():
    made = []

    def make(*args, **kwargs):
        made.append(Acting(*args, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.scaler.close()


def test_a_loaded_node_gives_a_slot_away_and_an_idle_one_gives_it_back(acting):
    up = acting()
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    states, event = up.plan()
    assert states == ["begun", "finished"]
    assert len(event.migrations) == 1
    assert up.lab.placement() == {"s1": {0}, "s2": {1}}
    up.now += COOL_S
    up.scaler.on_low(up.load(s1={0: 5.0}, s2={1: 5.0}))
    assert up.plan()[0] == ["begun", "finished"]
    assert up.lab.placement() == {"s1": {0, 1}}


def test_what_was_moved_stays_for_the_cool_down(acting):
    up = acting()
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    up.plan()
    up.scaler.on_low(up.load(s1={0: 5.0}, s2={1: 5.0}))
    assert "plan" not in up.scaler.status() or up.scaler.status()["plan"] is None
    assert not up.scaler.propose("scale_in")
    up.now += COOL_S
    assert up.scaler.propose("scale_in")


def test_advice_moves_nothing(acting):
    up = acting("advise")
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    assert up.plan()[0] == ["advised"]
    assert up.lab.placement() == {"s1": {0, 1}}


def test_advice_that_lasts_is_told_once(acting):
    up = acting("advise")
    for load in (80.0, 81.0):
        up.scaler.on_high("s1", up.load(s1={0: load, 1: 70.0}))
        up.now += 10.0
    up.scaler.on_node_left("s1")  # told after all that came before
    assert [up.next().state, up.next().state] == ["advised", "impossible"]
    assert len(up.scaler.status()["plans"]) == 2

    up.now += 1000.0
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    assert up.plan()[0] == ["advised"]


def test_what_recovery_does_is_in_the_history_as_well(acting):
    up = acting()
    up.scaler.news.pass_on(EventPlan(ScalePlan("replace_dead", "s1"), "begun"))
    assert up.next().state == "begun"
    assert [plan["plan"]["kind"] for plan in up.scaler.status()["plans"]] == ["replace_dead"]


def test_off_plans_nothing_but_what_an_operator_asks_for(acting):
    up = acting("off")
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    assert up.scaler.propose("scale_out", "s1")
    up.scaler.carry_out("scale_out", "s1")
    assert up.plan()[0] == ["begun", "finished"]


def test_while_paused_plans_are_told_and_not_carried_out(acting):
    up = acting()
    up.scaler.pause()
    up.scaler.pause()
    assert isinstance(up.next(), EventScalingPaused)
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    assert up.plan()[0] == ["advised"]
    up.scaler.resume()
    assert isinstance(up.next(), EventScalingResumed)
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    assert up.plan()[0] == ["begun", "finished"]


def test_a_move_that_fails_is_told_and_not_tried_again_before_the_cool_down(acting):
    up = acting()
    up.lab.world.fault = up.lab.during_step("copy", refuse)
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    states, event = up.plan()
    assert states == ["begun", "failed"]
    assert "not today" in event.reason
    assert up.lab.placement() == {"s1": {0, 1}}
    moved = event.plan.moves[0].slots
    again = up.scaler.propose("scale_out", "s1")
    assert all(not move.slots & moved for move in again.moves)
    up.now += COOL_S
    assert up.scaler.propose("scale_out", "s1").moves[0].slots == moved


def test_what_cannot_be_done_is_told_with_its_reason(acting):
    up = acting()
    up.scaler.on_high("s1", up.load(s1={0: 95.0, 1: 95.0}, s2={0: 50.0}))
    states, event = up.plan()
    assert states == ["impossible"]
    assert "no node on their paths has room: s2 (50 of 90 packets/s)" in event.plan.explanation[-1]


def test_a_drained_node_is_emptied_and_gets_nothing_until_it_is_undrained(acting):
    up = acting()
    plan = up.scaler.drain("s1")
    assert plan.complete
    assert up.plan()[0] == ["begun", "finished"]
    assert up.lab.placement() == {"s2": {0, 1}}
    assert up.scaler.status()["draining"] == ["s1"]
    up.now += COOL_S
    up.scaler.on_load(up.load(s2={0: 80.0, 1: 70.0}))
    assert not up.scaler.propose("scale_out", "s2")
    up.scaler.undrain("s1")
    assert up.scaler.propose("scale_out", "s2")
    with pytest.raises(RequestError, match="s1 is not drained"):
        up.scaler.undrain("s1")


def test_a_drained_node_is_drained_after_a_restart_until_an_operator_takes_it_back(acting):
    up = acting()
    up.scaler.drain("s1")
    up.plan()
    up.restart()
    assert up.scaler.status()["draining"] == ["s1"]
    up.scaler.on_load(up.load(s2={0: 80.0, 1: 70.0}))
    assert not up.scaler.propose("scale_out", "s2")
    up.scaler.undrain("s1")
    up.restart()
    assert up.scaler.status()["draining"] == []


def test_draining_goes_on_after_a_restart(acting):
    up = acting("off")
    up.lab.journal.mark_drained("s1", True)
    up.restart()
    up.scaler.go_on()
    assert up.plan()[0] == ["begun", "finished"]
    assert up.lab.placement() == {"s2": {0, 1}}


def test_a_pause_lasts_across_a_restart_until_resume(acting):
    up = acting()
    up.scaler.pause()
    up.next()
    up.restart()
    assert up.scaler.status()["paused"]
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    assert up.plan()[0] == ["advised"]
    up.scaler.resume()
    up.restart()
    assert not up.scaler.status()["paused"]


def test_a_plan_that_was_asked_for_is_gone_on_with_after_a_restart_where_it_stopped(acting):
    up = acting("off")
    up.scaler.on_load(up.load(s1={0: 80.0, 1: 70.0}))
    plan = up.scaler.propose("scale_out", "s1")
    (move,) = plan.moves
    both = replace(plan, moves=(replace(move, slots=frozenset({0, 1})),))
    Orders(up.lab.journal).begin(both)
    up.lab.move(slots=frozenset({0}))  # one move of it was finished
    up.restart()
    up.scaler.go_on()
    states, event = up.plan()
    assert states == ["begun", "finished"]
    assert [move.slots for move in event.plan.moves] == [{1}]
    assert up.lab.placement() == {"s2": {0, 1}}
    up.restart()
    up.scaler.go_on()
    up.scaler.close()
    assert up.told.empty(), "it is done with"


def test_a_plan_that_fails_is_not_tried_again_after_a_restart(acting):
    up = acting("off")
    up.scaler.on_load(up.load(s1={0: 80.0, 1: 70.0}))
    up.lab.world.fault = up.lab.during_step("copy", refuse)
    up.scaler.carry_out("scale_out", "s1")
    assert up.plan()[0] == ["begun", "failed"]
    up.restart()
    assert Orders(up.lab.journal).plans == []


def test_a_function_that_no_program_could_bring_cannot_be_drained(acting):
    up = acting(programs=("gated",))
    with pytest.raises(RequestError, match="s1 cannot be drained"):
        up.scaler.drain("s1")
    assert up.scaler.status()["draining"] == []


def test_wrong_names_are_refused(acting):
    up = acting()
    with pytest.raises(RequestError, match="these would do: s1, s2"):
        up.scaler.propose("drain", "s9")
    with pytest.raises(RequestError, match="these would do: scale_out"):
        up.scaler.propose("grow", "s1")


def test_a_node_without_entries_of_its_own_for_the_function_gets_nothing(acting):
    up = acting(programs=("gated", "gated", "gated"))  # zones of s3 are not described
    up.scaler.on_load(up.load(s1={0: 80.0, 1: 70.0}, s2={0: 89.0}))
    assert not up.scaler.propose("scale_out", "s1")


def test_status_tells_what_was_done(acting):
    up = acting()
    up.scaler.on_high("s1", up.load(s1={0: 80.0, 1: 70.0}))
    _, event = up.plan()
    assert isinstance(event, EventPlan)
    told = up.scaler.status()
    assert [plan["state"] for plan in told["plans"]] == ["begun", "finished"]
    assert told["mode"] == "act"
    assert told["plans"][-1]["migrations"] == list(event.migrations)


def test_without_forwarding_it_is_told_that_nobody_takes_over(acting):
    up = acting()
    up.lab.node("s1").power_off()
    up.scaler.on_node_left("s1")
    states, event = up.plan()
    assert states == ["impossible"]
    assert event.plan.kind == "replace_dead"
    assert "forwarding is off" in event.plan.explanation[0]
