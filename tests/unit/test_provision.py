"""Bringing nodes to what they are meant to be: as little as possible, and never open."""

import random
from dataclasses import replace

import pytest
from migration_lab import ALL, ENTRIES, Lab, forward
from model_world import ProcessDied, nothing

from controller.errors import NodeError, NodeRefused
from controller.migration.journal import SqliteJournal
from controller.migration.journal_rows import Intent
from controller.southbound.driver import replicas_of
from controller.state.entries import described
from controller.state.words import manifest_of, turn_on


@pytest.fixture
def lab():
    return Lab(random.Random(1), traffic=0)


def actions(lab):
    """Note what is changed at any node from here on."""
    noted = []

    def note(node, asked):
        if "write" in asked or asked in ("set group", "commit") or "save" in asked:
            noted.append((node.name, asked))

    lab.world.fault = note
    return noted


def forget(lab):
    """Begin with an empty journal, as after its loss."""
    lab.journal.close()
    lab.journal = SqliteJournal(":memory:")


def restart_node(lab, name):
    lab.node(name).power_off()
    lab.node(name).power_on()
    return lab.manager.node_back(name)


def test_an_empty_node_gets_everything(lab):
    s1 = lab.node("s1")
    assert s1.running.program.name == "gated"
    assert len(s1.running.entries) == len(ENTRIES["s1"])
    assert s1.groups == {1: replicas_of((1, 2))}
    assert lab.placement() == {"s1": ALL}


def test_a_restarted_node_forwards_nothing_before_it_enforces(lab):
    s1 = lab.node("s1")
    words = []

    def watch(node, asked):
        if asked == "commit":
            words.append(node.saved.registers["in.gate.enforce"][0])
            assert len(node.saved.entries) == len(ENTRIES["s1"])

    lab.world.fault = watch
    report = restart_node(lab, "s1")
    assert words == [3]
    assert (report.pushed, report.turned_on) == ("gated", {"gate": ALL})
    assert s1.running.registers["in.gate.learn"][0] == 3


def test_a_node_that_is_right_is_left_alone(lab):
    noted = actions(lab)
    report = lab.manager.node_back("s1")
    assert noted == []
    assert str(report) == "s1: program was there"


def test_only_what_differs_is_written(lab):
    s1 = lab.node("s1")
    dmac = [key for key in s1.running.entries if key[0] == "in.l2.dmac"]
    del s1.running.entries[dmac[0]]
    s1.running.entries[dmac[1]].action.args["port"] = 9
    s1.groups = {7: replicas_of((1,))}
    noted = actions(lab)
    report = lab.manager.node_back("s1")
    assert noted == [("s1", "set group"), ("s1", "write"), ("s1", "write")]
    assert (report.entries, report.groups, report.pushed) == (2, (1,), None)
    assert s1.running.entries[dmac[1]].action.args == {"port": 2}
    assert s1.groups == {1: replicas_of((1, 2)), 7: replicas_of((1,))}


def test_entries_that_somebody_else_put_there_stay(lab):
    s1 = lab.node("s1")
    theirs = lab.manager._catalog.entries(lab.network, "s1", "gated")[0]
    theirs.match = {"dst_addr": 12345}
    s1.running.entries[("theirs",)] = theirs
    lab.manager.node_back("s1")
    assert theirs in s1.running.entries.values()


def test_what_forwarding_wants_comes_with_a_program_and_not_to_a_node_that_has_one(lab):
    def keeps(node, schema):
        return tuple(described([forward(77, 2)], schema))

    lab.manager.keep(keeps)
    noted = actions(lab)
    lab.manager.node_back("s1")
    assert noted == []
    before_commit = []

    def watch(node, asked):
        if asked == "commit":
            before_commit.append((len(node.saved.entries), dict(node.groups)))

    lab.world.fault = watch
    restart_node(lab, "s1")
    assert before_commit == [(len(ENTRIES["s1"]) + 1, {1: replicas_of((1, 2))})]


def test_what_a_node_enforces_is_adopted_when_the_journal_is_gone(lab):
    lab.move()
    forget(lab)
    noted = actions(lab)
    lab.restart()
    assert noted == []
    assert lab.placement() == {"s2": ALL}
    assert lab.journal.intent().placement["gate"] == {0: "s2", 1: "s2"}


def test_a_slot_is_not_placed_where_described_while_another_node_may_have_it(lab):
    lab.move()
    forget(lab)
    lab.manager = lab.new_manager()
    lab.manager.node_back("s1")
    assert lab.placement() == {"s2": ALL}
    lab.manager.node_back("s2")
    assert lab.placement() == {"s2": ALL}


def test_a_slot_that_nobody_has_is_placed_when_everybody_was_heard(lab):
    lab.node("s1").running.registers["in.gate.enforce"][0] = 0
    forget(lab)
    lab.manager = lab.new_manager()
    lab.manager.node_back("s1")
    assert lab.placement() == {}
    lab.manager.node_back("s2")
    assert lab.placement() == {"s1": ALL}


def test_a_slot_that_nobody_has_is_placed_when_the_start_up_is_over(lab):
    lab.node("s1").running.registers["in.gate.enforce"][0] = 0
    lab.node("s2").connected = False
    forget(lab)
    lab.manager = lab.new_manager()
    lab.manager.node_back("s1")
    assert lab.placement() == {}
    lab.manager.recover()
    assert lab.placement() == {"s1": ALL}


