"""Sessions with a node that comes and goes, stalls, and has other controllers."""

import threading
from dataclasses import replace

import grpc
import pytest
from p4runtime_peer import FakeNode
from southbound_tools import LIMIT_S, OPTIONS, Listener, eventually, program

from controller.errors import NodeTimeout, NodeUnreachable, NotPrimary
from controller.southbound.driver import NodeAddress, NodeState
from controller.southbound.factory import make_driver

DOWN, BACKUP, PRIMARY = NodeState.DOWN, NodeState.BACKUP, NodeState.PRIMARY


@pytest.fixture
def node():
    node = FakeNode()
    node.start()
    yield node
    node.stop()


@pytest.fixture
def drivers(node):
    """Make started drivers of the node, and stop them at the end."""
    made = []

    def start(listener=None, options=OPTIONS, **changes):
        address = NodeAddress("s1", 1, node.address, options=options, **changes)
        driver = make_driver(address)
        driver.start(listener or Listener())
        made.append(driver)
        return driver

    yield start
    for driver in made:
        driver.stop()


def states(listener):
    return [state for state, _ in listener.states]


def test_a_driver_becomes_primary_and_tells_so(drivers):
    listener = Listener()
    driver = drivers(listener)
    driver.wait_ready(LIMIT_S)
    assert driver.state is PRIMARY
    assert listener.states[0][0] is PRIMARY
    assert "primary with election id" in listener.states[0][1]


def test_start_returns_at_once_and_waiting_for_an_absent_node_names_the_cause(node, drivers):
    node.stop()
    listener = Listener()
    driver = drivers(listener)
    assert eventually(lambda: listener.heard("refused"))
    with pytest.raises(NodeUnreachable, match=r"s1: ready within 0.1 s: .*refused"):
        driver.wait_ready(0.1)
    driver.stop()
    node.start()


def test_a_node_that_starts_late_is_found(node, drivers):
    node.stop()
    listener = Listener()
    driver = drivers(listener)
    assert eventually(lambda: listener.heard("refused"))
    node.start()
    driver.wait_ready(LIMIT_S)


def test_a_broken_stream_is_reported_and_mended(node, drivers):
    listener = Listener()
    drivers(listener).wait_ready(LIMIT_S)
    node.hang_up()
    assert eventually(lambda: states(listener) == [PRIMARY, DOWN, PRIMARY])


def test_a_restarted_node_is_asked_again_for_its_program(node, drivers):
    listener = Listener()
    driver = drivers(listener)
    driver.wait_ready(LIMIT_S)
    driver.load(program("l2"))
    assert driver.schema.tables.get("dmac") is not None
    node.stop()
    assert eventually(lambda: driver.state is DOWN)
    node.start()
    driver.wait_ready(LIMIT_S)
    assert driver.installed() is None
    assert not driver.schema.exists


def test_a_fresh_driver_knows_the_program_that_the_node_runs(node, drivers):
    first = drivers()
    first.wait_ready(LIMIT_S)
    first.load(program("l2"))
    first.stop()
    second = drivers()
    second.wait_ready(LIMIT_S)
    assert second.installed().cookie == program("l2").cookie
    assert second.schema.tables.get("NodeIngress.l2.dmac") is not None


def test_a_node_that_stops_answering_is_given_up(node, drivers):
    listener = Listener()
    driver = drivers(listener, replace(OPTIONS, keepalive_s=0.1, call_timeout_s=1.0))
    driver.wait_ready(LIMIT_S)
    node.faults.stall.add("Capabilities")
    assert eventually(lambda: listener.heard("no answer in time"))
    node.release()
    driver.wait_ready(LIMIT_S)


def test_a_node_that_never_answers_on_arbitration_is_given_up(node, drivers):
    node.faults.stall.add("StreamChannel")
    listener = Listener()
    driver = drivers(listener, replace(OPTIONS, connect_timeout_s=1.0))
    assert eventually(lambda: listener.heard("no answer in time"))
    with pytest.raises(NodeUnreachable, match="no answer in time"):
        driver.wait_ready(0.1)
    node.release()
    driver.wait_ready(LIMIT_S)


def test_a_quiet_node_that_answers_probes_is_kept(node, drivers):
    listener = Listener()
    drivers(listener, replace(OPTIONS, keepalive_s=0.1)).wait_ready(LIMIT_S)
    assert eventually(lambda: node.calls.count("Capabilities") >= 3)
    assert states(listener) == [PRIMARY]


