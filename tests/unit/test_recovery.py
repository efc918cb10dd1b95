"""Taking over when paths move by themselves: nodes in memory, the paths of a diamond."""

import queue
import random
from dataclasses import replace

import pytest
from migration_lab import ALL, ENTRIES, SLOTS, Lab, rule
from model_world import nothing, refuse
from planner_lab import diamond

from controller.events import EventPathsHeld, EventPlan
from controller.forwarding.ways import WaysNow
from controller.migration.catalog import Catalog
from controller.model.paths import slot_paths
from controller.model.slots import format_slots
from controller.planning.policy import FunctionPolicy, Policy
from controller.planning.reach import Reach
from controller.scaling.checkpoints import Checkpoints
from controller.scaling.options import ScalingOptions
from controller.scaling.recovery import Recovery
from controller.scaling.sight import Sight, Sources
from controller.state.checkpoint_store import CheckpointStore

NET = diamond()
CUT = replace(NET, links=tuple(n for n in NET.links if "s2" not in (n.a.node, n.b.node)))
NOW, WANTED = slot_paths(NET), slot_paths(CUT)
BY_S2 = frozenset(slot for slot in range(16) if "s2" in NOW.route(slot, "out", "in"))
MINE = BY_S2 & ALL
NO_WAYS = WaysNow({}, NET)


class Recovering:
    """A lab whose packets are said to take the ways of a diamond."""

    def __init__(
        self, mode="act", programs=("gated", "gated"), *, alone=False, on_failure="closed"
    ):
        """Make it; ``alone``: s1 may have nothing that it has not."""
        entries = {**ENTRIES, "s3": ENTRIES["s2"]}
        self.lab = Lab(random.Random(2), programs, traffic=0, entries=entries)
        wants = FunctionPolicy(("outside", "inside"), on_failure)
        nodes = frozenset({"s2", "s3"}) if alone else None
        self.policy = policy = Policy(functions={"gate": replace(wants, nodes=nodes)})
        self.paths = NOW
        self.steady = True
        self.told = queue.SimpleQueue()
        self.held = []
        self.asked_again = queue.SimpleQueue()
        manager = self.lab.manager
        sources = Sources(
            manager,
            Catalog(self.lab.programs),
            manager.placement,
            lambda: Reach(NET if self.paths is NOW else CUT, self.paths, policy),
            lambda: policy,
            lambda _: {},
        )
        self.store = CheckpointStore(":memory:")
        self.recovery = Recovery(
            Sight(sources),
            self.store,
            ScalingOptions(mode),
            self.hear,
            lambda: self.asked_again.put(None),
            lambda _: None,
            lambda: self.steady,
        )
        self.recovery.start()
        self.lab.move("s1", "s2", MINE)
        self.checkpoint("s2")

    def checkpoint(self, node):
        """Take a checkpoint of what a node enforces."""
        manager = self.lab.manager
        nodes, hold, view = self.lab.world.nodes, manager.hold, manager.placement
        Checkpoints(manager, nodes, hold, view, self.store, lambda: 1.0).take(node)

    def hear(self, event):
        """Take an event: plans are waited for, what is held back is kept."""
        if isinstance(event, EventPathsHeld):
            self.held.append(event.to_dict()["held"])
        else:
            self.told.put(event)

    def states(self):
        """Return the states that the next plan goes through."""
        event = self.told.get(timeout=10)
        assert isinstance(event, EventPlan)
        return [event.state, *(self.states() if event.state == "begun" else [])]

    def checked(self):
        """Have it looked who enforces what is not theirs, and wait until that is done."""
        self.recovery.check()
        self.settled()

    def settled(self):
        """Wait until everything that was asked for is done."""
        done = queue.SimpleQueue()
        self.recovery._jobs.put(lambda: done.put(None))
        done.get(timeout=10)


