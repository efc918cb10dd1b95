"""Programs, entities, cells and packets of a node that answers right or wrong."""

from dataclasses import replace

import grpc
import pytest
from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from finsy.proto import p4r
from p4runtime_peer import FakeNode
from southbound_tools import LIMIT_S, OPTIONS, Listener, eventually, program

from controller.errors import (
    NodeFaulty,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    NotPrimary,
    PipelineRejected,
    RegisterError,
    WriteFailed,
)
from controller.southbound.driver import (
    CloneSession,
    CounterCell,
    NodeAddress,
    Replica,
    replicas_of,
)
from controller.southbound.factory import make_driver

CODE = {code.name: code.value[0] for code in grpc.StatusCode}
LEARN = "NodeIngress.firewall.learn"
CONNECTIONS = "NodeIngress.firewall.connections_3"


@pytest.fixture
def node():
    node = FakeNode()
    node.start()
    yield node
    node.stop()


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def driver(node, listener):
    """A primary driver of a node that runs the program with all functions."""
    driver = make_driver(NodeAddress("s1", 1, node.address, options=OPTIONS))
    driver.start(listener)
    driver.wait_ready(LIMIT_S)
    driver.load(program("guarded"))
    yield driver
    driver.stop()


def forward(address, port=1):
    return P4TableEntry(
        "NodeIngress.l2.dmac",
        match=P4TableMatch(dst_addr=address),
        action=P4TableAction("forward", port=port),
    )


def set_timeout(units):
    action = P4TableAction("set_idle_timeout", units=units)
    return P4TableEntry("timeout", is_default_action=True, action=action)


# Programs


def test_what_was_loaded_is_installed_with_its_cookie(driver):
    installed = driver.installed()
    assert installed.cookie == program("guarded").cookie
    assert installed.p4info == program("guarded").p4info
    assert installed.schema.registers[LEARN].size == 1


def test_from_save_on_calls_act_on_the_saved_program_and_commit_runs_it(node, driver):
    driver.save(program("l2"))
    assert driver.pending
    assert driver.schema.registers.get(LEARN) is None
    assert node.running.cookie.cookie == program("guarded").cookie
    driver.commit()
    assert not driver.pending
    assert node.running.cookie.cookie == program("l2").cookie


def test_a_saved_program_is_not_pending_any_more_after_the_node_lost_it(node, driver):
    driver.save(program("l2"))
    node.stop()
    node.start()
    assert eventually(lambda: not driver.pending)


def test_a_refused_push_says_so_and_leaves_the_driver_with_the_old_program(node, driver):
    node.faults.fail["SetForwardingPipelineConfig"] = (CODE["INVALID_ARGUMENT"], "bad config")
    with pytest.raises(PipelineRejected, match=r"s1: load of program l2: .*bad config") as caught:
        driver.load(program("l2"))
    assert caught.value.code == "INVALID_ARGUMENT"
    assert driver.schema.registers.get(LEARN) is not None


def test_committing_nothing_is_refused(driver):
    with pytest.raises(PipelineRejected, match="no saved config"):
        driver.commit()


def test_a_push_that_takes_too_long_ends_in_time(node):
    options = replace(OPTIONS, push_timeout_s=1.0)
    driver = make_driver(NodeAddress("s1", 1, node.address, options=options))
    driver.start(Listener())
    driver.wait_ready(LIMIT_S)
    node.faults.stall.add("SetForwardingPipelineConfig")
    with pytest.raises(NodeTimeout, match="load of program l2"):
        driver.load(program("l2"))
    driver.stop()


def test_a_node_whose_p4info_is_damaged_does_not_become_ready(node, driver):
    node.running.p4info.tables[0].action_refs[0].id = 1
    node.hang_up()
    with pytest.raises(NodeUnreachable, match="P4Info cannot be indexed"):
        assert eventually(lambda: "cannot be indexed" in driver._session._reason)
        driver.wait_ready(0.1)


# Writes and reads


