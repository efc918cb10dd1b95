"""Streams over real gRPC: arbitration as controllers see it, packets, digests, time-outs."""

import threading
import time

import grpc
import pytest
from finsy.proto import U128, p4r, rpc_code, stratum
from p4rt import (
    CPU_PORT,
    DEVICE_ID,
    TIMEOUT_S,
    Set,
    action,
    delete,
    everything_config,
    exact,
    failure,
    insert,
    modify,
    p4_id,
    table_entry,
    wait_for,
)

from switch.dataplane.messages import Digest, EntryName
from switch.p4runtime import sessions


def dmac(address=b"\x0a"):
    return table_entry("dmac", [exact(1, address)], action("forward", b"\x01"))


def code(arbitration):
    return rpc_code.Code.Name(arbitration.status.code)


def error_code(error):
    return rpc_code.Code.Name(error.canonical_code)


def nothing_more_is_told(rig, primary):
    """Whether the next message is the packet-in that is told of now."""
    rig.notify(b"\x00\x80last")
    return primary.primary_stream.next("packet").payload == b"last"


# -- arbitration


def test_the_primary_is_told_ok_and_a_backup_already_exists(rig):
    one, two = rig.client().stream(), rig.client().stream()
    one.arbitrate(10)
    assert code(one.next("arbitration")) == "OK"
    two.arbitrate(9)
    told = two.next("arbitration")
    assert code(told) == "ALREADY_EXISTS"
    assert U128.decode(told.election_id) == 10
    assert one.is_quiet()


def test_a_backup_learns_that_the_primary_is_gone_and_takes_over(rig):
    one, two = rig.client(10), rig.client(11)
    first, second = one.stream(), two.stream()
    first.arbitrate(10)
    first.next("arbitration")
    second.arbitrate(9)
    second.next("arbitration")
    first.close()
    assert code(second.next("arbitration")) == "NOT_FOUND"
    second.arbitrate(11)
    assert code(second.next("arbitration")) == "OK"
    two.set_config(Set.VERIFY_AND_COMMIT, everything_config())


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ({"election_id": 1, "device_id": 8}, None, "NOT_FOUND"),
        ({"election_id": 1}, {"election_id": 2, "device_id": 8}, "FAILED_PRECONDITION"),
        ({"election_id": 1}, {"election_id": 2, "role": "x"}, "FAILED_PRECONDITION"),
        ({"election_id": 1, "config": p4r.Uint128()}, None, "INVALID_ARGUMENT"),
    ],
)
def test_a_wrong_arbitration_message_ends_the_stream(rig, first, second, status):
    stream = rig.client().stream()
    stream.arbitrate(**first)
    if second is not None:
        stream.next("arbitration")
        stream.arbitrate(**second)
    assert stream.wait_end().name == status


def test_an_election_id_in_use_ends_the_stream_with_words_that_clients_look_for(rig):
    one, two = rig.client().stream(), rig.client().stream()
    one.arbitrate(1)
    one.next("arbitration")
    two.arbitrate(1)
    assert two.wait_end().name == "INVALID_ARGUMENT"
    assert "election id 1 is already used" in two.message


def test_only_the_primary_may_write_and_push(rig, primary):
    other = rig.client(election_id=2)
    assert failure(other.write, insert(table_entry=dmac())).code.name == "PERMISSION_DENIED"
    assert failure(other.set_config, Set.COMMIT).code.name == "PERMISSION_DENIED"
    assert other.read(p4r.Entity(table_entry=dmac())) == []


def test_a_write_without_an_election_id_or_for_another_device_or_role_is_refused(rig, primary):
    request = p4r.WriteRequest(device_id=DEVICE_ID, updates=[insert(table_entry=dmac())])
    assert failure(primary.stub.Write, request).code.name == "PERMISSION_DENIED"
    request.device_id = 9
    assert failure(primary.stub.Write, request).code.name == "NOT_FOUND"
    request.device_id, request.role = DEVICE_ID, "nobody's"
    assert failure(primary.stub.Write, request).code.name == "NOT_FOUND"
    request.role, request.role_id = "", 3
    assert failure(primary.stub.Write, request).code.name == "INVALID_ARGUMENT"


def test_the_primarys_election_id_is_no_good_once_its_stream_has_ended(rig, primary):
    primary.primary_stream.close()
    wait_for(lambda: failure(primary.set_config, Set.COMMIT).code.name == "PERMISSION_DENIED")