@pytest.fixture
def recovering():
    made = []

    def make(*args, **kwargs):
        made.append(Recovering(*args, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.recovery.close()


def refuse_writes_to_s1(node, asked):
    if node.name == "s1" and asked.startswith("write"):
        refuse(node, asked)


def test_the_gate_opens_when_another_node_enforces(recovering):
    up = recovering()
    assert MINE
    up.lab.node("s2").power_off()
    assert up.recovery.may_use(NOW, WANTED, NO_WAYS) == frozenset(range(16)) - MINE
    assert up.states() == ["begun", "finished"]
    up.asked_again.get(timeout=10)
    assert up.recovery.may_use(NOW, WANTED, NO_WAYS) == frozenset(range(16))
    assert up.lab.placement() == {"s1": ALL}
    told = {"function": "gate", "node": "s2", "slots": format_slots(MINE), "broken": True}
    reason = "not all of their packets would pass s2"
    assert up.held == [
        [told | {"reason": reason}],
        [],
    ]  # told when it changes, not at each question
    assert not up.recovery.held()


def test_what_was_asked_for_before_somebody_took_it_over_is_not_done_again(recovering):
    up = recovering()
    up.lab.node("s2").power_off()
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "finished"]
    reach = Reach(CUT, WANTED, up.policy)
    up.recovery._jobs.put(lambda: up.recovery._take_all({"s2": {"gate": MINE}}, reach))
    up.settled()
    assert up.told.empty()


def test_an_enforcer_that_is_dead_when_the_management_entity_starts_is_replaced(recovering):
    up = recovering()
    up.lab.node("s2").power_off()
    assert up.recovery.may_use(None, WANTED, NO_WAYS) == frozenset(range(16)) - MINE
    assert up.states() == ["begun", "finished"]
    assert up.recovery.may_use(None, WANTED, NO_WAYS) == frozenset(range(16))
    assert up.lab.placement() == {"s1": ALL}


def test_a_function_that_fails_open_lets_paths_move_at_once_and_is_taken_over_all_the_same(
    recovering,
):
    up = recovering(on_failure="open")
    up.lab.node("s2").power_off()
    assert up.recovery.may_use(NOW, WANTED, NO_WAYS) == frozenset(range(16))
    assert up.states() == ["begun", "finished"]
    assert up.lab.placement() == {"s1": ALL}
    assert up.held == []


def test_a_take_over_is_tried_again_where_paths_have_not_waited_for_it(recovering, monkeypatch):
    monkeypatch.setattr(Recovery, "_later", staticmethod(lambda do: do()))
    up = recovering(on_failure="open")
    up.lab.node("s2").power_off()
    up.lab.world.fault = refuse_writes_to_s1
    up.paths = WANTED
    assert up.recovery.may_use(NOW, WANTED, NO_WAYS) == frozenset(range(16))
    assert up.states() == ["begun", "failed"]
    assert up.states() == ["begun", "failed"]  # though forwarding has not asked again
    up.lab.world.fault = nothing
    while (states := up.states()) != ["begun", "finished"]:
        assert states == ["begun", "failed"]
    assert up.lab.placement() == {"s1": ALL}
    up.settled()
    assert up.told.empty()


def test_a_take_over_is_given_up_when_the_node_sees_its_packets_again(recovering, monkeypatch):
    monkeypatch.setattr(Recovery, "_later", staticmethod(lambda do: do()))
    up = recovering(on_failure="open")
    up.lab.world.fault = refuse_writes_to_s1
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "failed"]
    for _ in range(2):  # what is done again is asked for by what was done before
        up.settled()
    assert up.told.empty()  # the paths in use are those of before
    up.lab.world.fault = nothing
    assert up.lab.placement() == {"s1": ALL - MINE, "s2": MINE}


def test_a_node_that_goes_by_other_entries_takes_over_when_they_are_equal(recovering):
    up = recovering()
    up.lab.node("s2").write([rule(99)])
    up.checkpoint("s2")
    up.lab.node("s2").power_off()
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "failed"]
    assert up.states() == ["impossible"]
    up.settled()
    up.lab.node("s1").write([rule(99)])
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "finished"]
    assert up.lab.placement() == {"s1": ALL}


def test_where_one_node_goes_by_other_entries_another_one_takes_over(recovering):
    up = recovering(programs=("gated",) * 3)
    up.lab.node("s2").write([rule(99)])
    up.checkpoint("s2")
    up.lab.node("s2").power_off()
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "failed"]
    assert up.states() == ["begun", "finished"]
    assert up.lab.placement() == {"s1": ALL - MINE, "s3": MINE}
    assert up.recovery.may_use(NOW, WANTED, NO_WAYS) == frozenset(range(16))