def test_entries_are_written_and_read_back_under_their_full_names(driver):
    driver.write([+forward(10), +forward(11, 2), ~set_timeout(7)])
    entries = {str(entry.match): entry.action for entry in driver.table_entries()}
    assert entries == {
        "{'dst_addr': 10}": P4TableAction("NodeIngress.l2.forward", port=1),
        "{'dst_addr': 11}": P4TableAction("NodeIngress.l2.forward", port=2),
        "None": P4TableAction("NodeIngress.firewall.set_idle_timeout", units=7),
    }


def test_a_default_action_that_is_as_the_program_made_it_is_left_out(driver):
    initial = program("guarded").schema.tables["timeout"].pbuf.initial_default_action
    driver.write([~set_timeout(int.from_bytes(initial.arguments[0].value, "big"))])
    assert driver.table_entries() == []


def test_only_the_refused_updates_of_a_write_fail_each_with_its_own_status(driver):
    driver.write([+forward(1)])
    updates = [+forward(1), +forward(2), -forward(3), +P4TableEntry("nonsense")]
    with pytest.raises(WriteFailed) as caught:
        driver.write(updates)
    failures = caught.value.failures
    assert [failure.update for failure in failures] == [updates[0], updates[2], updates[3]]
    assert [f.code for f in failures] == ["ALREADY_EXISTS", "NOT_FOUND", "INVALID_ARGUMENT"]
    assert "nonsense" in failures[2].message
    assert len(driver.table_entries()) == 2


def test_long_writes_go_in_batches_and_a_refused_batch_does_not_stop_the_next(node, driver):
    node.faults.refuse = lambda update: (
        (CODE["RESOURCE_EXHAUSTED"], "table full")
        if update.entity.table_entry.match[0].exact.value == b"\x05"
        else None
    )
    count = 2 * OPTIONS.write_batch + 10
    with pytest.raises(WriteFailed, match="RESOURCE_EXHAUSTED: table full") as caught:
        driver.write(+forward(i) for i in range(count))
    assert [len(write.updates) for write in node.writes] == [OPTIONS.write_batch] * 2 + [10]
    assert caught.value.only("RESOURCE_EXHAUSTED")
    assert len(driver.table_entries()) == count - 1


def test_a_whole_batch_of_failures_fits_the_trailer(node, driver):
    node.faults.refuse = lambda update: (CODE["INTERNAL"], "x" * 100)
    with pytest.raises(WriteFailed) as caught:
        driver.write(+forward(i) for i in range(OPTIONS.write_batch))
    assert len(caught.value.failures) == OPTIONS.write_batch
    assert {failure.message for failure in caught.value.failures} == {"x" * 100}


@pytest.mark.parametrize("lie", [{"lose_details": True}, {"extra_details": 3}])
def test_a_refusal_without_fitting_statuses_counts_for_the_whole_batch(node, driver, lie):
    node.faults.refuse = lambda update: (CODE["INTERNAL"], "odd")
    for name, value in lie.items():
        setattr(node.faults, name, value)
    with pytest.raises(WriteFailed) as caught:
        driver.write([+forward(1), +forward(2)])
    assert [failure.code for failure in caught.value.failures] == ["UNKNOWN", "UNKNOWN"]


def test_a_write_after_another_controller_took_over_is_refused_as_such(node, driver):
    node.faults.fail["Write"] = (CODE["PERMISSION_DENIED"], "Not primary")
    with pytest.raises(NotPrimary, match="s1: write of 1 updates: Not primary"):
        driver.write([+forward(1)])


def test_a_node_that_vanishes_during_a_write_is_unreachable(node, driver):
    node.faults.fail["Write"] = (CODE["UNAVAILABLE"], "going down")
    with pytest.raises(NodeUnreachable, match="going down"):
        driver.write([+forward(1)])


def test_a_refused_read_names_what_was_asked(node, driver):
    node.faults.fail["Read"] = (CODE["INTERNAL"], "out of sync")
    with pytest.raises(NodeRefused, match="s1: read of all tables: INTERNAL: out of sync"):
        driver.table_entries()


def test_entities_that_the_program_does_not_have_are_refused_with_their_name(node, driver):
    with pytest.raises(NodeRefused, match="nonsense"):
        driver.read([P4TableEntry("nonsense")])
    alien = p4r.Entity(table_entry=p4r.TableEntry(table_id=33554433))
    node.entities[b"alien"] = alien
    with pytest.raises(NodeFaulty, match="what its program does not have"):
        driver.read([P4TableEntry()])


