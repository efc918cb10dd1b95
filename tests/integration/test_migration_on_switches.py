"""Migrations between real switches of each kind: state, tables and words end where they should."""

import random

import pytest
from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from migration_pair import ALL, CELLS, INSIDE, OUTSIDE, PROGRAMS, Died, Pair
from switch_processes import KINDS

from controller.errors import PipelineRejected
from controller.migration.states import MigrationState
from controller.model.parts import Entry
from controller.scaling.checkpoints import Checkpoints
from controller.southbound.driver import replicas_of
from controller.state.checkpoint_store import CheckpointStore
from controller.state.entries import key_of
from controller.state.function_entries import FunctionEntries

DMAC = "NodeIngress.l2.dmac"


def forward(address, port):
    return Entry(DMAC, {"dst_addr": address}, "forward", {"port": port}, at="test")


def zone(port, action):
    return Entry("NodeIngress.firewall.zone", {"ingress_port": port}, action, {}, at="test")


OWN = (forward(0x0A, 1), forward(0x0B, 2), zone(OUTSIDE, "set_outside"), zone(INSIDE, "set_inside"))
ACL = Entry(
    "NodeIngress.firewall.acl", {"src_addr": "::ffff:10.0.0.66"}, "allow", {}, priority=9, at="t"
)
ENTRIES = {"s1": (*OWN, ACL), "s2": OWN}


@pytest.fixture(scope="module", params=KINDS)
def switches(request):
    with Pair(request.param) as pair:
        yield pair


@pytest.fixture
def guarded(switches):
    """Both run all functions; the firewall is at s1."""
    switches.set_up(("guarded", "guarded"), ENTRIES)
    return switches


@pytest.fixture
def mixed(switches):
    """s1 runs the firewall, s2 none."""
    switches.set_up(("l2_firewall", "l2"), ENTRIES)
    return switches


def thousand_connections(seed=1):
    """Return connections spread over all slots, up to four in a bucket."""
    rng = random.Random(seed)
    return {
        slot: {index: rng.randrange(1, 2**31, 2) for index in rng.sample(range(CELLS), 63)}
        for slot in ALL
    }


def run_time_entry(address, port):
    return +P4TableEntry(
        DMAC,
        match=P4TableMatch(dst_addr=address),
        action=P4TableAction("NodeIngress.l2.forward", port=port),
    )


def rows(driver):
    """Return all entries of a node in comparable form."""
    return {key_of(entry): entry.action for entry in driver.table_entries()}


DENY = +P4TableEntry(
    "NodeIngress.firewall.acl",
    match=P4TableMatch(dst_port=(22, 0xFFFF)),
    action=P4TableAction("NodeIngress.firewall.deny"),
    priority=7,
)


def access_list(pair, name):
    """Return the firewall's access list at a node."""
    return pair.drivers[name].table_entries(["NodeIngress.firewall.acl"])


@pytest.mark.parametrize("method", ["pm", "pr"])
def test_a_thousand_connections_arrive_with_their_age(switches, method):
    programs = ("guarded", "guarded") if method == "pm" else ("l2_firewall", "l2")
    switches.set_up(programs, ENTRIES)
    switches.put_connections("s1", thousand_connections())
    before = switches.connections("s1")
    record = switches.move("s1", "s2", method=method)
    assert record.state is MigrationState.FINISHED, record.reason
    assert record.cells_moved == len(before) == 16 * 63
    after = switches.connections("s2")
    assert after.keys() == before.keys()
    seconds = record.duration_ms / 1000 + 10
    assert all(-2 <= after[key] - before[key] <= seconds / 0.065 for key in before)
    assert switches.placement() == {"s2": ALL}
    if method == "pm":
        assert switches.connections("s1") == {}


def test_packets_meet_the_firewall_where_the_words_say(guarded):
    guarded.send("s1", INSIDE, (11, 10))
    guarded.send("s2", INSIDE, (11, 10))
    for source, destination in (("s1", "s2"), ("s2", "s1")):
        assert guarded.move(source, destination).state is MigrationState.FINISHED
        dropped = {name: guarded.dropped(name) for name in ("s1", "s2")}
        for name in ("s1", "s2"):
            guarded.send(name, OUTSIDE, (10, 11))
            guarded.send(name, OUTSIDE, (12, 11))
        assert guarded.dropped(destination) == dropped[destination] + 1, "only the stranger"
        assert guarded.dropped(source) == dropped[source], "no longer in charge"


def test_some_slots_move_and_the_others_stay(guarded):
    some = frozenset(range(8))
    guarded.put_connections("s1", thousand_connections())
    before = guarded.connections("s1")
    assert guarded.move("s1", "s2", slots=some).state is MigrationState.FINISHED
    assert guarded.placement() == {"s1": ALL - some, "s2": some}
    assert guarded.connections("s2").keys() == {key for key in before if key[0] in some}
    assert guarded.connections("s1").keys() == {key for key in before if key[0] not in some}
    assert guarded.move("s1", "s2").state is MigrationState.FINISHED
    assert guarded.connections("s2").keys() == before.keys()


