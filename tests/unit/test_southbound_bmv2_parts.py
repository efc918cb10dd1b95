"""What the BMv2 driver plans before it calls: runs of cells, changes of multicast groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.southbound.bmv2_registers import equal_runs
from controller.southbound.bmv2_replication import PreNode, parse_entries, plan_change, port_map
from controller.southbound.driver import Replica, replicas_of


def node(handle, rid, *ports):
    return PreNode(handle, rid, frozenset(ports))


def test_neighbours_with_equal_values_make_a_run():
    cells = {0: 5, 1: 5, 2: 6, 4: 6, 5: 6}
    assert list(equal_runs(cells, 100)) == [(0, 2, 5), (2, 1, 6), (4, 2, 6)]


def test_a_run_is_no_longer_than_allowed():
    assert list(equal_runs(dict.fromkeys(range(5), 1), 2)) == [(0, 2, 1), (2, 2, 1), (4, 1, 1)]


@given(st.dictionaries(st.integers(0, 50), st.integers(0, 2)), st.integers(1, 9))
def test_runs_cover_exactly_the_cells(cells, longest):
    runs = list(equal_runs(cells, longest))
    assert {i: value for first, n, value in runs for i in range(first, first + n)} == cells
    assert sum(n for _, n, _ in runs) == len(cells)
    assert all(1 <= n <= longest for _, n, _ in runs)


def test_a_port_map_has_port_0_rightmost():
    assert port_map([0]) == "1"
    assert port_map([1, 3]) == "1010"


def test_the_engines_dump_is_read_into_groups_of_nodes():
    dump = {
        "mgrps": [{"id": 1, "l1_handles": [0, 2]}, {"id": 2, "l1_handles": []}],
        "l1_handles": [
            {"handle": 0, "rid": 0, "l2_handle": 5},
            {"handle": 2, "rid": 7, "l2_handle": 6},
            {"handle": 9, "rid": 0, "l2_handle": 6},
        ],
        "l2_handles": [
            {"handle": 5, "ports": [1, 2], "lags": []},
            {"handle": 6, "ports": [3], "lags": []},
        ],
    }
    assert parse_entries(dump) == {1: [node(0, 0, 1, 2), node(2, 7, 3)], 2: []}


@pytest.mark.parametrize(
    ("nodes", "wanted", "gains", "creations", "losses", "removals"),
    [
        pytest.param([], replicas_of([1, 2]), {}, {0: {1, 2}}, {}, (), id="new"),
        pytest.param([node(4, 0, 1, 2)], replicas_of([1, 2]), {}, {}, {}, (), id="right already"),
        pytest.param([node(4, 0, 1)], replicas_of([1, 2]), {4: {1, 2}}, {}, {}, (), id="gains"),
        pytest.param([node(4, 0, 1, 2)], replicas_of([2]), {}, {}, {4: {2}}, (), id="loses"),
        pytest.param([node(4, 0, 1)], replicas_of([2]), {4: {2}}, {}, {}, (), id="both at once"),
        pytest.param(
            [node(4, 0, 1, 2), node(5, 0, 1, 2)],
            replicas_of([1, 2]),
            {},
            {},
            {},
            (5,),
            id="doubled",
        ),
        pytest.param(
            [node(4, 0, 1), node(5, 0, 2)], replicas_of([1, 2]), {}, {}, {}, (), id="shared"
        ),
        pytest.param(
            [node(4, 0, 1)],
            frozenset({Replica(1), Replica(1, 9)}),
            {},
            {9: {1}},
            {},
            (),
            id="another replication id",
        ),
        pytest.param([node(4, 3, 1)], replicas_of([1]), {}, {0: {1}}, {}, (4,), id="replaced"),
        pytest.param([node(4, 0, 1)], frozenset(), {}, {}, {}, (4,), id="emptied"),
    ],
)
def test_a_group_is_changed_as_little_as_possible(
    nodes, wanted, gains, creations, losses, removals
):
    change = plan_change(nodes, wanted)
    assert change.gains == gains
    assert change.creations == creations
    assert change.losses == losses
    assert change.removals == removals


PORTS = st.frozensets(st.integers(0, 5))
REPLICAS = st.frozensets(st.builds(Replica, st.integers(0, 5), st.integers(0, 2)))


def copies(nodes):
    return sorted((port, n.rid) for n in nodes.values() for port in n.ports)


@given(st.lists(st.tuples(st.integers(0, 2), PORTS), max_size=4), REPLICAS)
def test_a_change_ends_at_the_wanted_copies_and_never_lacks_one_that_stays(existing, wanted):
    nodes = {h: node(h, rid, *ports) for h, (rid, ports) in enumerate(existing)}
    staying = set(wanted) & {Replica(*copy) for copy in copies(nodes)}
    change = plan_change(list(nodes.values()), wanted)

    def check():
        assert staying <= {Replica(*copy) for copy in copies(nodes)}

    for handle, ports in change.gains.items():
        nodes[handle] = node(handle, nodes[handle].rid, *ports)
        check()
    for rid, ports in change.creations.items():
        nodes[100 + rid] = node(100 + rid, rid, *ports)
    for handle, ports in change.losses.items():
        nodes[handle] = node(handle, nodes[handle].rid, *ports)
        check()
    for handle in change.removals:
        del nodes[handle]
        check()
    assert copies(nodes) == sorted(wanted)