# Registers and counters


def test_registers_are_written_filled_and_read(driver):
    driver.fill_registers(CONNECTIONS, 0, 4096, 9)
    driver.write_registers(CONNECTIONS, {0: 0, 7: (1 << 63) - 1})
    cells = driver.read_registers(CONNECTIONS, 0, 4096)
    assert cells == [0, *[9] * 6, (1 << 63) - 1, *[9] * 4088]
    assert driver.read_registers("connections_3", 6, 3) == [9, (1 << 63) - 1, 9]
    assert driver.read_registers(CONNECTIONS, 5, 0) == []


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        (lambda d: d.read_registers("nonsense", 0, 1), "no such register"),
        (lambda d: d.read_registers(LEARN, 0, 2), "cells 0 to 1 are not all in 0 to 0"),
        (lambda d: d.read_registers(LEARN, -1, 1), "not all in"),
        (lambda d: d.write_registers(LEARN, {1: 0}), "cell 1 is not in 0 to 0"),
        (lambda d: d.write_registers(LEARN, {0: 1 << 16}), "does not fit cell 0 of 16 bits"),
        (lambda d: d.write_registers(LEARN, {0: -1}), "does not fit"),
        (lambda d: d.read_counters("nonsense"), "no such counter"),
    ],
)
def test_accesses_to_cells_that_are_not_there_are_refused(node, driver, access, reason):
    with pytest.raises(RegisterError, match=reason):
        access(driver)
    assert node.writes == []


def test_a_refused_cell_is_a_register_error_with_the_nodes_words(node, driver):
    node.faults.refuse = lambda update: (CODE["OUT_OF_RANGE"], "no cell there")
    with pytest.raises(RegisterError, match="OUT_OF_RANGE: no cell there"):
        driver.write_registers(LEARN, {0: 1})


def test_a_node_that_leaves_out_cells_is_not_believed(node, driver, monkeypatch):
    whole = FakeNode._cells

    def some(self, kind, wanted):
        yield from list(whole(self, kind, wanted))[:-1]

    monkeypatch.setattr(FakeNode, "_cells", some)
    with pytest.raises(NodeFaulty, match="left out cell 4095"):
        driver.read_registers(CONNECTIONS, 0, 4096)
    with pytest.raises(NodeFaulty, match="15 of 16 cells"):
        driver.read_counters("handled")


def test_counters_are_set_and_read(driver):
    driver.write_counters("NodeIngress.firewall.handled", {3: CounterCell(5, 600)})
    cells = driver.read_counters("handled")
    assert len(cells) == 16
    assert cells[2:4] == [CounterCell(0, 0), CounterCell(5, 600)]


# Packet replication


def test_groups_are_made_changed_and_deleted_whatever_was_there(node, driver):
    driver.set_multicast_group(1, replicas_of([1, 2]))
    driver.set_multicast_group(1, [Replica(1), Replica(2, 7)])
    assert driver.multicast_groups() == {1: frozenset({Replica(1), Replica(2, 7)})}
    driver.delete_multicast_group(1)
    driver.delete_multicast_group(1)
    assert driver.multicast_groups() == {}


def test_a_group_that_is_right_already_is_not_written(node, driver):
    driver.set_multicast_group(1, replicas_of([1, 2]))
    writes = len(node.writes)
    driver.set_multicast_group(1, replicas_of([2, 1]))
    assert len(node.writes) == writes


def test_a_group_that_appeared_or_vanished_in_between_is_set_all_the_same(driver, monkeypatch):
    driver.set_multicast_group(1, replicas_of([1]))
    stale = {2: frozenset()}
    monkeypatch.setattr(driver._replication, "groups", lambda: stale)
    driver.set_multicast_group(1, replicas_of([3]))
    driver.set_multicast_group(2, replicas_of([4]))
    monkeypatch.undo()
    assert driver.multicast_groups() == {1: replicas_of([3]), 2: replicas_of([4])}


def test_clone_sessions_are_made_changed_and_deleted(driver):
    session = CloneSession(replicas_of([3]), packet_length_bytes=128)
    driver.set_clone_session(5, CloneSession(replicas_of([2])))
    driver.set_clone_session(5, session)
    assert driver.clone_sessions() == {5: session}
    driver.delete_clone_session(5)
    driver.delete_clone_session(5)
    assert driver.clone_sessions() == {}


