"""What the BMv2 driver calls for registers, groups, clone sessions, queues and the clock."""

import dataclasses
import threading
from dataclasses import replace

import pytest
from bmv2_peer import OPTIONS, FakeBmv2
from southbound_tools import LIMIT_S, Listener, eventually, program

from controller.errors import (
    NodeFaulty,
    NodeRefused,
    NodeUnreachable,
    NotPrimary,
    RegisterError,
)
from controller.southbound.driver import (
    CloneSession,
    NodeState,
    Replica,
    replicas_of,
)
from controller.southbound.factory import make_driver

CONNECTIONS = "NodeIngress.firewall.connections_3"
LEARN = "NodeIngress.firewall.learn"


@pytest.fixture
def switch():
    switch = FakeBmv2()
    switch.start()
    yield switch
    switch.stop()


@pytest.fixture
def thrift(switch):
    return switch.thrift


@pytest.fixture
def driver(switch):
    """A primary driver of a node that runs the program with all functions."""
    driver = switch.driver()
    driver.load(program("guarded"))
    yield driver
    driver.stop()


def test_only_the_primary_deepens_queues_and_writes_though_thrift_would_let_others(switch, driver):
    backup = make_driver(dataclasses.replace(switch.address(), election_id=1))
    backup.start(Listener())
    assert eventually(lambda: backup.state is NodeState.BACKUP)
    assert backup.read_registers(LEARN, 0, 1) == [0]
    assert backup.multicast_groups() == {}
    assert backup.clock().error_us < 500_000
    for write in (
        lambda: backup.write_registers(LEARN, {0: 1}),
        lambda: backup.fill_registers(LEARN, 0, 1, 1),
        lambda: backup.set_multicast_group(1, []),
        lambda: backup.delete_multicast_group(1),
        lambda: backup.set_clone_session(1, CloneSession(replicas_of([1]))),
        lambda: backup.delete_clone_session(1),
    ):
        with pytest.raises(NotPrimary, match="another controller is primary"):
            write()
    assert switch.thrift.switch.depths == [OPTIONS.egress_queue_depth]
    assert switch.thrift.engine.history == []
    backup.stop()


def test_egress_queues_are_deepened_before_the_node_counts_as_ready(driver, thrift):
    assert thrift.switch.depths == [OPTIONS.egress_queue_depth]


def test_a_node_without_its_thrift_server_is_not_ready_until_it_has_it(switch, driver, thrift):
    thrift.stop()
    switch.node.hang_up()
    assert eventually(lambda: driver.state is NodeState.DOWN)
    assert eventually(lambda: "Thrift" in driver._session._reason)
    with pytest.raises(NodeUnreachable, match="Thrift"):
        driver.wait_ready(0.1)
    thrift.start()
    driver.wait_ready(LIMIT_S)


# Registers


def test_a_small_array_is_read_by_one_call_and_a_few_cells_by_themselves(driver, thrift):
    thrift.standard.registers[CONNECTIONS][:3] = [7, 8, 9]
    assert driver.read_registers(CONNECTIONS, 0, 4096)[:3] == [7, 8, 9]
    assert driver.read_registers(CONNECTIONS, 1, 2) == [8, 9]
    assert thrift.standard.calls == [
        ("read_all", CONNECTIONS),
        ("read", CONNECTIONS, 1),
        ("read", CONNECTIONS, 2),
    ]


def test_a_large_array_is_read_cell_by_cell(switch, driver, thrift):
    driver.stop()
    driver = switch.driver(replace(OPTIONS, array_read_limit=1000))
    thrift.standard.registers[CONNECTIONS][999] = 5
    assert driver.read_registers(CONNECTIONS, 900, 200)[99] == 5
    assert {call[0] for call in thrift.standard.calls} == {"read"}
    driver.stop()


