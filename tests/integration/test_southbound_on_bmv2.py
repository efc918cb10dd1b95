"""BMv2's quirks, on BMv2 itself: that they are as the driver takes them to be, and are handled."""

import dataclasses
import time

import pytest
from southbound_tools import LIMIT_S, Listener, eventually, program
from switch_processes import CPU_PORT, copies_before_the_last, running

from controller.errors import NodeWedged, PipelineRejected
from controller.southbound.driver import CloneSession, NodeState, Replica, replicas_of
from controller.southbound.factory import make_driver
from controller.southbound.p4runtime import P4RuntimeDriver

pytestmark = pytest.mark.bmv2

FLOOD = 1
FRAME = bytes.fromhex("ffffffffffff 020000000001 88b5") + bytes(46)


@pytest.fixture
def switch():
    with running("bmv2") as switch:
        yield switch


@pytest.fixture
def drive(switch):
    """Make primary drivers of the switch, and stop them at the end."""
    made = []

    def start(kind=make_driver, **changes):
        driver = kind(dataclasses.replace(switch.address(), **changes))
        driver.listener = Listener()
        driver.start(driver.listener)
        driver.wait_ready(LIMIT_S)
        made.append(driver)
        return driver

    yield start
    for driver in made:
        driver.stop()


@pytest.fixture
def driver(drive):
    driver = drive()
    driver.load(program("guarded"))
    return driver


def damaged(name, json):
    """Return a program whose check was got round."""
    return dataclasses.replace(program(name), json=json)


def copies_of_a_flooded_packet(driver):
    driver.packet_out(FRAME, mode=FLOOD)
    return copies_before_the_last(driver, driver.listener)


def test_saving_twice_succeeds_and_saving_another_program_is_refused(driver):
    driver.save(program("l2"))
    driver.save(program("l2"))
    with pytest.raises(PipelineRejected, match="program l2 waits for its commit"):
        driver.save(program("guarded"))
    driver.commit()
    with pytest.raises(PipelineRejected, match="second phase"):
        driver.commit()


def test_a_later_controller_takes_over_what_was_saved_and_commits_it(drive, driver):
    driver.save(program("l2"))
    driver.stop()
    later = drive()
    with pytest.raises(PipelineRejected, match="what an earlier session saved"):
        later.save(program("guarded"))
    later.save(program("l2"))
    later.commit()
    assert later.installed().cookie == program("l2").cookie


def test_a_load_succeeds_whatever_was_saved_before(drive, driver):
    driver.save(program("l2"))
    driver.load(program("guarded"))
    driver.save(program("l2"))
    driver.stop()
    later = drive()
    later.load(program("guarded"))
    assert later.installed().cookie == program("guarded").cookie
    later.write_registers("learn", {0: 3})


@pytest.mark.parametrize("json", [b"garbage", program("guarded").json[:5000]])
def test_a_wedged_switch_is_told_as_such_by_this_and_a_later_driver(drive, driver, json):
    with pytest.raises(NodeWedged, match="restart the switch"):
        driver.load(damaged("guarded", json))
    with pytest.raises(NodeWedged):
        driver.load(program("l2"))
    driver.stop()
    with pytest.raises(NodeWedged, match=r"first phase.*stuck in the switch"):
        drive().load(program("l2"))


def test_a_wedged_switch_works_again_after_its_restart(switch, driver):
    with pytest.raises(NodeWedged):
        driver.load(damaged("guarded", b"garbage"))
    switch.stop()
    assert eventually(lambda: driver.state is NodeState.DOWN)
    switch.start()
    driver.wait_ready(LIMIT_S)
    driver.load(program("l2"))


def test_a_wrong_device_id_is_told_with_the_option_to_look_at(drive):
    driver = drive(device_id=5)
    with pytest.raises(PipelineRejected, match="--device-id 5"):
        driver.load(program("l2"))


def test_groups_doubled_by_way_of_p4runtime_are_made_single(drive, driver):
    driver.stop()
    naive = drive(P4RuntimeDriver)
    for _ in range(2):
        naive.load(program("l2"))
        naive.set_multicast_group(1, [Replica(CPU_PORT)])
    assert copies_of_a_flooded_packet(naive) == 2
    naive.stop()
    driver = drive()
    driver.set_multicast_group(1, [Replica(CPU_PORT)])
    assert copies_of_a_flooded_packet(driver) == 1


def test_clone_sessions_outlive_a_load(driver):
    session = CloneSession(replicas_of([3, CPU_PORT]))
    driver.set_clone_session(5, session)
    driver.load(program("l2"))
    assert driver.clone_sessions() == {5: session}
    driver.set_clone_session(5, session)
    assert driver.clone_sessions() == {5: session}
    assert driver.multicast_groups() == {}
    driver.delete_clone_session(5)
    assert driver.clone_sessions() == {}


def test_thrift_and_echoed_packets_show_the_same_clock(driver):
    thrift, echo = driver.clock(), driver._packets.clock()
    apart_us = echo.node_us - thrift.at(echo.host_ns)
    assert abs(apart_us) <= thrift.error_us + echo.error_us + 2


def test_a_taken_configured_election_id_is_waited_for(switch, drive):
    first = drive(election_id=5)
    second = make_driver(dataclasses.replace(switch.address(), election_id=5))
    listener = Listener()
    second.start(listener)
    assert eventually(lambda: "already exists: trying again" in str(listener.states))
    first.stop()
    second.wait_ready(LIMIT_S)
    second.stop()


def test_reading_all_slots_takes_the_pauses_and_not_much_more(driver):
    began = time.monotonic()
    for slot in range(16):
        driver.read_registers(f"connections_{slot}", 0, 4096)
    assert 15 * 0.005 <= time.monotonic() - began < LIMIT_S
