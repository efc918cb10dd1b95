"""Messages that no sane controller sends: each gets a code, none an unexpected error.

Messages are good ones with random damage, or made at random from the protocol's descriptors.
"""

import random
from collections.abc import Sequence

import grpc
import pytest
from finsy.proto import U128, p4r
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_plane import MemoryPlane
from p4rt import (
    DEVICE_ID,
    EVERYTHING_P4INFO,
    Set,
    action,
    everything_config,
    exact,
    insert,
    limits,
    lpm,
    p4_id,
    serve,
    table_entry,
    ternary,
)

from switch.dataplane.messages import Config
from switch.p4runtime.batches import BatchReader
from switch.p4runtime.configs import set_config
from switch.p4runtime.device import Device
from switch.p4runtime.roles import FULL_ACCESS
from switch.p4runtime.status import BatchError, StatusError

KNOWN_IDS = [
    info.preamble.id
    for field, objects in EVERYTHING_P4INFO.ListFields()
    if field.name not in ("pkg_info", "type_info")
    for info in objects
]
NUMBERS = [0, 1, 2, 3, 5, 48, 255, 1 << 31, (1 << 31) - 1, (1 << 32) - 1, (1 << 63) - 1, -1]
STRINGS = [b"", b"\x00", b"\x01", b"\x0a", b"\xff" * 6, b"\xff\xff", bytes(64), b"\xff" * 64]
LIMITS = {
    FieldDescriptor.CPPTYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, (1 << 64) - 1),
}


def indexed(kind, index, **fields):
    message = kind(**fields)
    message.index.index = index
    return message


def selected(**reference):
    return table_entry("selected", [exact(1, b"\x01")], **reference)


def one_shot():
    entry = selected()
    actions = entry.action.action_profile_action_set.action_profile_actions
    actions.add(action=action("set_hop", b"\x01"), weight=1)
    return entry


def group_entry():
    entry = selected()
    entry.action.action_profile_group_id = 1
    return entry


ACL = [ternary(1, b"\x0a", b"\x0f"), limits(2, b"\x01", b"\x05"), exact(4, b"\x01")]
ROUTE = [lpm(1, b"\x0a\x00\x00\x00\x00\x00", 8)]
GOOD = [
    p4r.Entity(table_entry=table_entry("dmac", [exact(1, b"\x01")], action("forward", b"\x01"))),
    p4r.Entity(table_entry=table_entry("dmac", [], action("drop"), is_default_action=True)),
    p4r.Entity(table_entry=table_entry("acl", ACL, action("set_hop", b"\x01"), priority=1)),
    p4r.Entity(table_entry=table_entry("route", ROUTE, action("set_color"))),
    p4r.Entity(table_entry=one_shot()),
    p4r.Entity(table_entry=group_entry()),
    p4r.Entity(
        action_profile_member=p4r.ActionProfileMember(
            action_profile_id=p4_id("ways"), member_id=1, action=action("set_hop", b"\x01")
        )
    ),
    p4r.Entity(
        action_profile_group=p4r.ActionProfileGroup(
            action_profile_id=p4_id("ways"),
            group_id=1,
            members=[p4r.ActionProfileGroup.Member(member_id=1, weight=1)],
        )
    ),
    p4r.Entity(
        counter_entry=indexed(p4r.CounterEntry, 1, counter_id=p4_id("port_counter"), data={})
    ),
    p4r.Entity(meter_entry=indexed(p4r.MeterEntry, 1, meter_id=p4_id("port_meter"), config={})),
    p4r.Entity(
        register_entry=indexed(
            p4r.RegisterEntry, 1, register_id=p4_id("totals"), data={"bitstring": b"\x01"}
        )
    ),
    p4r.Entity(
        direct_counter_entry=p4r.DirectCounterEntry(
            table_entry=table_entry("dmac", [exact(1, b"\x01")]), data={}
        )
    ),
    p4r.Entity(
        direct_meter_entry=p4r.DirectMeterEntry(table_entry=table_entry("route", ROUTE), config={})
    ),
    p4r.Entity(
        packet_replication_engine_entry=p4r.PacketReplicationEngineEntry(
            multicast_group_entry=p4r.MulticastGroupEntry(
                multicast_group_id=1, replicas=[p4r.Replica(port=b"\x01")]
            )
        )
    ),
    p4r.Entity(
        packet_replication_engine_entry=p4r.PacketReplicationEngineEntry(
            clone_session_entry=p4r.CloneSessionEntry(
                session_id=1, replicas=[p4r.Replica(port=b"\x01")]
            )
        )
    ),
    p4r.Entity(
        value_set_entry=p4r.ValueSetEntry(
            value_set_id=p4_id("special_types"),
            members=[p4r.ValueSetMember(match=[exact(1, b"\x01")])],
        )
    ),
    p4r.Entity(digest_entry=p4r.DigestEntry(digest_id=p4_id("learn_t"), config={})),
]


