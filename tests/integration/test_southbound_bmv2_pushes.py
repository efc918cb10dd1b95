"""Pushes to BMv2: what it cannot take, what waits in it, and when it is wedged."""

import grpc
import pytest
from bmv2_peer import FakeBmv2
from southbound_tools import LIMIT_S, eventually, program

from controller.errors import NodeWedged, PipelineRejected

LEARN = "NodeIngress.firewall.learn"


@pytest.fixture
def switch():
    switch = FakeBmv2()
    switch.start()
    yield switch
    switch.stop()


@pytest.fixture
def driver(switch):
    """A primary driver of a node that runs the program with all functions."""
    driver = switch.driver()
    driver.load(program("guarded"))
    yield driver
    driver.stop()


@pytest.fixture
def successor(switch, driver):
    """A driver that a restarted controller makes, after the first saved a program."""
    driver.save(program("l2"))
    driver.stop()
    successor = switch.driver()
    yield successor
    successor.stop()


def test_saving_again_what_is_saved_succeeds_and_another_program_is_refused(switch, driver):
    driver.save(program("l2"))
    driver.save(program("l2"))
    with pytest.raises(PipelineRejected, match="program l2 waits for its commit"):
        driver.save(program("guarded"))
    driver.commit()
    assert switch.running == program("l2").cookie


def test_loading_while_a_saved_program_waits_succeeds(switch, driver):
    driver.save(program("l2"))
    driver.load(program("guarded"))
    assert switch.running == program("guarded").cookie
    assert not driver.pending


def test_what_an_earlier_session_saved_can_be_saved_again_and_committed(switch, successor):
    assert not successor.pending
    successor.save(program("l2"))
    assert successor.pending
    assert successor.schema.registers.get(LEARN) is None
    successor.commit()
    assert switch.running == program("l2").cookie


def test_what_an_earlier_session_saved_keeps_another_from_being_saved(successor):
    with pytest.raises(PipelineRejected, match="what an earlier session saved waits"):
        successor.save(program("guarded"))


def test_what_an_earlier_session_saved_makes_way_for_a_load(switch, successor):
    successor.load(program("guarded"))
    assert switch.running == program("guarded").cookie


def test_a_wedged_switch_is_told_as_such_and_its_broken_config_is_never_committed(switch, driver):
    switch.broken = True
    with pytest.raises(NodeWedged, match="restart the switch"):
        driver.load(program("l2"))
    switch.broken = False
    for push in (driver.load, driver.save):
        with pytest.raises(NodeWedged, match="stuck in the switch"):
            push(program("l2"))
    assert switch.waiting
    assert switch.running == program("guarded").cookie


def test_a_switch_that_another_controller_wedged_is_found_out(switch, driver):
    switch.waiting = True
    switch.thrift.standard.table_ids["NodeIngress.l2.dmac"] = 99
    with pytest.raises(NodeWedged):
        driver.load(program("l2"))
    assert switch.running == program("guarded").cookie


def test_a_wedged_switch_takes_programs_again_after_its_restart(switch, driver):
    switch.broken = True
    with pytest.raises(NodeWedged):
        driver.load(program("l2"))
    switch.stop()
    switch.start()
    assert eventually(lambda: not driver.schema.exists)
    driver.wait_ready(LIMIT_S)
    driver.load(program("l2"))


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ("Error when trying to assign device", "was the switch started with --device-id 1"),
        ("Error when importing p4info", "the node runs what it ran before"),
    ],
)
def test_a_push_that_never_reached_the_switch_does_not_count_as_wedging_it(
    switch, driver, answer, advice
):
    push = switch.node.faults.push
    switch.node.faults.push = lambda request, context: context.abort(
        grpc.StatusCode.UNKNOWN, answer
    )
    with pytest.raises(PipelineRejected, match=f"{answer}.*{advice}"):
        driver.load(program("l2"))
    switch.node.faults.push = push
    driver.load(program("l2"))
    assert switch.running == program("l2").cookie
