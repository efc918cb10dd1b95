"""The same driver interface on real switches of each kind: nothing above can tell them apart."""

import random
import time

import pytest
from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from southbound_tools import LIMIT_S, Listener, eventually, program
from switch_processes import CPU_PORT, KINDS, copies_before_the_last, running

from controller.errors import NodeUnreachable, RegisterError, WriteFailed
from controller.southbound.driver import CounterCell, NodeState, Replica, replicas_of
from controller.southbound.factory import make_driver
from controller.state.port_counters import read_port_counters

CONNECTIONS = "NodeIngress.firewall.connections_3"
FLOOD = 1
FRAME = bytes.fromhex("ffffffffffff 020000000001 88b5") + bytes(46)


@pytest.fixture(scope="module", params=KINDS)
def switch(request):
    with running(request.param) as switch:
        yield switch


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def driver(switch, listener):
    """A primary driver, with the program of all functions loaded afresh."""
    driver = make_driver(switch.address())
    driver.start(listener)
    driver.wait_ready(LIMIT_S)
    driver.load(program("guarded"))
    yield driver
    for group in driver.multicast_groups():
        driver.delete_multicast_group(group)
    driver.stop()


def forward(address, port=1):
    return P4TableEntry(
        "NodeIngress.l2.dmac",
        match=P4TableMatch(dst_addr=address),
        action=P4TableAction("NodeIngress.l2.forward", port=port),
    )


def copies_of_a_flooded_packet(driver, listener):
    """Flood a packet and count the copies that come back through the CPU port."""
    driver.packet_out(FRAME, mode=FLOOD)
    return copies_before_the_last(driver, listener)


def test_the_pipeline_is_known_by_its_cookie_also_to_a_later_driver(switch, driver):
    assert driver.installed().cookie == program("guarded").cookie
    later = make_driver(switch.address())
    later.start(Listener())
    later.wait_ready(LIMIT_S)
    assert later.installed().cookie == program("guarded").cookie
    assert later.schema.tables["acl"].name == "NodeIngress.firewall.acl"
    later.stop()


def test_entries_and_defaults_are_written_and_read_back(driver):
    acl = P4TableEntry(
        "acl",
        match=P4TableMatch(protocol="6/&0xff", dst_port=(80, 0xFFFF)),
        priority=7,
        action=P4TableAction("deny"),
    )
    units = P4TableEntry(
        "timeout", is_default_action=True, action=P4TableAction("set_idle_timeout", units=9)
    )
    driver.write([+forward(10), +forward(11, 2), +acl, ~units])
    found = {(e.table_id, str(e.match)): e for e in driver.table_entries()}
    assert len(found) == 4
    assert found["NodeIngress.l2.dmac", "{'dst_addr': 11}"].action.args == {"port": 2}
    rule = next(e for e in found.values() if e.table_id == "NodeIngress.firewall.acl")
    assert rule.match == {"protocol": (6, 255), "dst_port": (80, 65535)}
    assert (rule.priority, rule.action.name) == (7, "NodeIngress.firewall.deny")
    assert found["NodeIngress.firewall.timeout", "None"].action.args == {"units": 9}


def test_what_was_read_from_one_program_can_be_written_to_the_next(driver):
    driver.write([+forward(10), +forward(11, 2)])
    entries = driver.table_entries()
    driver.load(program("l2"))
    assert driver.table_entries() == []
    driver.write([+entry for entry in entries])
    assert sorted(str(e.match) for e in driver.table_entries()) == sorted(
        str(e.match) for e in entries
    )


def test_only_refused_updates_of_a_long_write_fail(driver):
    driver.write([+forward(5)])
    with pytest.raises(WriteFailed) as caught:
        driver.write(+forward(i) for i in range(1200))
    assert [failure.code for failure in caught.value.failures] == ["ALREADY_EXISTS"]
    assert len(driver.table_entries()) == 1200


def test_direct_counters_are_read_and_carried_with_the_entries(driver):
    entry = P4TableEntry(
        "acl",
        match=P4TableMatch(protocol="6/&0xff"),
        priority=7,
        action=P4TableAction("deny"),
    )
    driver.write([+entry])
    (found,) = driver.table_entries(counters=True)
    assert found.counter_data.packet_count == 0
    assert driver.table_entries()[0].counter_data is None


def test_registers_of_full_width_survive_a_round_trip(driver):
    cells = {i: random.randrange(1 << 63) for i in range(4096)}
    driver.write_registers(CONNECTIONS, cells)
    assert driver.read_registers(CONNECTIONS, 0, 4096) == list(cells.values())
    assert driver.read_registers("connections_3", 100, 30) == list(cells.values())[100:130]
    driver.fill_registers(CONNECTIONS, 1, 4094, 0)
    assert driver.read_registers(CONNECTIONS, 0, 4096) == [cells[0], *[0] * 4094, cells[4095]]
    driver.fill_registers(CONNECTIONS, 0, 4096, 7)
    assert driver.read_registers(CONNECTIONS, 0, 4096) == [7] * 4096
    assert driver.read_registers("connections_4", 0, 4096) == [0] * 4096


