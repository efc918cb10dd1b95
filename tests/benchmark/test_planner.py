"""The planner's benchmark measures what runs otherwise, and keeps its limits at small sizes."""

from tests.benchmark.planner import LIMITS_MS, measure, relieve, simulate


def test_the_simulated_network_gets_the_plan_that_it_is_made_for():
    plan = relieve(simulate(30, 100).looked())
    assert plan.after_pps["n0"] <= 1000


def test_every_limit_is_measured():
    assert LIMITS_MS.keys() <= measure(10, 20, rounds=1).keys()