def test_a_node_without_capabilities_is_kept_all_the_same(node, drivers):
    listener = Listener()
    node.faults.fail["Capabilities"] = (grpc.StatusCode.UNIMPLEMENTED.value[0], "no such call")
    drivers(listener, replace(OPTIONS, keepalive_s=0.1)).wait_ready(LIMIT_S)
    assert eventually(lambda: node.calls.count("Capabilities") >= 3)
    assert states(listener) == [PRIMARY]


def test_a_driver_that_starts_later_wins_and_the_first_can_read_but_not_write(drivers):
    listener = Listener()
    first = drivers(listener)
    first.wait_ready(LIMIT_S)
    first.load(program("l2"))
    second = drivers()
    second.wait_ready(LIMIT_S)
    assert eventually(lambda: first.state is BACKUP)
    assert "another controller is primary" in listener.states[-1][1]
    assert first.multicast_groups() == {}
    with pytest.raises(NotPrimary, match="s1: set of multicast group 1: another controller"):
        first.set_multicast_group(1, [])
    with pytest.raises(NotPrimary):
        first.wait_ready(0.1)


def test_a_backup_takes_over_when_the_primary_is_gone(drivers):
    first = drivers()
    first.wait_ready(LIMIT_S)
    second = drivers()
    second.wait_ready(LIMIT_S)
    second.stop()
    first.wait_ready(LIMIT_S)
    first.load(program("l2"))


def test_a_lower_configured_election_id_stays_backup(drivers):
    high = drivers(election_id=20)
    high.wait_ready(LIMIT_S)
    low = drivers(election_id=10)
    assert eventually(lambda: low.state is BACKUP)
    assert high.state is PRIMARY


def test_a_taken_derived_election_id_is_raised(node, drivers, monkeypatch):
    monkeypatch.setattr("controller.southbound.arbitration.derived_election_id", lambda: 7)
    first = drivers()
    first.wait_ready(LIMIT_S)
    second = drivers()
    second.wait_ready(LIMIT_S)
    assert eventually(lambda: first.state is BACKUP)
    assert max(node.streams) > 7


def test_a_taken_configured_election_id_is_tried_until_it_is_free(node, drivers):
    first = drivers(election_id=5)
    first.wait_ready(LIMIT_S)
    listener = Listener()
    second = drivers(listener, election_id=5)
    assert eventually(lambda: "already exists: trying again" in str(listener.states))
    assert list(node.streams) == [5]
    first.stop()
    second.wait_ready(LIMIT_S)


def test_a_call_that_gets_no_answer_ends_in_time(node, drivers):
    first = drivers()
    first.wait_ready(LIMIT_S)
    first.load(program("l2"))
    driver = drivers(options=replace(OPTIONS, call_timeout_s=1.0))
    driver.wait_ready(LIMIT_S)
    node.faults.stall.add("Read")
    with pytest.raises(NodeTimeout, match="s1: read of multicast groups: no answer in time"):
        driver.multicast_groups()


def test_stopping_ends_all_threads_and_fails_calls_under_way(node, drivers):
    driver = drivers()
    driver.wait_ready(LIMIT_S)
    driver.load(program("l2"))
    node.faults.stall.add("Read")
    failures = []

    def read():
        try:
            driver.multicast_groups()
        except NodeUnreachable as exc:
            failures.append(exc)

    reader = threading.Thread(target=read)
    reader.start()
    assert eventually(lambda: "Read" in node.calls)
    driver.stop()
    reader.join(LIMIT_S)
    assert len(failures) == 1
    assert not [t for t in threading.enumerate() if t.name.startswith("s1-")]
    with pytest.raises(NodeUnreachable, match="stopped"):
        driver.multicast_groups()


def test_stopping_twice_and_before_starting_does_no_harm(node):
    driver = make_driver(NodeAddress("s1", 1, node.address, options=OPTIONS))
    driver.stop()
    driver.start(Listener())
    driver.stop()
    driver.stop()


def test_a_node_that_always_says_there_is_no_primary_is_given_up(node, monkeypatch):
    def no_primary():
        for stream in list(node.streams.values()):
            stream.send_arbitration(1, grpc.StatusCode.NOT_FOUND.value[0])

    monkeypatch.setattr(node, "announce", no_primary)
    listener = Listener()
    driver = make_driver(NodeAddress("s1", 1, node.address, options=OPTIONS))
    driver.start(listener)
    assert eventually(lambda: "no primary after 8 tries" in str(listener.states))
    driver.stop()
