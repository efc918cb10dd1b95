"""Rates that change with time: when each packet is due."""

import itertools

import pytest

from topo.traffic.flow import Experiment, Flow
from topo.traffic.ramp import Ramp

UP_AND_DOWN = Ramp(((0, 1), (2, 1), (4, 5), (6, 5), (8, 1)))


def flow(ramp):
    return Flow("F", ("10.0.0.1", 1), ("10.0.0.2", 2), 100, ramp=ramp)


def test_the_factor_goes_straight_from_point_to_point():
    times = (0, 1, 2, 3, 4, 5, 7, 8, 100)
    assert [UP_AND_DOWN.factor(at_s) for at_s in times] == [1, 1, 1, 3, 5, 5, 3, 1, 1]


def test_as_many_packets_are_due_in_each_second_as_the_factor_says():
    due_s = [flow(UP_AND_DOWN).due_ns(number) / 1e9 for number in range(3_000)]
    counted = [sum(second <= at_s < second + 1 for at_s in due_s) for second in range(10)]
    expected = [100, 100, 200, 400, 500, 500, 400, 200, 100, 100]
    assert all(abs(a - b) <= 1 for a, b in zip(counted, expected, strict=True))


def test_each_packet_is_due_after_the_one_before():
    due_ns = [flow(UP_AND_DOWN).due_ns(number) for number in range(3_000)]
    assert all(a < b for a, b in itertools.pairwise(due_ns))


def test_a_factor_of_one_changes_nothing():
    assert [flow(Ramp()).due_ns(n) for n in range(4)] == [0, 10**7, 2 * 10**7, 3 * 10**7]


@pytest.mark.parametrize("points", [(), ((1, 1),), ((0, 1), (0, 2)), ((0, 1), (3, 2), (2, 1))])
def test_a_time_table_that_does_not_go_forward_is_refused(points):
    with pytest.raises(ValueError, match="begin at 0 s and go forward"):
        Ramp(points)


def test_a_factor_that_would_stop_a_flow_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        Ramp(((0, 1), (1, 0)))


def test_an_experiment_keeps_its_ramps_in_its_file(tmp_path):
    experiment = Experiment(7, (flow(UP_AND_DOWN),))
    experiment.write(tmp_path / "experiment.json")
    assert Experiment.read(tmp_path / "experiment.json") == experiment