def test_a_new_primary_waits_for_the_writes_of_the_former_one(rig, primary):
    started, go_on = threading.Event(), threading.Event()

    def hold():
        started.set()
        assert go_on.wait(TIMEOUT_S)

    rig.plane.before_write = hold
    entries = [insert(table_entry=dmac(bytes([n]))) for n in range(10, 200)]
    write = threading.Thread(target=primary.write, args=entries)
    write.start()
    assert started.wait(TIMEOUT_S)
    second = rig.client(2).stream()
    second.arbitrate(2)
    assert code(primary.primary_stream.next("arbitration")) == "ALREADY_EXISTS"
    assert failure(primary.write, insert(table_entry=dmac())).code.name == "PERMISSION_DENIED"
    assert second.has_none(0.2)
    go_on.set()
    assert code(second.next("arbitration")) == "OK"
    write.join(TIMEOUT_S)
    assert primary.read(p4r.Entity(table_entry=dmac()))


def test_a_stream_message_before_arbitration_is_refused_and_the_stream_goes_on(rig):
    stream = rig.client().stream()
    stream.send(packet=p4r.PacketOut(payload=b"x"))
    error = stream.next("error")
    assert error_code(error) == "PERMISSION_DENIED"
    assert error.packet_out.packet_out.payload == b"x"
    stream.send()
    assert error_code(stream.next("error")) == "INVALID_ARGUMENT"
    stream.arbitrate(1)
    assert code(stream.next("arbitration")) == "OK"


# -- roles


def packet_out(port=b"\x01", pad=b"\x00", payload=b"payload"):
    return p4r.PacketOut(
        payload=payload,
        metadata=[
            p4r.PacketMetadata(metadata_id=1, value=port),
            p4r.PacketMetadata(metadata_id=2, value=pad),
        ],
    )


def test_a_role_reads_and_writes_only_what_its_config_lists(rig, primary):
    primary.write(insert(table_entry=dmac()))
    limited = rig.client(1, role="limited")
    stream = limited.stream()
    config = stratum.P4RoleConfig(shared_p4_ids=[p4_id("smac"), p4_id("totals")])
    stream.arbitrate(1, "limited", config)
    assert code(stream.next("arbitration")) == "OK"
    smac = table_entry("smac", [exact(1, b"\x01")], action("learn"))
    assert limited.refused(insert(table_entry=dmac(b"\x0b")), insert(table_entry=smac)) == [
        "PERMISSION_DENIED",
        "OK",
    ]
    read = limited.read(p4r.Entity(table_entry=p4r.TableEntry()))
    assert {entity.table_entry.table_id for entity in read} == {p4_id("smac")}
    assert limited.read(p4r.Entity(table_entry=dmac())) == []
    pushed = failure(limited.set_config, Set.VERIFY_AND_COMMIT, everything_config())
    assert pushed.code.name == "PERMISSION_DENIED"


def test_a_role_gets_the_packet_ins_that_its_config_asks_for(rig, primary):
    streams = {}
    for name, config in {
        "all": stratum.P4RoleConfig(receives_packet_ins=True),
        "none": stratum.P4RoleConfig(),
        "port 2": stratum.P4RoleConfig(
            receives_packet_ins=True,
            packet_in_filter=stratum.P4RoleConfig.PacketFilter(metadata_id=1, value=b"\x02"),
        ),
    }.items():
        streams[name] = rig.client(1, name).stream()
        streams[name].arbitrate(1, name, config)
        streams[name].next("arbitration")
    rig.notify(b"\x00\x80one")
    rig.notify(b"\x01\x00two")
    assert [streams["all"].next("packet").payload for _ in range(2)] == [b"one", b"two"]
    assert streams["port 2"].next("packet").payload == b"two"
    assert [primary.primary_stream.next("packet").payload for _ in range(2)] == [b"one", b"two"]
    assert streams["none"].is_quiet()


# -- packets


def test_a_packet_in_has_the_metadata_of_its_header(rig, primary):
    rig.notify(((300 << 7) | 5).to_bytes(2, "big") + b"frame")
    packet = primary.primary_stream.next("packet")
    assert packet.payload == b"frame"
    assert {m.metadata_id: m.value for m in packet.metadata} == {1: b"\x01\x2c", 2: b"\x05"}


def test_a_frame_shorter_than_the_packet_in_header_is_counted_and_not_sent(rig, primary):
    rig.notify(b"\x01")
    assert nothing_more_is_told(rig, primary)
    assert rig.server.notifier.dropped == {"packet-in header cut off": 1}


def test_packet_ins_without_a_primary_are_counted(rig, primary):
    primary.primary_stream.close()
    wait_for(lambda: not list(rig.server.sessions.primaries()))
    rig.notify(b"\x00\x80one")
    wait_for(lambda: rig.server.notifier.dropped["packet-in without a primary"] == 1)


