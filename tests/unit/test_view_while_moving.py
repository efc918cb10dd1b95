"""The view while slots move: whatever overtakes what, it never lacks an enforcer that there is.

Nodes are asked between any two things that a migration does, where its locks allow it, and the
answers come in late, in any order, as a stream of random decisions says.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migration_lab import ALL, Lab
from model_node import ModelNode
from model_world import at_action, both, no_answer, nothing

from controller.migration.states import StepState
from controller.model.placement import ConflictKind, NodeFacts

SEEDS = st.integers(0, 2**32)
METHODS = {
    "pm": ("gated", "gated"),
    "pr": ("gated", "plain"),
}
BOTH_ACT = ("enforce on", "overlap", "enforce off")
"Steps in which two nodes enforce, in a move that nothing disturbs."


class Onlookers:
    """Those who ask nodes all the time, and the view that their answers end up in."""

    def __init__(self, lab: Lab, rng: random.Random) -> None:
        self.view = lab.manager.placement()
        self.kinds: set[ConflictKind] = set()
        self.twice_in: set[str] = set()
        self._lab = lab
        self._rng = rng
        self._late: list[NodeFacts] = []
        self._asking = False
        lab.manager.show_by(self.take)

    def take(self, *facts: NodeFacts) -> None:
        """Take answers into the view, and look at it."""
        self.view = self.view.with_facts(facts, self._lab.network, {"gate": ALL})
        for conflict in self.view.conflicts():
            self.kinds.add(conflict.kind)
            if conflict.kind is ConflictKind.TWICE:
                steps = self._lab.seen[-1].steps
                self.twice_in |= {s.name for s in steps if s.state is StepState.RUNNING}

    def look(self, _node: ModelNode, _asked: str) -> None:
        """Perhaps ask a node, perhaps let an answer come in."""
        if self._asking:
            return
        name = self._rng.choice(list(self._lab.world.nodes))
        lock = self._lab.manager._site._locks[name]
        if self._rng.random() < 0.2 and not lock._is_owned():  # else others wait for it
            self._asking = True
            self._late.append(self._lab.manager.facts(name))
            self._asking = False
        if self._late and self._rng.random() < 0.2:
            self.take(self._late.pop(self._rng.randrange(len(self._late))))

    def take_the_rest(self) -> None:
        """Let all answers come in that are still under way."""
        self._rng.shuffle(self._late)
        for facts in self._late:
            self.take(facts)


def onlookers(seed: int, method: str) -> tuple[Lab, Onlookers]:
    rng = random.Random(seed)
    lab = Lab(rng, METHODS[method], traffic=0)
    return lab, Onlookers(lab, rng)


@pytest.mark.parametrize("mode", ["hitless", "paper"])
@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=10)
@given(seed=SEEDS, slots=st.sampled_from([ALL, frozenset({0})]))
def test_there_and_back_no_slot_is_without_enforcer_in_any_snapshot(method, mode, seed, slots):
    lab, seen = onlookers(seed, method)
    lab.world.fault = seen.look
    for ends in (("s1", "s2"), ("s2", "s1")):
        lab.move(*ends, slots=slots, method=method, mode=mode)
    seen.take_the_rest()
    assert seen.kinds <= {ConflictKind.TWICE}
    if mode == "hitless":
        assert seen.twice_in <= set(BOTH_ACT), "two are shown only while two act"
    assert seen.view.by_node("gate") == lab.placement() == {"s1": ALL}
    assert seen.view.conflicts() == ()


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=15)
@given(seed=SEEDS, action=st.integers(1, 150), acts=st.booleans())
def test_nor_if_a_call_gets_no_answer_and_the_move_is_undone(method, seed, action, acts):
    lab, seen = onlookers(seed, method)
    failing = at_action(action, no_answer)

    def fault(node, asked):
        if lab.seen:  # else it is still planned
            failing(node, asked)

    lab.world.fault = seen.look if acts else both(seen.look, fault)
    lab.world.after = fault if acts else nothing
    lab.move(method=method)
    lab.mend()
    seen.take_the_rest()
    assert ConflictKind.NOWHERE not in seen.kinds


def test_the_view_goes_from_one_node_to_the_other_in_one_step():
    lab, seen = onlookers(1, "pm")
    told = []
    lab.manager.show_by(lambda *facts: told.append(facts) or seen.take(*facts))
    lab.move()
    enforcing = [{f.name: f.functions["gate"].enforce for f in facts} for facts in told]
    assert enforcing
    assert all(one == {"s1": frozenset(), "s2": ALL} for one in enforcing)
    assert not seen.kinds
