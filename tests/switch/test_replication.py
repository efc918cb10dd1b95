"""Backup replicas: who stands in for a port that is down, and that it stands back."""

import pytest

from switch.runtime.replication import UNTRUNCATED, ReplicationEngine

REPLICAS = [[(1, 10), (2, 20), (3, 30)], [(4, 40)]]


@pytest.mark.parametrize(
    ("down", "first"), [((), (1, 10)), ((1,), (2, 20)), ((1, 2), (3, 30)), ((1, 2, 3), (1, 10))]
)
def test_the_first_port_that_is_up_gets_the_copy(down, first):
    is_up = {port: port not in down for port in (1, 2, 3, 4)}
    engine = ReplicationEngine(is_up)
    engine.set_group(7, REPLICAS)
    assert engine.groups[7] == (first, (4, 40))


def test_copies_follow_the_ports_of_groups_and_sessions():
    is_up = {1: True, 2: True, 3: True, 4: True}
    engine = ReplicationEngine(is_up)
    engine.set_group(7, REPLICAS)
    engine.set_session(5, REPLICAS, 100)
    is_up[1] = False
    engine.port_changed()
    assert engine.groups[7][0] == engine.sessions[5][0][0] == (2, 20)
    assert engine.sessions[5][1] == 100
    is_up[1] = True
    engine.port_changed()
    assert engine.groups[7][0] == engine.sessions[5][0][0] == (1, 10)


def test_what_was_replaced_or_deleted_does_not_come_back():
    is_up = {1: False, 2: True}
    engine = ReplicationEngine(is_up)
    engine.set_group(7, REPLICAS)
    engine.set_group(7, [[(1, 0)]])
    engine.set_group(8, REPLICAS)
    engine.delete_group(8)
    engine.set_session(5, REPLICAS, 0)
    engine.delete_session(5)
    engine.port_changed()
    assert engine.groups == {7: ((1, 0),)}
    assert engine.sessions == {}
    engine.set_session(5, [[(1, 0)]], 0)
    assert engine.sessions[5] == (((1, 0),), UNTRUNCATED)