def test_a_packet_out_enters_at_the_cpu_port_behind_its_header(rig, primary):
    primary.primary_stream.send(packet=packet_out(port=b"\x01\x2c", pad=b"\x05"))
    primary.primary_stream.send(packet=packet_out(port=b""))
    primary.primary_stream.next("error")
    wait_for(lambda: rig.plane.injected)  # by a thread of its own: the error may be told before
    assert rig.plane.injected == [(CPU_PORT, ((300 << 7) | 5).to_bytes(2, "big") + b"payload")]


@pytest.mark.parametrize(
    "packet",
    [
        p4r.PacketOut(payload=b"no metadata"),
        packet_out(port=b"\x02\x00"),
        packet_out(port=b""),
        p4r.PacketOut(metadata=[p4r.PacketMetadata(metadata_id=7, value=b"\x01")]),
        p4r.PacketOut(metadata=[*packet_out().metadata, packet_out().metadata[0]]),
        packet_out(payload=bytes(65536)),
    ],
)
def test_a_packet_out_that_does_not_fit_the_header_is_dropped_and_reported(rig, primary, packet):
    primary.primary_stream.send(packet=packet)
    error = primary.primary_stream.next("error")
    assert error_code(error) == "INVALID_ARGUMENT"
    assert error.packet_out.packet_out == packet
    assert rig.plane.injected == []


def test_a_backups_packet_out_is_dropped_and_reported(rig, primary):
    backup = rig.client().stream()
    backup.arbitrate(0)
    backup.next("arbitration")
    backup.send(packet=packet_out())
    assert error_code(backup.next("error")) == "PERMISSION_DENIED"
    assert rig.plane.injected == []


def test_a_packet_out_before_a_config_is_set_is_reported(rig):
    stream = rig.primary(config=False).primary_stream
    stream.send(packet=packet_out())
    assert error_code(stream.next("error")) == "FAILED_PRECONDITION"


# -- digests

SAMPLE = Digest("learn_t", (0xA, 1))


def enable_digest(client, change=insert, **config):
    entry = p4r.DigestEntry(digest_id=p4_id("learn_t"), config=p4r.DigestEntry.Config(**config))
    client.write(change(digest_entry=entry))


def values(digest_list):
    return [tuple(m.bitstring for m in data.struct.members) for data in digest_list.data]


def test_a_digest_is_sent_at_once_without_a_time_out(rig, primary):
    enable_digest(primary)
    before = time.time_ns()
    rig.notify(SAMPLE)
    received = primary.primary_stream.next("digest")
    assert received.digest_id == p4_id("learn_t")
    assert values(received) == [(b"\x0a", b"\x01")]
    assert before <= received.timestamp <= time.time_ns()


def test_digests_are_collected_until_the_list_is_full_or_its_time_is_up(rig, primary):
    stream, started = primary.primary_stream, time.monotonic()
    enable_digest(primary, max_list_size=2, max_timeout_ns=3600 * 10**9)
    for address in (1, 1, 2, 3):
        rig.notify(Digest("learn_t", (address, 1)))
    assert [v[0] for v in values(stream.next("digest"))] == [b"\x01", b"\x02"]
    assert nothing_more_is_told(rig, primary)
    enable_digest(primary, modify, max_list_size=9, max_timeout_ns=300_000_000)
    rig.notify(Digest("learn_t", (4, 1)))
    assert [v[0] for v in values(stream.next("digest"))] == [b"\x03", b"\x04"]
    assert time.monotonic() - started >= 0.3


def test_another_configuration_counts_for_what_has_been_collected(rig, primary):
    stream, hour_ns = primary.primary_stream, 3600 * 10**9
    enable_digest(primary, max_list_size=9, max_timeout_ns=hour_ns)
    rig.notify(SAMPLE)
    assert nothing_more_is_told(rig, primary)
    enable_digest(primary, modify, max_list_size=9, max_timeout_ns=1)
    assert values(stream.next("digest")) == [(b"\x0a", b"\x01")]
    enable_digest(primary, modify, max_list_size=9, max_timeout_ns=hour_ns)
    rig.notify(Digest("learn_t", (0xB, 1)))
    assert nothing_more_is_told(rig, primary)
    enable_digest(primary, delete)
    enable_digest(primary)
    rig.notify(SAMPLE)
    assert values(stream.next("digest")) == [(b"\x0a", b"\x01")]


