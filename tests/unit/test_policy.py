"""The policy file: read strictly, checked against what there is, changed at run time."""

import pytest
from networks import line

from controller.errors import ConfigError
from controller.planning.policy import Policy

WHOLE = """
functions:
  firewall:
    between: [outside, inside]
    on_failure: open
    nodes: [s1, s2]
    pinned: {0-3: s1, 7: s2}
    apart_from: [nat]
nodes:
  s1: {high_pps: 8000, low_pps: 3000}
defaults: {capacity_pps: 20000, high_pps: 9000}
scaling: {hold_s: 0.5}
checkpoint_interval_s: 1.5
"""


def read(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return Policy.read(path)


def test_a_whole_policy_is_read(tmp_path):
    policy = read(tmp_path, WHOLE)
    firewall = policy.function("firewall")
    assert firewall.between == ("outside", "inside")
    assert firewall.on_failure == "open"
    assert firewall.nodes == {"s1", "s2"}
    assert dict(firewall.pinned) == dict.fromkeys(range(4), "s1") | {7: "s2"}
    assert firewall.apart_from == {"nat"}
    assert policy.checkpoint_interval_s == 1.5


def test_a_nodes_own_limits_go_before_the_defaults(tmp_path):
    policy = read(tmp_path, WHOLE)
    own, other = policy.thresholds("s1"), policy.thresholds("s9")
    assert (own.high_pps, own.low_pps, own.capacity_pps, own.hold_s) == (8000, 3000, 20000, 0.5)
    assert (other.high_pps, other.low_pps, other.cool_down_s) == (9000, None, 5.0)


def test_an_empty_policy_wants_nothing(tmp_path):
    policy = read(tmp_path, "{}")
    assert policy == Policy()
    assert policy.thresholds("s1").high_pps is None
    assert policy.function("firewall").on_failure == "closed"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("functions: {fw: {beween: [a, b]}}", "functions.fw.beween: this key is unknown"),
        ("functions: {fw: {between: [a]}}", "must name two zones"),
        ("functions: {fw: {on_failure: ajar}}", "these would do: closed, open"),
        ("functions: {fw: {pinned: {0-x: s1}}}", "no slot"),
        ("functions: {fw: {pinned: {0-3: s1, 2: s2}}}", "slots 2 are pinned already"),
        ("functions: {fw: {apart_from: [fw]}}", "apart from itself"),
        ("functions: {fw: {nodes: []}}", "functions.fw.nodes: must name a node"),
        ("nodes: {s1: {high_pps: fast}}", "nodes.s1.high_pps: must be a number"),
        ("nodes: {s1: {high_pps: 5, low_pps: 5}}", "low_pps 5 must be below high_pps 5"),
        ("defaults: {low_pps: 5}", "needs a high_pps"),
        ("defaults: {high_pps: 5, capacity_pps: 4}", "must not be above capacity_pps 4"),
        ("scaling: {hold_s: -1}", "scaling.hold_s: must be a number from 0 on"),
        ("checkpoint_interval_s: true", "must be a number"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path, text, told):
    with pytest.raises(ConfigError, match=r"policy\.yaml") as refused:
        read(tmp_path, text)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nodes: {s9: {}}", "nodes: s9 is no node; these would do: s1, s2"),
        ("functions: {nat: {}}", "functions: nat is no function; these would do: firewall"),
        ("functions: {firewall: {nodes: [s9]}}", "firewall.nodes: s9 is no node"),
        ("functions: {firewall: {pinned: {0: s9}}}", "firewall.pinned: s9 is no node"),
        ("functions: {firewall: {apart_from: [nat]}}", "nat is no function"),
        ("functions: {firewall: {between: [in, out]}}", "in is no zone of a host"),
    ],
)
def test_what_does_not_exist_is_refused(tmp_path, text, told):
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text).check(line({"s1": "p", "s2": "p"}), ["firewall"])
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "functions: {firewall: {nodes: [s2], pinned: {0-3: s1}}}",
            "firewall.pinned: s1 is no node that may have it; these would do: s2",
        ),
        (
            "functions: {firewall: {pinned: {0: s1}, apart_from: [nat]}, nat: {pinned: {8: s1}}}",
            "firewall.apart_from: nat and firewall are both pinned to s1",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, text, told):
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text).check(line({"s1": "p", "s2": "p"}), ["firewall", "nat"])
    assert told in str(refused.value)


def test_limits_that_are_put_in_count_as_if_the_file_had_them(tmp_path):
    written = read(tmp_path, "{defaults: {high_pps: 90, low_pps: 5}, nodes: {s1: {low_pps: 10}}}")
    policy = read(tmp_path, "defaults: {high_pps: 100}")
    policy = policy.with_limits("s1", {"low_pps": 10.0})
    policy = policy.with_limits(None, {"high_pps": 90.0, "low_pps": 5.0})
    assert policy == written
    assert (policy.thresholds("s1").high_pps, policy.thresholds("s1").low_pps) == (90, 10)


def test_limits_that_contradict_each_other_are_found_wherever_they_are():
    policy = Policy().with_limits(None, {"high_pps": 100.0}).with_limits("s1", {"low_pps": 50.0})
    assert policy.contradiction() is None
    assert policy.with_limits(None, {"high_pps": 40.0}).contradiction() == (
        "s1",
        "low_pps 50 must be below high_pps 40",
    )
    assert policy.with_limits(None, {"low_pps": 100.0}).contradiction()[0] is None