def _is_any(field):
    return field.message_type is not None and field.message_type.name == "Any"


class Maker:
    """Makes random messages."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def message(self, kind: type[Message], depth=0) -> Message:
        message = kind()
        self._fill(message, depth)
        return message

    def update(self):
        return p4r.Update(type=self._random.choice([0, 1, 1, 1, 2, 2, 3, 3]), entity=self.entity())

    def entity(self):
        """A random one, or a good one with some damage or none."""
        if self._random.random() < 0.1:
            return self.message(p4r.Entity)
        entity = p4r.Entity()
        entity.CopyFrom(self._random.choice(GOOD))
        for _ in range(self._random.choice((0, 0, 1, 1, 2))):
            self._damage(entity)
        return entity

    def _damage(self, message):
        present = [value for field, value in message.ListFields() if field.message_type is not None]
        inner = [
            m for value in present for m in (value if isinstance(value, Sequence) else [value])
        ]
        if inner and self._random.random() < 0.8:
            self._damage(self._random.choice(inner))
            return
        fields = [f for f in message.DESCRIPTOR.fields if not _is_any(f)]
        field = self._random.choice(fields)
        message.ClearField(field.name)
        if self._random.random() < 0.7:
            self._set(message, field, 5)

    def _fill(self, message, depth):
        chosen = {
            oneof.name: self._random.choice(list(oneof.fields))
            for oneof in message.DESCRIPTOR.oneofs
        }
        for field in message.DESCRIPTOR.fields:
            oneof = field.containing_oneof
            if oneof is not None and chosen[oneof.name] is not field:
                continue
            if _is_any(field):
                continue
            if self._random.random() < (0.25 if oneof is None else 0.05):
                continue
            self._set(message, field, depth)

    def _set(self, message, field, depth):
        if field.message_type is not None:
            if depth > 6:
                return
            if field.is_repeated:
                for _ in range(self._random.choice((0, 1, 1, 1, 2, 4))):
                    self._fill(getattr(message, field.name).add(), depth + 1)
            else:
                getattr(message, field.name).SetInParent()
                self._fill(getattr(message, field.name), depth + 1)
        elif field.is_repeated:
            getattr(message, field.name).extend([self._value(field)])
        else:
            setattr(message, field.name, self._value(field))

    def _value(self, field):
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._random.choice(STRINGS)
        if field.type == FieldDescriptor.TYPE_STRING:
            return self._random.choice(("", "x"))
        if field.type == FieldDescriptor.TYPE_BOOL:
            return self._random.random() < 0.2
        if field.type == FieldDescriptor.TYPE_ENUM:
            return self._random.choice([0, 1, 1, 1, 2, 3, 9])
        low, high = LIMITS[field.cpp_type]
        is_id = field.name.endswith("_id") and self._random.random() < 0.8
        numbers = KNOWN_IDS if is_id else NUMBERS
        return max(low, min(high, self._random.choice(numbers)))


@pytest.fixture(scope="module")
def device():
    device = Device(DEVICE_ID, MemoryPlane(), cpu_port=510)
    set_config(device, Set(action=Set.VERIFY_AND_COMMIT, config=everything_config()))
    return device


def batch(updates, atomicity=0):
    """A Write request as the server reads it."""
    request = p4r.WriteRequest(updates=updates, atomicity=atomicity)
    return BatchReader().read(request.SerializeToString())


def check(error):
    """An error that a controller can act on: never one that the switch did not expect."""
    for element in error.errors if isinstance(error, BatchError) else [error]:
        assert element is None or element.code not in (
            grpc.StatusCode.INTERNAL,
            grpc.StatusCode.UNKNOWN,
        ), element


@settings(
    max_examples=400,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 1 << 32))
def test_random_writes_and_reads_get_codes_and_both_processes_agree(device, seed):
    maker = Maker(seed)
    updates = [maker.update() for _ in range(8)]
    try:
        device.write(batch(updates, atomicity=seed % 2), FULL_ACCESS)
    except StatusError as error:
        check(error)
    entities = [maker.entity() for _ in range(4)]
    try:
        for response in device.read(p4r.ReadRequest(entities=entities), FULL_ACCESS):
            assert response.IsInitialized()
    except StatusError as error:
        check(error)
    state, plane = device.running, device.plane[Config.RUNNING]
    assert sum(len(table.entries) for table in state.tables.values()) == len(plane.entries)
    assert device.replication.groups.keys() == device.plane.multicast_groups.keys()
    assert device.replication.sessions.keys() == device.plane.clone_sessions.keys()
    profiles = state.profiles.values()
    shown = sum(len(profile.members) + profile.one_shot_members for profile in profiles)
    assert shown == len(plane.members)


@settings(max_examples=60, derandomize=True)
@given(data=st.binary(max_size=200))
def test_random_bytes_as_a_config_are_refused(data):
    device = Device(DEVICE_ID, MemoryPlane(), cpu_port=510)
    config = everything_config()
    config.p4_device_config = data
    with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
        set_config(device, Set(action=Set.VERIFY_AND_COMMIT, config=config))
    assert device.controlled is None


@settings(max_examples=60, derandomize=True)
@given(seed=st.integers(0, 1 << 32))
def test_a_p4info_with_random_damage_is_refused_or_served(seed):
    rng = random.Random(seed)
    data = bytearray(EVERYTHING_P4INFO.SerializeToString())
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    config = everything_config()
    try:
        config.p4info.ParseFromString(bytes(data))
    except DecodeError:
        return
    device = Device(DEVICE_ID, MemoryPlane(), cpu_port=510)
    try:
        set_config(device, Set(action=Set.VERIFY_AND_COMMIT, config=config))
    except StatusError as error:
        assert error.code is grpc.StatusCode.INVALID_ARGUMENT
        return
    list(
        device.read(
            p4r.ReadRequest(entities=[p4r.Entity(table_entry=p4r.TableEntry())]), FULL_ACCESS
        )
    )


@pytest.fixture(scope="module")
def shared():
    with serve(MemoryPlane()) as rig:
        client = rig.primary()
        yield rig, client


@pytest.mark.parametrize(
    "method", ["Write", "Read", "SetForwardingPipelineConfig", "GetForwardingPipelineConfig"]
)
def test_bytes_that_are_no_message_fail_the_call_only(shared, method):
    _, client = shared
    call = client.channel.unary_unary(f"/p4.v1.P4Runtime/{method}")
    with pytest.raises(grpc.RpcError):
        call(b"\xff\xff\xff\xff", timeout=30)
    client.read(p4r.Entity(table_entry=p4r.TableEntry()))


def test_bytes_that_are_no_message_end_a_stream_only(shared):
    _, client = shared
    call = client.channel.stream_stream("/p4.v1.P4Runtime/StreamChannel")
    responses = call(iter([b"\xff\xff\xff\xff"]), timeout=30)
    with pytest.raises(grpc.RpcError):
        list(responses)
    client.read(p4r.Entity(table_entry=p4r.TableEntry()))


def test_random_stream_messages_leave_the_stream_open_or_end_it_with_a_code(shared):
    rig, client = shared
    for seed in range(60):
        maker = Maker(seed)
        stream = rig.client().stream()
        for _ in range(4):
            message = maker.message(p4r.StreamMessageRequest)
            if message.HasField("arbitration"):
                message.arbitration.device_id = DEVICE_ID
                message.arbitration.election_id.CopyFrom(U128.encode(0))
            stream._requests.put(message)
        stream.close()
    entry = table_entry("dmac", [exact(1, b"\x77")], action("drop"))
    client.write(insert(table_entry=entry))


def test_a_batch_of_very_many_bad_updates_is_answered(shared):
    _, client = shared
    device = shared[0].device
    updates = [insert(table_entry=p4r.TableEntry())] * 20_000
    with pytest.raises(BatchError) as failed:
        device.write(batch(updates), FULL_ACCESS)
    assert len(failed.value.errors) == 20_000
    client.read(p4r.Entity(table_entry=p4r.TableEntry()))
