"""Whether source and destination of a move see the same packets."""

import pytest
from networks import line, network

from controller.planning.path import off_path


def check(description, source, destination):
    return off_path(description, source, destination)


def of(links, hosts):
    names = {end.split(":")[0] for link in links for end in link.split()}
    return network(dict.fromkeys(sorted(names), "p"), links, hosts)


LINE = line({"s1": "p", "s2": "p", "s3": "p"})
DIAMOND = of(["s1:2 s2:1", "s1:3 s3:1", "s2:2 s4:1", "s3:2 s4:2"], {"hA": "s1:1", "hB": "s4:3"})
TREE = of(["s1:1 s2:1", "s1:2 s3:1"], {"hA": "s2:2", "hB": "s3:2", "hC": "s1:3"})
STUB = of(["s1:2 s2:1", "s2:3 s9:1"], {"hA": "s1:1", "hB": "s2:2"})


@pytest.mark.parametrize(("source", "destination"), [("s1", "s2"), ("s3", "s1"), ("s2", "s3")])
def test_all_nodes_of_a_line_are_on_its_path(source, destination):
    assert check(LINE, source, destination) is None


def test_the_ends_of_a_diamond_see_the_same_packets():
    assert check(DIAMOND, "s1", "s4") is None


@pytest.mark.parametrize(("source", "destination"), [("s2", "s3"), ("s1", "s2"), ("s3", "s4")])
def test_a_branch_of_a_diamond_can_be_passed_by(source, destination):
    assert "can pass" in check(DIAMOND, source, destination)


def test_a_node_that_some_hosts_do_not_need_is_refused():
    told = check(TREE, "s1", "s2")
    assert told.startswith("packets between hB and hC can pass s1 without s2")


def test_a_dead_end_is_on_no_path():
    assert "can pass s2 without s9" in check(STUB, "s2", "s9")


def test_nodes_that_nothing_connects_are_refused():
    apart = of(["s1:1 s2:1", "s3:1 s4:1"], {})
    assert check(apart, "s1", "s3") == "no link leads from s1 to s3"


def test_without_hosts_linked_nodes_are_accepted():
    assert check(of(["s1:1 s2:1"], {}), "s1", "s2") is None


def test_a_host_forwards_nothing():
    bridged = of(["s1:2 s2:1"], {"hA": "s1:1", "hB": "s2:2", "hC": "s2:3"})
    assert check(bridged, "s1", "s2").startswith("packets between hB and hC")