def test_access_lists_go_with_the_function(guarded):
    lists = {k for k in rows(guarded.drivers["s1"]) if k[0] == "NodeIngress.firewall.acl"}
    (entry,) = [e for e in guarded.drivers["s2"].table_entries() if key_of(e) in lists]
    guarded.drivers["s2"].write([-entry])
    assert guarded.move("s1", "s2").state is MigrationState.FINISHED
    assert lists <= rows(guarded.drivers["s2"]).keys()


def test_a_reload_keeps_everything_else(mixed):
    for driver in mixed.drivers.values():
        flood = P4TableAction("NodeIngress.l2.flood", group=2)
        driver.write(
            [run_time_entry(0x1234, 2), ~P4TableEntry(DMAC, action=flood, is_default_action=True)]
        )
        driver.set_multicast_group(2, replicas_of((1,)))
    before = {name: rows(driver) for name, driver in mixed.drivers.items()}
    record = mixed.move("s1", "s2")
    assert (record.state, record.method) == (MigrationState.FINISHED, "pr")
    after = {name: rows(driver) for name, driver in mixed.drivers.items()}
    l2 = {name: {k: v for k, v in found.items() if k[0] == DMAC} for name, found in before.items()}
    assert len(l2["s1"]) == len(l2["s2"]) == 4
    assert after["s1"] == l2["s1"]
    assert {k: v for k, v in after["s2"].items() if k[0] == DMAC} == l2["s2"]
    assert {k: v for k, v in after["s2"].items() if k[0] != DMAC} == {
        k: v for k, v in before["s1"].items() if k[0] != DMAC
    }
    for driver in mixed.drivers.values():
        assert driver.multicast_groups() == {1: replicas_of((1, 2)), 2: replicas_of((1,))}
        driver.delete_multicast_group(2)
    installed = {name: driver.installed().cookie for name, driver in mixed.drivers.items()}
    assert installed == {"s1": PROGRAMS["l2"].cookie, "s2": PROGRAMS["l2_firewall"].cookie}


def test_a_dead_nodes_connections_and_entries_are_taken_over_by_one_that_is_reloaded(mixed):
    mixed.put_connections("s1", thousand_connections())
    mixed.drivers["s1"].write([-entry for entry in access_list(mixed, "s1")])
    mixed.drivers["s1"].write([DENY])
    mixed.drivers["s2"].write([run_time_entry(0x1234, 2)])
    before, wanted = mixed.connections("s1"), access_list(mixed, "s1")
    held = rows(mixed.drivers["s2"])
    store, manager = CheckpointStore(":memory:"), mixed.manager
    parts = (manager, mixed.drivers, manager.hold, manager.placement, store, lambda: 1.0)
    assert Checkpoints(*parts).take("s1") == len(ALL)
    mixed.drivers["s1"].stop()
    try:
        kept = {slot: store.get("firewall", slot) for slot in ALL}
        entries = store.entries("firewall", "s1")
        again = FunctionEntries.from_bytes("firewall", "s1", entries.to_bytes())
        manager.takeover.take("firewall", ALL, "s1", "s2", kept, again)
        after = mixed.connections("s2")
        assert mixed.drivers["s2"].installed().cookie == PROGRAMS["l2_firewall"].cookie
        assert after.keys() == before.keys()
        assert all(-2 <= after[key] - before[key] <= 10 / 0.065 for key in before)
        assert access_list(mixed, "s2") == wanted != []
        assert held.items() <= rows(mixed.drivers["s2"]).items()
        assert mixed.placement() == {"s2": ALL}
    finally:
        mixed.disconnect()
        mixed.connect()


@pytest.mark.parametrize("call", ["save", "write", "commit"])
def test_a_reload_that_was_interrupted_is_taken_back_with_all_that_the_node_held(mixed, call):
    mixed.drivers["s2"].write([run_time_entry(0x4321, 1)])
    before = rows(mixed.drivers["s2"])
    with pytest.raises(Died), mixed.dying_at("s2", call):
        mixed.move("s1", "s2")
    mixed.disconnect()
    mixed.connect()
    (record,) = mixed.start_manager()
    assert record.state is MigrationState.UNDONE, record.reason
    assert rows(mixed.drivers["s2"]) == before
    assert mixed.drivers["s2"].installed().cookie == PROGRAMS["l2"].cookie
    assert mixed.placement() == {"s1": ALL}
    with pytest.raises(PipelineRejected):
        mixed.drivers["s2"].commit()
    assert mixed.move("s1", "s2").state is MigrationState.FINISHED


@pytest.mark.parametrize("method", ["pm", "pr"])
def test_the_papers_sequence_moves_a_snapshot(switches, method):
    programs = ("guarded", "guarded") if method == "pm" else ("l2_firewall", "l2")
    switches.set_up(programs, ENTRIES)
    switches.put_connections("s1", thousand_connections(2))
    before = switches.connections("s1")
    record = switches.move("s1", "s2", method=method, mode="paper")
    assert record.state is MigrationState.FINISHED, record.reason
    assert switches.connections("s2").keys() == before.keys()
    assert switches.placement() == {"s2": ALL}


def test_a_manager_that_starts_anew_disturbs_nothing(guarded):
    guarded.put_connections("s1", thousand_connections(3))
    guarded.move("s1", "s2")
    before = guarded.connections("s2").keys()
    assert guarded.start_manager() == []
    assert guarded.placement() == {"s2": ALL}
    assert guarded.connections("s2").keys() == before
