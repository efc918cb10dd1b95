"""Ports that say where packets come from: what is right, on small networks and against routes."""

from dataclasses import replace
from itertools import pairwise, product

from hypothesis import given, settings
from planner_lab import ALL, BETWEEN, diamond, zoned
from test_paths import networks, of

from controller.model.parts import Port
from controller.model.paths import slot_paths
from controller.planning.policy import Policy
from controller.planning.reach import Reach
from controller.state.port_labels import Labelling

POLICY = Policy(functions={"fw": BETWEEN})

DETOUR = zoned(
    of(
        [f"leaf{n}:{m} spine{m}:{n}" for n in (1, 2, 3) for m in (1, 2)],
        {"out": "leaf1:9", "in": "leaf2:9"},
    )
)
"Two spines; nobody is at leaf3, so what comes from there to a spine has no zone."
CUT = replace(DETOUR, links=(DETOUR.links[0], DETOUR.links[3], *DETOUR.links[4:]))
"From leaf1 to leaf2 by spine1, leaf3 and spine2."
SIDES = {
    "leaf1:9": "outside",
    "leaf1:1": "inside",
    "leaf1:2": "inside",
    "leaf2:9": "inside",
    "leaf2:1": "outside",
    "leaf2:2": "outside",
    "spine1:1": "outside",
    "spine1:2": "inside",
    "spine2:1": "outside",
    "spine2:2": "inside",
}


def label(side):
    return frozenset({("zone", f"set_{side}")})


def labelling(sides):
    """Return labels from ports as text to sides."""
    ports = {Port(node, int(n)): label(s) for p, s in sides.items() for node, n in [p.split(":")]}
    return Labelling(frozenset({"zone"}), ports)


def reach(net, sides=SIDES, before=None):
    return Reach(net, slot_paths(net), POLICY, {"fw": labelling(sides)}, before)


def test_nodes_whose_ports_say_what_is_right_may_have_slots():
    for slot in ALL:
        spine = slot_paths(DETOUR).way(slot, "leaf1", "leaf2")[1]
        assert reach(DETOUR).common("fw", slot) == {"leaf1", spine, "leaf2"}


def test_a_detour_that_comes_to_a_spine_by_a_port_without_zone_leaves_the_leaves():
    for slot in ALL:
        assert len(reach(CUT).passed("fw", slot)) == 5
        assert reach(CUT).common("fw", slot) == {"leaf1", "leaf2"}
    told = reach(CUT).misjudged("fw", 0, "spine2")
    assert told == (
        "spine2 would misjudge packets from hosts at leaf1: they come in at spine2:3, of which "
        "zone says nothing and not set_outside"
    )


def test_a_move_to_a_node_that_would_misjudge_is_refused_and_one_away_from_it_is_not():
    assert "would misjudge" in reach(CUT).obstacle("fw", ALL, "leaf1", "spine2")
    assert reach(CUT).obstacle("fw", ALL, "spine2", "leaf2") is None
    assert "spine2" in reach(CUT).nodes("fw", 0, "spine2")


def test_a_port_that_says_the_opposite_does_not_fit_either():
    swapped = SIDES | {"spine1:3": "outside", "spine2:3": "inside"}
    assert reach(CUT, swapped).common("fw", 0) == {"leaf1", "leaf2"}
    right = SIDES | {"spine1:3": "inside", "spine2:3": "outside"}
    assert reach(CUT, right).common("fw", 0) == {"leaf1", "spine1", "spine2", "leaf2"}


def test_where_a_hosts_own_port_has_no_label_its_zone_tells():
    far = replace(DETOUR.hosts["out"], name="other", attached=Port("leaf1", 8))
    net = replace(DETOUR, hosts={**DETOUR.hosts, "other": far})
    assert reach(net).misjudged("fw", 0, "spine1") == reach(net).misjudged("fw", 0, "spine2") == ""
    assert "other" in reach(net).misjudged("fw", 0, "leaf1")  # nothing is said of its port there
    elsewhere = replace(far, attached=Port("leaf3", 9))
    net = replace(DETOUR, hosts={**DETOUR.hosts, "other": elsewhere})
    spine = slot_paths(net).way(0, "leaf2", "leaf3")[1]
    swapped = SIDES | {f"{spine}:3": "inside"}
    assert "set_inside and not set_outside" in reach(net, swapped).misjudged("fw", 0, spine)
    right = SIDES | {f"{spine}:3": "outside"}
    assert reach(net, right).misjudged("fw", 0, spine) == ""


def test_a_host_of_which_nobody_says_anything_is_nobodys():
    stranger = replace(DETOUR.hosts["in"], name="x", attached=Port("leaf1", 7), zone=None)
    net = replace(DETOUR, hosts={**DETOUR.hosts, "x": stranger})
    assert reach(net).misjudged("fw", 0, "leaf1") == ""
    labelled = reach(net, SIDES | {"leaf1:7": "inside"})
    here = slot_paths(net).way(0, "leaf1", "leaf2")[1]
    assert "hosts at leaf1" in labelled.misjudged("fw", 0, here)  # both are behind one port of it


def test_functions_that_look_at_no_port_are_not_asked_for_any():
    net = diamond()
    assert Reach(net, slot_paths(net), POLICY).unsuited("fw", 0, "s1") == ""


@given(networks())
@settings(max_examples=60, deadline=None)
def test_packets_come_in_where_their_routes_and_broadcasts_do(net):
    paths, nodes = slot_paths(net), sorted(net.nodes)
    ones, others = nodes[: len(nodes) // 2 + 1], nodes[len(nodes) // 3 :]
    for slot in (0, 11):
        expected = {node: (set(), set()) for node in nodes}
        for a, b in product(ones, others):
            for way in (paths.way(slot, a, b), paths.flood_way(slot, a, b)):
                for before, node in pairwise(way):
                    expected[node][0].add((a, paths.port(slot, node, before)))
                for before, node in pairwise(way[::-1]):
                    expected[node][1].add((b, paths.port(slot, node, before)))
        for node in nodes:
            assert paths.arrivals(slot, node, ones, others) == expected[node]