def test_a_digest_is_not_sent_again_before_its_acknowledgement(rig, primary):
    enable_digest(primary, ack_timeout_ns=60 * 10**9)
    stream = primary.primary_stream
    rig.notify(SAMPLE)
    received = stream.next("digest")
    rig.notify(SAMPLE)
    assert nothing_more_is_told(rig, primary)
    stream.send(
        digest_ack=p4r.DigestListAck(digest_id=received.digest_id, list_id=received.list_id)
    )
    stream.send(packet=p4r.PacketOut())
    stream.next("error")
    rig.notify(SAMPLE)
    assert stream.next("digest").list_id == received.list_id + 1


def test_a_digest_that_is_not_enabled_is_not_sent(rig, primary):
    rig.notify(SAMPLE)
    assert nothing_more_is_told(rig, primary)


def test_an_acknowledgement_of_an_unknown_digest_is_reported(primary):
    primary.primary_stream.send(digest_ack=p4r.DigestListAck(digest_id=5))
    assert error_code(primary.primary_stream.next("error")) == "INVALID_ARGUMENT"


# -- idle time-outs


def test_an_idle_entry_is_told_with_what_names_it_and_its_metadata(rig, primary):
    entry = table_entry(
        "smac", [exact(1, b"\x0a")], action("learn"), idle_timeout_ns=10**9, metadata=b"m"
    )
    primary.write(insert(table_entry=entry))
    rig.notify(EntryName("EverythingIngress.smac", (10,)))
    rig.notify(EntryName("EverythingIngress.smac", (11,)))
    told = primary.primary_stream.next("idle_timeout_notification")
    expected = p4r.TableEntry()
    expected.CopyFrom(entry)
    expected.ClearField("action")
    assert list(told.table_entry) == [expected]
    assert nothing_more_is_told(rig, primary)


def test_a_controller_that_does_not_read_loses_messages_and_holds_up_nobody(rig, primary):
    rig.client(2).stream(reading=False).arbitrate(2)
    assert code(primary.primary_stream.next("arbitration")) == "ALREADY_EXISTS"
    ((session, _),) = wait_for(lambda: list(rig.server.sessions.primaries()))
    while not session.dropped:
        rig.notify(b"\x00\x80" + bytes(9000))
    assert len(primary.read(p4r.Entity(table_entry=p4r.TableEntry()))) == 4


def test_a_backup_that_does_not_read_its_notices_is_cut(rig, primary, monkeypatch):
    monkeypatch.setattr(sessions, "MAX_QUEUED_MESSAGES", 10)
    backup = rig.client()
    stream = backup.stream(reading=False)
    stream.arbitrate(0)
    wait_for(lambda: len(rig.server.sessions.arbiter._roles[""].controllers) == 2)
    long = stratum.P4RoleConfig(shared_p4_ids=range(1 << 28, (1 << 28) + 20_000))
    for _ in range(200):
        primary.primary_stream.arbitrate(1, config=long)
        primary.primary_stream.next("arbitration")
    wait_for(lambda: len(rig.server.sessions.arbiter._roles[""].controllers) == 1)
    with pytest.raises(grpc.RpcError) as ended:
        list(stream.call)
    assert ended.value.code().name == "RESOURCE_EXHAUSTED"


def test_a_controller_that_reads_late_still_learns_why_its_stream_ended(rig):
    rig.client(1).stream(reading=False)
    stream = rig.clients[0].streams[0]
    long = stratum.P4RoleConfig(shared_p4_ids=range(1 << 28, (1 << 28) + 20_000))
    for _ in range(100):
        stream.arbitrate(1, config=long)
    stream.arbitrate(1, device_id=8)
    wait_for(lambda: rig.server.sessions.arbiter._roles[""].highest == 1)
    wait_for(lambda: not rig.server.sessions.arbiter._roles[""].controllers)
    with pytest.raises(grpc.RpcError) as ended:
        list(stream.call)
    assert ended.value.code().name == "FAILED_PRECONDITION"


def test_a_controller_that_says_one_thing_and_no_more_gets_its_answer(rig):
    client = rig.client()
    for _ in range(50):
        message = p4r.MasterArbitrationUpdate(device_id=DEVICE_ID)
        call = client.stub.StreamChannel(iter([p4r.StreamMessageRequest(arbitration=message)]))
        assert [code(response.arbitration) for response in call] == ["NOT_FOUND"]


def test_many_quick_connections_leave_the_server_well(rig, caplog):
    for number in range(200):
        client = rig.client(number)
        stream = client.stream()
        stream.arbitrate(number)
        client.close()
        rig.clients.remove(client)
    survivor = rig.client(10_000)
    survivor.become_primary()
    survivor.set_config(Set.VERIFY_AND_COMMIT, everything_config())
    survivor.write(modify(table_entry=table_entry("dmac", is_default_action=True)))
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