# Packets, digests, clock


def test_packets_out_carry_their_metadata(node, driver):
    driver.packet_out(b"frame", egress_port=3)
    assert eventually(lambda: len(node.packets_out) == 1)
    sent = node.packets_out[0]
    assert sent.payload == b"frame"
    assert [field.value for field in sent.metadata] == [b"\x03", b"\0"]


def test_a_packet_out_with_unknown_metadata_is_refused(driver):
    with pytest.raises(NodeRefused, match=r"packet-out: .*colour"):
        driver.packet_out(b"frame", colour=3)


def test_packets_in_reach_the_listener_with_their_metadata(node, driver, listener):
    node.packet_in(b"frame", port=4, timestamp_us=77)
    packet = listener.packets.get(timeout=LIMIT_S)
    assert packet.payload == b"frame"
    assert packet.metadata == {"ingress_port": 4, "timestamp": 77, "reason": 0}


def test_a_listener_that_fails_does_not_stop_the_news(node, driver, listener, monkeypatch, caplog):
    def fail(name, packet):
        monkeypatch.undo()
        raise KeyError("oops")

    monkeypatch.setattr(listener, "on_packet_in", fail)
    node.packet_in(b"first", 1, 0)
    node.packet_in(b"second", 1, 0)
    assert listener.packets.get(timeout=LIMIT_S).payload == b"second"
    assert "the listener failed" in caplog.text


def test_messages_that_cannot_be_read_are_logged_and_do_no_harm(node, driver, listener, caplog):
    odd = p4r.StreamMessageResponse(packet=p4r.PacketIn(payload=b"odd"))
    odd.packet.metadata.add(metadata_id=99, value=b"\1")
    node.send(odd)
    node.send(p4r.StreamMessageResponse(error=p4r.StreamError(message="no such port")))
    node.packet_in(b"good", 1, 0)
    assert listener.packets.get(timeout=LIMIT_S).payload == b"good"
    assert "cannot read a message (packet)" in caplog.text
    assert "no such port" in caplog.text


def test_digests_reach_the_listener_and_are_acknowledged(node, driver, listener):
    digest = node.running.p4info.digests.add(preamble={"name": "seen", "alias": "seen"})
    digest.preamble.id = 0x17000001
    digest.type_spec.bitstring.bit.bitwidth = 16
    node.hang_up()
    assert eventually(lambda: driver.schema.digests.get("seen") is not None)
    driver.wait_ready(LIMIT_S)
    message = p4r.StreamMessageResponse()
    message.digest.digest_id = 0x17000001
    message.digest.list_id = 4
    message.digest.data.add(bitstring=b"\x07")
    node.send(message)
    assert list(listener.digests.get(timeout=LIMIT_S)) == [7]
    assert eventually(lambda: len(node.acks) == 1)
    assert (node.acks[0].digest_id, node.acks[0].list_id) == (0x17000001, 4)


def test_the_clock_is_read_by_echoes_that_the_listener_does_not_see(driver, listener):
    reading = driver.clock()
    assert abs(reading.node_us * 1000 - reading.host_ns) <= (reading.error_us + 1) * 1000
    assert reading.error_us < 500_000
    assert listener.packets.empty()


def test_lost_echoes_are_made_up_for_by_others(node, driver):
    node.faults.drop_echoes = 2
    assert driver.clock().error_us < 500_000


def test_a_node_that_loses_every_echo_has_no_clock(node, driver):
    node.faults.drop_echoes = 1000
    with pytest.raises(NodeTimeout, match="s1: clock reading: none of 7 echoed packets"):
        driver.clock()


def test_a_program_without_an_echo_has_no_clock(node, driver):
    del node.running.p4info.controller_packet_metadata[0].metadata[1]
    node.hang_up()
    assert eventually(
        lambda: len(driver.schema.controller_packet_metadata["packet_in"].metadata) == 2
    )
    driver.wait_ready(LIMIT_S)
    with pytest.raises(NodeRefused, match="packet_in header has no timestamp"):
        driver.clock()
