"""The whole switch with packets: what controllers write is what packets meet, and the way back."""

import time

import pytest
from finsy.proto import p4r
from p4rt import (
    Set,
    action,
    delete,
    everything_config,
    exact,
    insert,
    modify,
    p4_id,
    table_entry,
    ternary,
    wait_for,
)
from switch_process import links, running_switch, with_links
from thrift_clients import INGRESS, WITHOUT_PRIORITY, Thrift, exactly

from switch.thrift.idl import IDL

pytestmark = pytest.mark.system

HOST_1, HOST_2, HOST_3, HOST_4 = (bytes((2, 0, 0, 0, 0, n)) for n in (1, 2, 3, 4))
PAYLOAD = bytes(46)


@pytest.fixture(scope="module")
def made():
    with links(3) as made:
        yield made


@pytest.fixture(scope="module")
def controller(made):
    """The primary controller of a switch on three links."""
    with running_switch(*with_links(made), "--thrift", "127.0.0.1:0") as switch:
        controller = switch.primary()
        controller.thrift_port = int(switch.thrift.rpartition(":")[2])
        yield controller


@pytest.fixture
def rig(made, controller):
    """The same on a fresh everything.p4, without groups and sessions, with nothing on its way."""
    controller.set_config(Set.VERIFY_AND_COMMIT, everything_config())
    for kind in ("multicast_group_entry", "clone_session_entry"):
        wildcard = p4r.PacketReplicationEngineEntry()
        getattr(wildcard, kind).SetInParent()
        found = controller.read(p4r.Entity(packet_replication_engine_entry=wildcard))
        controller.write(*[p4r.Update(type=p4r.Update.DELETE, entity=entity) for entity in found])
    controller.ports = {port: link for port, (_, link) in made.items()}
    for link in controller.ports.values():
        while link.receive(0) is not None:
            pass
    controller.primary_stream.forget()
    return controller


def frame(destination, source=HOST_1, ether_type=0x1234):
    return destination + source + ether_type.to_bytes(2, "big") + PAYLOAD


def forward(destination, port):
    return table_entry("dmac", [exact(1, destination)], action("forward", bytes([port])))


def nothing_more_leaves(rig, port):
    """Let a frame that no test sends leave by a port: it is the next one there."""
    last = frame(HOST_4)
    rig.write(insert(table_entry=forward(HOST_4, port)))
    rig.ports[1].send(last)
    assert rig.ports[port].receive() == last
    rig.write(delete(table_entry=forward(HOST_4, port)))


def to_cpu(destination):
    return table_entry("dmac", [exact(1, destination)], action("to_cpu"))


def test_an_entry_forwards_packets_from_its_insertion_to_its_deletion(rig):
    rig.ports[1].send(frame(HOST_2))
    nothing_more_leaves(rig, 2)
    rig.write(insert(table_entry=forward(HOST_2, 2)))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == frame(HOST_2)
    rig.write(modify(table_entry=forward(HOST_2, 3)))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[3].receive() == frame(HOST_2)
    rig.write(delete(table_entry=forward(HOST_2, 3)))
    rig.ports[1].send(frame(HOST_2))
    nothing_more_leaves(rig, 3)


def test_a_changed_default_action_and_its_reset_meet_packets(rig):
    default = table_entry("dmac", [], action("forward", b"\x03"), is_default_action=True)
    rig.write(modify(table_entry=default))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[3].receive() == frame(HOST_2)
    rig.write(modify(table_entry=table_entry("dmac", is_default_action=True)))
    rig.ports[1].send(frame(HOST_2))
    nothing_more_leaves(rig, 3)


def test_what_thrift_writes_is_what_packets_meet(rig):
    thrift = Thrift(rig.thrift_port)
    key = [exactly(HOST_2)]
    thrift.mt_add_entry("dmac", key, INGRESS + "forward", [b"\x02"], WITHOUT_PRIORITY)
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == frame(HOST_2)
    pre = thrift.simple_pre_lag
    pre.bm_mc_mgrp_create(0, 4)
    pre.bm_mc_node_associate(0, 4, pre.bm_mc_node_create(0, 0, "1100", ""))
    thrift.mt_modify_entry("dmac", 0, INGRESS + "flood", [b"\x04"])
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == rig.ports[3].receive() == frame(HOST_2)
    thrift.mt_delete_entry("dmac", 0)
    thrift.simple_switch.mirroring_session_add(9, IDL.MirroringSessionConfig(mgid=4))
    key = [exactly(HOST_1)]
    thrift.mt_add_entry("smac", key, INGRESS + "mirror", [b"\x09"], WITHOUT_PRIORITY)
    rig.ports[1].send(frame(HOST_3))
    assert rig.ports[2].receive() == rig.ports[3].receive() == frame(HOST_3)
    thrift.close()