def test_a_word_that_somebody_cleared_is_set_again(lab):
    lab.node("s1").running.registers["in.gate.enforce"][0] = 1
    assert lab.manager.node_back("s1").turned_on == {"gate": {1}}
    assert lab.placement() == {"s1": ALL}


def test_no_slot_is_taken_from_a_node_that_enforces_it(lab):
    s2 = lab.node("s2")
    turn_on(s2, manifest_of(s2, "gate").enforce, {0})
    lab.manager.node_back("s2")
    assert lab.placement() == {"s1": ALL, "s2": {0}}


def test_after_a_move_the_journal_wins_over_the_description():
    lab = Lab(random.Random(1), ("gated", "plain"), traffic=0)
    lab.move()
    for name in ("s1", "s2"):
        restart_node(lab, name)
    assert [lab.program(name).name for name in ("s1", "s2")] == ["plain", "gated"]
    assert lab.placement() == {"s2": ALL}


def test_a_described_program_that_enforces_is_kept_instead_of_the_one_described():
    lab = Lab(random.Random(1), ("gated", "plain"), traffic=0)
    lab.move()
    forget(lab)
    lab.restart()
    assert lab.program("s2").name == "gated"
    assert lab.placement() == {"s2": ALL}
    assert lab.journal.intent().programs["s2"] == "gated"


def test_another_program_that_enforces_nothing_is_replaced_and_what_fits_is_kept(lab):
    s2 = lab.node("s2")
    s2.running.registers["in.l2.seen"][1] = 7
    nodes = dict(lab.network.nodes)
    nodes["s2"] = replace(nodes["s2"], program="plain")
    lab.network = replace(lab.network, nodes=nodes)
    forget(lab)
    lab.restart()
    assert lab.program("s2").name == "plain"
    assert s2.running.registers["in.l2.seen"][1] == 7
    assert len(s2.running.entries) == 2


def test_an_undescribed_program_that_enforces_is_not_replaced(lab):
    s1 = lab.node("s1")
    s1.running.program = replace(s1.running.program, cookie=0x1267)
    with pytest.raises(NodeRefused) as error:
        lab.manager.node_back("s1")
    told = "runs another program (cookie 0x1267), which enforces gate, slots 0-1 (name that program"
    assert told in str(error.value)
    assert not s1.pending


@pytest.mark.parametrize("moment", ["save gated", "write", "write in.gate.enforce", "commit"])
def test_a_push_that_was_interrupted_is_completed_by_the_next_process(lab, moment):
    s2 = lab.node("s2")
    s2.power_off()
    s2.power_on()

    def die(node, asked):
        if asked == moment:
            raise ProcessDied

    lab.world.fault = die
    if moment == "write in.gate.enforce":
        lab.journal.intend(Intent({"gate": {0: "s2", 1: "s2"}}))
    with pytest.raises(ProcessDied):
        lab.manager.node_back("s2")
    assert s2.running is None
    lab.world.fault = nothing
    lab.restart()
    assert lab.program("s2").name == "gated"
    assert len(s2.running.entries) == 6
    assert lab.journal.pushes() == {}


def test_a_commit_whose_answer_was_lost_with_the_process_is_not_repeated(lab):
    s2 = lab.node("s2")
    s2.power_off()
    s2.power_on()

    def die(node, asked):
        if asked == "commit":
            raise ProcessDied

    lab.world.after = die
    with pytest.raises(ProcessDied):
        lab.manager.node_back("s2")
    lab.world.after = nothing
    pushes = s2.pushes
    lab.restart()
    assert (s2.pushes, s2.pending) == (pushes, False)
    assert lab.journal.pushes() == {}


def test_a_node_in_the_middle_of_a_move_is_left_alone_and_seen_to_afterwards(lab):
    s1 = lab.node("s1")
    reports = []

    def flap(*_):
        dmac = [key for key in s1.running.entries if key[0] == "in.l2.dmac"]
        del s1.running.entries[dmac[0]]
        reports.append(lab.manager.node_back("s1"))
        reports.append(len(s1.running.entries))

    lab.world.fault = lab.during_step("copy", flap)
    lab.move()
    assert reports[0].postponed
    assert str(reports[0]) == "s1: left as it is until its migration has ended"
    assert reports[1] == 5
    assert len(s1.running.entries) == 6


def test_a_node_is_seen_to_whose_migration_ends_while_it_is_found_busy(lab, monkeypatch):
    s1 = lab.node("s1")
    waiting = []
    monkeypatch.setattr(lab.manager._runner, "_spawn", lambda work, _name: waiting.append(work))
    lab.move()
    (dmac, *_) = (key for key in s1.running.entries if key[0] == "in.l2.dmac")
    del s1.running.entries[dmac]
    provision = lab.manager._steward.provision

    def and_then_it_ends(*args, **kwargs):
        report = provision(*args, **kwargs)
        while waiting:
            waiting.pop()()
        return report

    monkeypatch.setattr(lab.manager._steward, "provision", and_then_it_ends)
    assert not lab.manager.node_back("s1").postponed
    assert len(s1.running.entries) == 6


def test_a_node_that_cannot_be_reached_is_told(lab):
    lab.node("s1").connected = False
    with pytest.raises(NodeError, match="s1: installed: there is no connection"):
        lab.manager.node_back("s1")