def test_a_node_is_reloaded_to_take_over_where_no_other_has_the_function(recovering):
    up = recovering(programs=("gated", "gated", "plain"), alone=True)
    up.lab.node("s2").power_off()
    assert not up.recovery.may_use(NOW, WANTED, NO_WAYS) & MINE
    assert up.states() == ["begun", "finished"]
    assert up.lab.program("s3").name == "gated"
    assert up.lab.placement() == {"s1": ALL - MINE, "s3": MINE}
    assert up.recovery.may_use(NOW, WANTED, NO_WAYS) == frozenset(range(16))


def test_a_dead_node_that_comes_back_empty_is_given_no_slot(recovering):
    up = recovering()
    up.lab.node("s2").power_off()
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    up.states()
    up.lab.node("s2").power_on()
    up.lab.manager.node_back("s2")
    assert up.lab.placement() == {"s1": ALL}
    up.lab.world.probe()
    assert not up.lab.world.lost
    assert not up.lab.world.leaked


def test_a_node_that_was_left_alive_gives_up_once_paths_have_moved(recovering):
    up = recovering()
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "finished"]
    up.steady = False
    up.paths = WANTED
    up.checked()
    assert up.lab.placement() == {"s1": ALL, "s2": MINE}  # some packets may pass s2 still
    up.steady = True
    up.checked()
    assert up.lab.placement() == {"s1": ALL}


def test_a_node_keeps_what_it_could_not_hand_over(recovering):
    up = recovering()
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "finished"]
    up.paths = WANTED
    old, (slot, *_) = up.lab.node("s2"), MINE
    flows = old.running.gate.array("flows", slot).register
    old.running.registers[flows] = [0] * len(old.running.registers[flows])
    list(old.process(100 * SLOTS + slot, inside=True))  # a connection that s1 does not know
    recorded = list(old.running.registers[flows])
    assert any(recorded)
    up.lab.world.fault = refuse_writes_to_s1
    up.checked()
    assert up.lab.placement() == {"s1": ALL, "s2": MINE}
    assert old.running.registers[flows] == recorded
    up.lab.world.fault = nothing
    up.checked()
    assert up.lab.placement() == {"s1": ALL}
    assert not any(old.running.registers[flows])


def test_a_node_that_was_dead_only_to_us_gives_up_when_it_is_back(recovering):
    up = recovering()
    up.lab.node("s2").connected = False
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "finished"]
    up.paths = WANTED
    up.checked()
    up.lab.node("s2").connected = True
    up.lab.manager.node_back("s2")
    assert up.lab.placement() == {"s1": ALL, "s2": MINE}
    up.checked()
    assert up.lab.placement() == {"s1": ALL}
    assert up.lab.manager.intended()["gate"] == dict.fromkeys(ALL, "s1")


def test_nobody_takes_over_where_scaling_only_advises_and_the_path_stays_shut(recovering):
    up = recovering("advise")
    up.lab.node("s2").power_off()
    for _ in range(2):  # forwarding asks again and again, and is told of once
        assert not up.recovery.may_use(NOW, WANTED, NO_WAYS) & MINE
        up.settled()
    assert up.states() == ["advised"]
    assert up.told.empty()
    assert up.asked_again.empty()


def test_a_take_over_that_fails_is_tried_again_when_forwarding_asks(recovering):
    up = recovering()
    up.lab.node("s2").power_off()
    up.lab.world.fault = refuse_writes_to_s1
    up.recovery.may_use(NOW, WANTED, NO_WAYS)
    assert up.states() == ["begun", "failed"]
    up.settled()
    assert up.asked_again.empty()
    up.lab.world.fault = nothing
    assert not up.recovery.may_use(NOW, WANTED, NO_WAYS) & MINE
    assert up.states() == ["begun", "finished"]


def test_at_the_beginning_slots_that_are_off_the_paths_are_taken_over_from_the_living(recovering):
    up = recovering()
    off = ALL - MINE
    up.lab.move("s1", "s2", off)
    assert up.recovery.may_use(None, NOW, NO_WAYS) == frozenset(range(16)) - off
    assert up.states() == ["begun", "finished"]
    up.asked_again.get(timeout=10)
    assert up.recovery.may_use(None, NOW, NO_WAYS) == frozenset(range(16))
    up.checked()
    assert up.lab.placement() == {"s1": off, "s2": MINE}
    up.lab.world.probe()
    assert not up.lab.world.lost
    assert not up.lab.world.leaked