def test_the_entry_of_the_higher_priority_wins(rig):
    rig.write(insert(table_entry=forward(HOST_2, 2)))
    for priority, act in ((1, action("set_hop", b"\x01")), (2, action("drop"))):
        match = [exact(4, HOST_2), ternary(1, b"\x01", b"\xff")]
        rig.write(insert(table_entry=table_entry("acl", match, act, priority=priority)))
    rig.ports[1].send(frame(HOST_2))
    nothing_more_leaves(rig, 2)
    rig.write(delete(table_entry=table_entry("acl", match, priority=2)))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == frame(HOST_2)


def test_packets_are_counted_by_direct_and_indirect_counters_and_registers(rig):
    rig.write(insert(table_entry=forward(HOST_2, 2)))
    for _ in range(5):
        rig.ports[1].send(frame(HOST_2))
        assert rig.ports[2].receive() is not None
    request = forward(HOST_2, 2)
    request.counter_data.SetInParent()
    (entity,) = rig.read(p4r.Entity(table_entry=request))
    assert entity.table_entry.counter_data.packet_count == 5
    assert entity.table_entry.counter_data.byte_count == 5 * len(frame(HOST_2))
    index = p4r.Index(index=1)
    counter = p4r.CounterEntry(counter_id=p4_id("port_counter"), index=index)
    register = p4r.RegisterEntry(register_id=p4_id("totals"), index=index)
    counted, total = rig.read(
        p4r.Entity(counter_entry=counter), p4r.Entity(register_entry=register)
    )
    assert counted.counter_entry.data.packet_count == 5
    assert total.register_entry.data.bitstring == b"\x05"


def test_a_register_that_is_written_is_what_packets_find(rig):
    rig.write(insert(table_entry=forward(HOST_2, 2)))
    entry = p4r.RegisterEntry(register_id=p4_id("totals"), index=p4r.Index(index=1))
    entry.data.bitstring = b"\x01\x00"
    rig.write(modify(register_entry=entry))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() is not None
    (read,) = rig.read(p4r.Entity(register_entry=entry))
    assert read.register_entry.data.bitstring == b"\x01\x01"


def test_a_packet_in_carries_its_port_and_a_packet_out_leaves_by_the_port_it_names(rig):
    rig.write(insert(table_entry=to_cpu(HOST_2)))
    rig.ports[3].send(frame(HOST_2))
    packet = rig.primary_stream.next("packet")
    assert packet.payload == frame(HOST_2)
    assert packet.metadata[0].value == b"\x03"
    out = p4r.PacketOut(payload=frame(HOST_1))
    out.metadata.add(metadata_id=1, value=b"\x02")
    out.metadata.add(metadata_id=2, value=b"\x00")
    rig.primary_stream.send(packet=out)
    assert rig.ports[2].receive() == frame(HOST_1)


def test_packet_ins_and_outs_keep_their_order(rig):
    rig.write(insert(table_entry=to_cpu(HOST_2)))
    frames = [frame(HOST_2, ether_type=0x2000 + n) for n in range(100)]
    for sent in frames:
        rig.ports[1].send(sent)
    assert [rig.primary_stream.next("packet").payload for _ in frames] == frames
    for sent in frames:
        out = p4r.PacketOut(payload=sent)
        out.metadata.add(metadata_id=1, value=b"\x02")
        out.metadata.add(metadata_id=2, value=b"\x00")
        rig.primary_stream.send(packet=out)
    assert [rig.ports[2].receive() for _ in frames] == frames


def test_a_multicast_group_copies_to_its_replicas(rig):
    group = p4r.PacketReplicationEngineEntry()
    group.multicast_group_entry.multicast_group_id = 5
    for port in (2, 3):
        group.multicast_group_entry.replicas.add(port=bytes([port]), instance=1)
    rig.write(insert(packet_replication_engine_entry=group))
    rig.write(insert(table_entry=table_entry("dmac", [exact(1, HOST_2)], action("flood", b"\x05"))))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == rig.ports[3].receive() == frame(HOST_2)
    rig.write(delete(packet_replication_engine_entry=group))
    rig.ports[1].send(frame(HOST_2))
    nothing_more_leaves(rig, 2)


def test_a_clone_session_sends_a_truncated_copy_to_the_controller(rig):
    session = p4r.PacketReplicationEngineEntry()
    session.clone_session_entry.session_id = 9
    session.clone_session_entry.packet_length_bytes = 20
    session.clone_session_entry.replicas.add(port=b"\x01\xfe")
    mirror = table_entry("smac", [exact(1, HOST_1)], action("mirror", b"\x09"))
    rig.write(insert(packet_replication_engine_entry=session))
    rig.write(insert(table_entry=forward(HOST_2, 2)), insert(table_entry=mirror))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == frame(HOST_2)
    packet = rig.primary_stream.next("packet")
    assert frame(HOST_2).startswith(packet.payload)
    assert len(packet.payload) < len(frame(HOST_2))


