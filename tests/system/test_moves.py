"""Moves under traffic: parts of a function, many connections, connections being opened."""

import time

import pytest
from stage import INNER, SLOTS, broken_connections, flaws, let_through, stage, uninvited

from topo.traffic.accounting import count
from topo.traffic.flow import Flow
from topo.traffic.hammer import ANSWERS_AFTER_S

pytestmark = [pytest.mark.system, pytest.mark.alone]

RATE_PPS = 2
EACH_HAS_SENT_S = 1.2 / RATE_PPS
"Time in which each of many flows of that rate has sent."


def test_half_of_the_slots_moved_are_enforced_there_and_the_others_here(node_kind):
    lower, upper = set(range(8)), set(range(8, SLOTS))
    with stage(node_kind) as up:
        traffic = up.send([*let_through(160, 10), *uninvited(160, 10)])
        time.sleep(1)
        assert up.enforcing() == {"s1": lower | upper, "s2": set()}
        up.move("s1", "s2", "pm", "--slots", "0-7")
        assert up.enforcing() == {"s1": upper, "s2": lower}
        assert up.placement() == {"s1": "8-15", "s2": "0-7"}
        up.move("s2", "s1", "pm", "--slots", "0-7")
        assert up.enforcing() == {"s1": lower | upper, "s2": set()}
        assert flaws(traffic.stop()) == {}


@pytest.mark.timeout(200)
@pytest.mark.parametrize("method", ["pm", "pr"])
def test_a_thousand_live_connections_all_survive(node_kind, method):
    with stage(node_kind, method) as up:
        traffic = up.send([*let_through(1000, RATE_PPS), *uninvited(10, 50)])
        time.sleep(EACH_HAS_SENT_S)
        moved = up.move("s1", "s2", method)
        assert moved.cells_moved >= 1000
        time.sleep(EACH_HAS_SENT_S)
        up.move("s2", "s1", method)
        time.sleep(EACH_HAS_SENT_S)
        assert flaws(traffic.stop()) == {}


def test_a_reload_neither_loses_nor_doubles_a_broadcast(node_kind):
    """Groups belong to the node, not to its program; BMv2 tends to forget or double them."""
    broadcast = Flow("pass", (INNER, 9000), ("10.0.0.255", 9000), 500)
    with stage(node_kind, "pr") as up:
        traffic = up.send([broadcast], sender="hB", receiver="hA")
        for ends in [("s1", "s2"), ("s2", "s1")]:
            up.move(*ends, "pr")
        recording = traffic.stop()
        assert count(recording.flows["pass"]).sent > 100
        assert flaws(recording) == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("method", ["pm", "pr"])
def test_a_connection_opened_in_the_middle_of_a_move_survives_it(node_kind, method):
    """Hammered: 200 connections a second, each tried for a second, during six moves."""
    with stage(node_kind, method) as up:
        end = up.hammer(200)
        time.sleep(0.5)
        moves = [up.move(*ends, method) for ends in [("s1", "s2"), ("s2", "s1")] * 3]
        time.sleep(0.5)
        tally = end()
    assert broken_connections(tally, moves) == []
    assert tally["opened"] > 500
    assert tally["answers"] == tally["opened"] * len(ANSWERS_AFTER_S)