def test_a_control_word_is_one_cell(driver):
    driver.write_registers("learn", {0: 0xFFFF})
    driver.write_registers("enforce", {0: 0x00F0})
    assert driver.read_registers("NodeIngress.firewall.learn", 0, 1) == [0xFFFF]
    assert driver.read_registers("NodeIngress.firewall.enforce", 0, 1) == [0x00F0]


def test_cells_that_are_not_there_are_refused(driver):
    with pytest.raises(RegisterError, match="not all in 0 to 4095"):
        driver.read_registers(CONNECTIONS, 4000, 97)


def test_counters_are_set_and_read(driver):
    driver.write_counters("handled", {3: CounterCell(5, 600), 15: CounterCell(1, 64)})
    cells = driver.read_counters("NodeIngress.firewall.handled")
    assert len(cells) == 16
    assert (cells[3], cells[15]) == (CounterCell(5, 600), CounterCell(1, 64))
    assert sum(cell.packets for cell in cells) == 6


def test_cells_of_several_counters_are_read_at_once(driver):
    driver.write_counters("handled", {3: CounterCell(5, 600)})
    ports = read_port_counters(driver.schema, "guarded")
    driver.write_counters(ports.tx, {2: CounterCell(7, 800)})
    cells = driver.read_counter_cells({"handled": None, ports.rx: [1, 2], ports.tx: [2]})
    assert len(cells["handled"]) == 16
    assert cells["handled"][3] == CounterCell(5, 600)
    assert set(cells[ports.rx]) == {1, 2}
    assert cells[ports.tx] == {2: CounterCell(7, 800)}
    with pytest.raises(RegisterError, match="handled"):
        driver.read_counter_cells({"handled": [3, 99]})


def test_from_save_on_calls_act_on_the_saved_program_and_packets_still_run_the_old(
    driver, listener
):
    driver.set_multicast_group(1, [Replica(CPU_PORT)])
    driver.write_registers("learn", {0: 7})
    driver.save(program("l2"))
    assert driver.pending
    assert driver.table_entries() == []
    driver.write([+forward(10)])
    assert copies_of_a_flooded_packet(driver, listener) == 1
    driver.commit()
    assert not driver.pending
    assert driver.installed().cookie == program("l2").cookie
    assert [e.action.args for e in driver.table_entries()] == [{"port": 1}]


def test_loads_neither_lose_nor_double_a_multicast_group(driver, listener):
    driver.set_multicast_group(1, [Replica(CPU_PORT)])
    assert copies_of_a_flooded_packet(driver, listener) == 1
    for name in ("l2", "guarded", "l2"):
        driver.load(program(name))
        assert driver.multicast_groups() == {1: replicas_of([CPU_PORT])}
        driver.set_multicast_group(1, [Replica(CPU_PORT)])
        assert copies_of_a_flooded_packet(driver, listener) == 1


def test_a_group_is_changed_to_exactly_what_is_asked(driver):
    for replicas in (
        replicas_of([1, 2, 3]),
        replicas_of([3, 4]),
        frozenset({Replica(1), Replica(1, 7), Replica(2, 7)}),
        frozenset(),
    ):
        driver.set_multicast_group(9, replicas)
        assert driver.multicast_groups() == {9: replicas}
    driver.delete_multicast_group(9)
    assert driver.multicast_groups() == {}


def test_packets_out_come_back_as_packets_in(driver, listener):
    driver.packet_out(FRAME, egress_port=CPU_PORT, mode=0)
    packet = listener.packets.get(timeout=LIMIT_S)
    assert packet.payload == FRAME
    assert packet.metadata["reason"] == 0


def test_the_clock_goes_as_fast_as_this_hosts(driver):
    first = driver.clock()
    time.sleep(0.2)
    second = driver.clock()
    drift_us = second.node_us - first.at(second.host_ns)
    assert abs(drift_us) <= first.error_us + second.error_us + 2


def test_a_switch_that_dies_is_noticed_and_found_again(switch, driver, listener):
    switch.stop()
    assert eventually(lambda: driver.state is NodeState.DOWN)
    with pytest.raises(NodeUnreachable):
        driver.multicast_groups()
    switch.start()
    driver.wait_ready(LIMIT_S)
    assert driver.installed() is None
    driver.load(program("guarded"))
    assert listener.states[0][0] is NodeState.PRIMARY


def test_of_two_drivers_the_later_is_primary_and_the_first_takes_over_again(switch, driver):
    later = make_driver(switch.address())
    later.start(Listener())
    later.wait_ready(LIMIT_S)
    assert eventually(lambda: driver.state is NodeState.BACKUP)
    later.stop()
    driver.wait_ready(LIMIT_S)
    driver.write_registers("learn", {0: 1})