def test_an_unknown_source_is_reported_as_a_digest(rig):
    rig.write(insert(digest_entry=p4r.DigestEntry(digest_id=p4_id("learn_t"))))
    rig.ports[2].send(frame(HOST_3, source=HOST_2))
    (data,) = rig.primary_stream.next("digest").data
    assert [m.bitstring for m in data.struct.members] == [HOST_2, b"\x02"]


def test_an_idle_entry_is_reported(rig):
    entry = table_entry("smac", [exact(1, HOST_1)], action("learn"), idle_timeout_ns=300_000_000)
    started = time.monotonic()
    rig.write(insert(table_entry=entry))
    (told,) = rig.primary_stream.next("idle_timeout_notification").table_entry
    assert told.match == entry.match
    assert time.monotonic() - started >= 0.3


def test_members_groups_and_one_shots_choose_the_action(rig):
    member = p4r.ActionProfileMember(
        action_profile_id=p4_id("hops"), member_id=1, action=action("forward", b"\x03")
    )
    rig.write(insert(action_profile_member=member))
    profiled = table_entry("profiled", [exact(1, b"\x12\x34")])
    profiled.action.action_profile_member_id = 1
    selected = table_entry("selected", [exact(1, b"\x56\x78")])
    for _ in range(2):
        selected.action.action_profile_action_set.action_profile_actions.add(
            action=action("forward", b"\x02"), weight=1
        )
    no_drop = table_entry("dmac", [], action("flood", b"\x00"), is_default_action=True)
    rig.write(
        insert(table_entry=profiled), insert(table_entry=selected), modify(table_entry=no_drop)
    )
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[3].receive() == frame(HOST_2)
    rig.ports[1].send(frame(HOST_2, ether_type=0x5678))
    assert rig.ports[2].receive() == frame(HOST_2, ether_type=0x5678)


def test_a_value_set_changes_what_the_parser_does(rig):
    rig.write(insert(table_entry=to_cpu(HOST_2)))
    special = p4r.ValueSetEntry(value_set_id=p4_id("special_types"))
    special.members.add().match.append(exact(1, b"\x12\x34"))
    default = table_entry("keyless", [], action("NoAction"), is_default_action=True)
    rig.write(modify(value_set_entry=special), modify(table_entry=default))
    for ether_type, reason in ((0x1234, b"\x01"), (0x1235, b"\x00")):
        rig.ports[1].send(frame(HOST_2, ether_type=ether_type))
        assert rig.primary_stream.next("packet").metadata[1].value == reason


def test_packets_run_the_old_program_until_the_commit_and_groups_survive_it(rig):
    group = p4r.PacketReplicationEngineEntry()
    group.multicast_group_entry.multicast_group_id = 5
    group.multicast_group_entry.replicas.add(port=b"\x03", instance=1)
    rig.write(insert(table_entry=forward(HOST_2, 2)), insert(packet_replication_engine_entry=group))
    rig.set_config(Set.VERIFY_AND_SAVE, everything_config())
    flood = table_entry("dmac", [exact(1, HOST_2)], action("flood", b"\x05"))
    rig.write(insert(table_entry=flood))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == frame(HOST_2)
    rig.set_config(Set.COMMIT)
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[3].receive() == frame(HOST_2)
    nothing_more_leaves(rig, 2)


def test_reconciling_keeps_entries_counters_and_registers(rig):
    rig.write(insert(table_entry=forward(HOST_2, 2)))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == frame(HOST_2)
    rig.set_config(Set.RECONCILE_AND_COMMIT, everything_config(cookie=3))
    rig.ports[1].send(frame(HOST_2))
    assert rig.ports[2].receive() == frame(HOST_2)
    register = p4r.RegisterEntry(register_id=p4_id("totals"), index=p4r.Index(index=1))
    direct = p4r.DirectCounterEntry(table_entry=forward(HOST_2, 2))
    total, counted = rig.read(
        p4r.Entity(register_entry=register), p4r.Entity(direct_counter_entry=direct)
    )
    assert total.register_entry.data.bitstring == b"\x02"
    assert counted.direct_counter_entry.data.packet_count == 2


def test_thousands_of_entries_are_written_in_batches_while_packets_pass(rig):
    rig.write(insert(table_entry=forward(HOST_2, 2)))
    updates = [
        insert(table_entry=forward((0x040000000000 + n).to_bytes(6, "big"), 3)) for n in range(4000)
    ]
    for start in range(0, len(updates), 500):
        rig.write(*updates[start : start + 500])
        rig.ports[1].send(frame(HOST_2))
    for _ in range(8):
        assert rig.ports[2].receive() == frame(HOST_2)
    last = (0x040000000000 + 3999).to_bytes(6, "big")
    rig.ports[1].send(frame(last))
    assert rig.ports[3].receive() == frame(last)
    table = p4r.Entity(table_entry=p4r.TableEntry(table_id=p4_id("dmac")))
    wait_for(lambda: len(rig.read(table)) == 4001)