def test_whole_arrays_are_read_with_pauses_whoever_reads(driver, thrift):
    readers = [
        threading.Thread(target=driver.read_registers, args=(f"connections_{i}", 0, 4096))
        for i in range(4)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(LIMIT_S)
    gaps = [b - a for a, b in zip(thrift.standard.times, thrift.standard.times[1:], strict=False)]
    assert len(gaps) == 3
    assert min(gaps) >= OPTIONS.array_read_pause_s


def test_runs_of_equal_values_are_written_as_ranges_and_never_by_a_reset(driver, thrift):
    driver.write_registers(CONNECTIONS, {0: 5, 1: 5, 2: 5, 9: 6})
    driver.fill_registers(CONNECTIONS, 10, 4086, 1)
    assert thrift.standard.calls == [
        ("write", CONNECTIONS, 9, 6),
        ("write_range", CONNECTIONS, 0, 3, 5),
        ("write_range", CONNECTIONS, 10, 4096, 1),
    ]


def test_nothing_is_called_for_no_cells(driver, thrift):
    driver.write_registers(CONNECTIONS, {})
    driver.fill_registers(CONNECTIONS, 0, 0, 1)
    assert driver.read_registers(CONNECTIONS, 0, 0) == []
    assert thrift.standard.calls == []


def test_values_that_thrift_cannot_carry_are_refused_before_any_call(driver, thrift, monkeypatch):
    register = driver.schema.registers[LEARN]
    monkeypatch.setattr(register.type_spec, "_bitwidth", 64)
    with pytest.raises(RegisterError, match="2\\^63 or more"):
        driver.write_registers(LEARN, {0: 1 << 63})
    with pytest.raises(RegisterError, match="2\\^63 or more"):
        driver.fill_registers(LEARN, 0, 1, 1 << 63)
    assert thrift.standard.calls == []


def test_a_saturated_value_is_an_error_not_a_number(driver, thrift, monkeypatch):
    register = driver.schema.registers[LEARN]
    monkeypatch.setattr(register.type_spec, "_bitwidth", 64)
    thrift.standard.registers[LEARN] = [1 << 63]
    with pytest.raises(RegisterError, match="cell 0 holds 2\\^63-1 or more"):
        driver.read_registers(LEARN, 0, 1)


def test_a_register_that_the_switch_does_not_have_is_an_error_with_its_words(driver, thrift):
    del thrift.standard.registers[LEARN]
    with pytest.raises(RegisterError, match=f"read of 1 cells of {LEARN}: invalid register name"):
        driver.read_registers(LEARN, 0, 1)


# Groups and clone sessions


def test_a_group_never_lacks_a_copy_while_it_is_changed(driver, thrift):
    driver.set_multicast_group(1, replicas_of([1, 2, 3]))
    thrift.engine.history.clear()
    driver.set_multicast_group(1, [Replica(1), Replica(3), Replica(4), Replica(2, 7)])
    assert all({(1, 0), (3, 0)} <= set(copies[1]) for copies in thrift.engine.history)
    assert thrift.engine.copies()[1] == [(1, 0), (2, 7), (3, 0), (4, 0)]


def test_a_group_that_is_right_is_left_alone_even_after_a_reload(driver, thrift):
    driver.set_multicast_group(1, replicas_of([1, 2]))
    driver.load(program("l2"))
    thrift.engine.history.clear()
    driver.set_multicast_group(1, replicas_of([1, 2]))
    assert thrift.engine.history == []
    assert driver.multicast_groups() == {1: replicas_of([1, 2])}


def test_copies_that_another_controller_doubled_are_made_single(driver, thrift):
    driver.set_multicast_group(1, replicas_of([1, 2]))
    handle = thrift.engine.bm_mc_node_create(0, 0, "110", "")
    thrift.engine.bm_mc_node_associate(0, 1, handle)
    assert thrift.engine.copies()[1] == [(1, 0), (1, 0), (2, 0), (2, 0)]
    driver.set_multicast_group(1, replicas_of([1, 2]))
    assert thrift.engine.copies()[1] == [(1, 0), (2, 0)]


def test_a_deleted_group_leaves_no_nodes_behind(driver, thrift):
    driver.set_multicast_group(1, [Replica(1), Replica(1, 4)])
    driver.delete_multicast_group(1)
    driver.delete_multicast_group(1)
    assert thrift.engine.groups == {}
    assert thrift.engine.nodes == {}


@pytest.mark.parametrize(
    ("group_id", "port", "reason"),
    [(1, 512, "port 512 is not in 0 to 511"), (0, 1, "ids 1 to"), (1 << 15, 1, "ids 1 to")],
)
def test_groups_that_the_switch_cannot_have_are_refused(driver, thrift, group_id, port, reason):
    with pytest.raises(NodeRefused, match=reason):
        driver.set_multicast_group(group_id, [Replica(port)])
    assert thrift.engine.history == []


@pytest.mark.parametrize("dump", ["", "[]", '{"mgrps": [], "l1_handles": []}'])
def test_a_dump_of_groups_that_cannot_be_read_is_told(driver, thrift, monkeypatch, dump):
    monkeypatch.setattr(thrift.engine, "bm_mc_get_entries", lambda _context: dump)
    with pytest.raises(NodeFaulty, match=r"b1: read of multicast groups: .* cannot be read"):
        driver.multicast_groups()


def test_clone_sessions_are_set_read_and_deleted_apart_from_groups(driver, thrift):
    session = CloneSession(replicas_of([3]))
    driver.set_clone_session(5, session)
    driver.set_clone_session(5, session)
    assert driver.clone_sessions() == {5: session}
    assert driver.multicast_groups() == {}
    assert thrift.switch.sessions[5].mgid == (1 << 15) + 5
    driver.delete_clone_session(5)
    driver.delete_clone_session(5)
    assert driver.clone_sessions() == {}
    assert thrift.engine.nodes == {}


def test_clones_that_the_switch_cannot_make_are_refused(driver):
    with pytest.raises(NodeRefused, match="neither class of service nor truncation"):
        driver.set_clone_session(5, CloneSession(replicas_of([3]), packet_length_bytes=64))


def test_the_clock_is_read_over_thrift(driver, thrift):
    reading = driver.clock()
    true_us = (reading.host_ns - thrift.switch.began_ns) // 1000
    assert abs(reading.node_us - true_us) <= reading.error_us + 1
