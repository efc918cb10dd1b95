"""A P4Runtime node for tests, on a real gRPC server, that can be told to misbehave.

It keeps what it is given (pipeline, entities) and answers as the specification says, with no data
plane behind it. Faults are set on it while it runs: calls that stall or fail, updates that are
refused, statuses that do not fit, a stream that closes, a whole restart.
"""

# ruff: noqa: N802 - the calls have gRPC's names

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import grpc
from finsy.proto import U128, p4r, p4r_grpc, rpc_code, rpc_status
from google.protobuf.any_pb2 import Any as AnyMessage
from southbound_tools import LIMIT_S

ECHO_MODE = 3
CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass
class Faults:
    """What the node does wrong at the moment."""

    stall: set[str] = field(default_factory=set)
    "Names of calls that get no answer until ``FakeNode.release`` (``StreamChannel`` as well)."
    fail: dict[str, tuple[int, str]] = field(default_factory=dict)
    "Calls that fail with a code and a message."
    refuse: Callable[[p4r.Update], tuple[int, str] | None] = lambda update: None
    "Says of each update whether, and how, it is refused."
    lose_details: bool = False
    "Refused batches carry no status for each update."
    extra_details: int = 0
    "Refused batches carry so many statuses too many."
    push: Callable[[p4r.SetForwardingPipelineConfigRequest, grpc.ServicerContext], None] = (
        lambda request, context: None
    )
    "Sees each push first, and may abort it."
    drop_echoes: int = 0
    "So many echoed packets are lost."


class FakeNode(p4r_grpc.P4RuntimeServicer):
    """A node with device id 1."""

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        self.credentials = credentials
        self.faults = Faults()
        self.calls: list[str] = []
        self.writes: list[p4r.WriteRequest] = []
        self.packets_out: list[p4r.PacketOut] = []
        self.acks: list[p4r.DigestListAck] = []
        self.port = 0
        self._lock = threading.RLock()
        self._released = threading.Event()
        self._server: grpc.Server | None = None
        self._forget()

    def _forget(self) -> None:
        self.streams: dict[int, Stream] = {}
        self.highest_id = 0
        self.running: p4r.ForwardingPipelineConfig | None = None
        self.saved: p4r.ForwardingPipelineConfig | None = None
        self.entities: dict[bytes, p4r.Entity] = {}

    # Life

    def start(self) -> None:
        """Serve, on the same port as the last time if there was one."""
        self._released.clear()
        self._server = grpc.server(ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])
        p4r_grpc.add_P4RuntimeServicer_to_server(self, self._server)
        if self.credentials is None:
            self.port = self._server.add_insecure_port(self.address)
        else:
            self.port = self._server.add_secure_port(self.address, self.credentials)
        self._server.start()

    def stop(self) -> None:
        """Vanish, and forget everything."""
        self.release()
        self.hang_up()
        self._server.stop(None).wait(5)
        self._forget()

    def release(self) -> None:
        """Let stalled calls go on, as failed."""
        self.faults.stall.clear()
        self._released.set()

    def hang_up(self) -> None:
        """Close all streams."""
        with self._lock:
            for stream in self.streams.values():
                stream.close()

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self.port}"

    def program(self) -> p4r.ForwardingPipelineConfig | None:
        """Return the program that control calls act on."""
        return self.saved or self.running

    # Streams and arbitration

    def StreamChannel(self, requests, context):
        """Serve one controller's stream."""
        self._misbehave("StreamChannel", context)
        stream = Stream()
        reader = threading.Thread(target=self._read, args=(stream, requests), daemon=True)
        reader.start()
        context.add_callback(stream.close)
        try:
            yield from stream.messages()
        finally:
            self._leave(stream)
        if stream.fault is not None:
            context.abort(*stream.fault)

    def _read(self, stream: Stream, requests: Iterator[p4r.StreamMessageRequest]) -> None:
        try:
            for request in requests:
                match request.WhichOneof("update"):
                    case "arbitration":
                        self._arbitrate(stream, U128.decode(request.arbitration.election_id))
                    case "packet":
                        self._packet_out(stream, request.packet)
                    case "digest_ack":
                        self.acks.append(request.digest_ack)
        except grpc.RpcError:
            stream.close()

    def _arbitrate(self, stream: Stream, election_id: int) -> None:
        with self._lock:
            if self.streams.get(election_id, stream) is not stream:
                stream.fault = grpc.StatusCode.INVALID_ARGUMENT, "Election id already exists"
                stream.close()
                return
            self.streams.pop(stream.election_id, None)
            stream.election_id = election_id
            self.streams[election_id] = stream
            self.announce()

    def announce(self) -> None:
        """Tell every controller who is primary."""
        with self._lock:
            self.highest_id = max([self.highest_id, *self.streams])
            exists = self.highest_id in self.streams
            for election_id, stream in self.streams.items():
                code = rpc_code.ALREADY_EXISTS if exists else rpc_code.NOT_FOUND
                if election_id == self.highest_id:
                    code = rpc_code.OK
                stream.send_arbitration(self.highest_id, code)

    def _leave(self, stream: Stream) -> None:
        with self._lock:
            if self.streams.get(stream.election_id) is stream:
                del self.streams[stream.election_id]
                self.announce()

    def _packet_out(self, stream: Stream, packet: p4r.PacketOut) -> None:
        self.packets_out.append(packet)
        mode = int.from_bytes(packet.metadata[1].value, "big") if len(packet.metadata) > 1 else 0
        if mode != ECHO_MODE:
            return
        if self.faults.drop_echoes:
            self.faults.drop_echoes -= 1
            return
        self.packet_in(packet.payload, 0, time.monotonic_ns() // 1000, reason=1)

    def packet_in(self, payload: bytes, port: int, timestamp_us: int, reason: int = 0) -> None:
        """Send a packet to the primary."""
        message = p4r.StreamMessageResponse(packet=p4r.PacketIn(payload=payload))
        for number, value in enumerate((port, timestamp_us, reason), 1):
            data = value.to_bytes(8, "big").lstrip(b"\0") or b"\0"
            message.packet.metadata.add(metadata_id=number, value=data)
        self.send(message)

    def send(self, message: p4r.StreamMessageResponse) -> None:
        """Send a message to the primary."""
        with self._lock:
            self.streams[self.highest_id].send(message)

    # Unary calls

    def Capabilities(self, request, context):
        """Answer a probe."""
        self._misbehave("Capabilities", context)
        return p4r.CapabilitiesResponse(p4runtime_api_version="1.4.1")

    def GetForwardingPipelineConfig(self, request, context):
        """Return the program."""
        self._misbehave("GetForwardingPipelineConfig", context)
        if self.program() is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "No forwarding pipeline config set")
        return p4r.GetForwardingPipelineConfigResponse(config=self.program())

    def SetForwardingPipelineConfig(self, request, context):
        """Take or commit a program."""
        self._misbehave("SetForwardingPipelineConfig", context)
        self._check_primary(request, context)
        self.faults.push(request, context)
        action = p4r.SetForwardingPipelineConfigRequest.Action.Name(request.action)
        match action:
            case "VERIFY_AND_SAVE":
                self.saved, self.entities = request.config, {}
            case "VERIFY_AND_COMMIT":
                self.running, self.saved, self.entities = request.config, None, {}
            case "COMMIT" if self.saved is None:
                context.abort(grpc.StatusCode.NOT_FOUND, "no saved config")
            case "COMMIT":
                self.running, self.saved = self.saved, None
        return p4r.SetForwardingPipelineConfigResponse()

    def Write(self, request, context):
        """Apply updates one by one."""
        self._misbehave("Write", context)
        self._check_primary(request, context)
        self.writes.append(request)
        statuses = [self.faults.refuse(u) or self._apply(u) or (0, "") for u in request.updates]
        if any(code for code, _ in statuses):
            self._fail_batch(context, statuses)
        return p4r.WriteResponse()

    def Read(self, request, context):
        """Return what matches, in messages of at most 100 entities."""
        self._misbehave("Read", context)
        found = [e for wanted in request.entities for e in self._matching(wanted)]
        for first in range(0, len(found), 100):
            yield p4r.ReadResponse(entities=found[first : first + 100])

    def _misbehave(self, call: str, context: grpc.ServicerContext) -> None:
        self.calls.append(call)
        if call in self.faults.stall:
            self._released.wait(2 * LIMIT_S)  # longer than a driver does
            context.abort(grpc.StatusCode.CANCELLED, "released")
        if call in self.faults.fail:
            code, message = self.faults.fail[call]
            context.abort(CODES[code], message)

    def _check_primary(self, request, context) -> None:
        if U128.decode(request.election_id) not in self.streams or (
            U128.decode(request.election_id) != self.highest_id
        ):
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "Not primary")

    def _apply(self, update: p4r.Update) -> tuple[int, str] | None:
        with self._lock:
            key = _key(update.entity)
            kind = update.entity.WhichOneof("entity")
            present = key in self.entities or kind in ("register_entry", "counter_entry")
            if update.type == p4r.Update.INSERT and present:
                return rpc_code.ALREADY_EXISTS, "it is there already"
            if update.type != p4r.Update.INSERT and not present and not _is_default(update.entity):
                return rpc_code.NOT_FOUND, "it is not there"
            if update.type == p4r.Update.DELETE:
                del self.entities[key]
            elif kind == "register_entry" and not update.entity.register_entry.HasField("index"):
                for cell in self._cells(kind, update.entity):
                    cell.register_entry.data.CopyFrom(update.entity.register_entry.data)
                    self.entities[_key(cell)] = cell
            else:
                self.entities[key] = update.entity
        return None

    def _fail_batch(self, context, statuses: list[tuple[int, str]]) -> None:
        status = rpc_status.Status(code=rpc_code.UNKNOWN, message="some updates failed")
        for code, message in statuses + [(0, "")] * self.faults.extra_details:
            detail = AnyMessage()
            detail.Pack(p4r.Error(canonical_code=code, message=message))
            status.details.append(detail)
        if not self.faults.lose_details:
            context.set_trailing_metadata(
                (("grpc-status-details-bin", status.SerializeToString()),)
            )
        context.abort(grpc.StatusCode.UNKNOWN, status.message)

    def _matching(self, wanted: p4r.Entity) -> Iterator[p4r.Entity]:
        kind = wanted.WhichOneof("entity")
        if kind in ("register_entry", "counter_entry"):
            yield from self._cells(kind, wanted)
            return
        with self._lock:
            entities = list(self.entities.values())
        for entity in entities:
            if _matches(wanted, entity):
                yield entity

    def _cells(self, kind: str, wanted: p4r.Entity) -> Iterator[p4r.Entity]:
        id_field = kind.replace("entry", "id")
        ident = getattr(getattr(wanted, kind), id_field)
        section = kind.replace("_entry", "s")
        size = next(
            o.size for o in getattr(self.program().p4info, section) if o.preamble.id == ident
        )
        one = getattr(wanted, kind)
        indexes = [one.index.index] if one.HasField("index") else range(size)
        for index in indexes:
            cell = p4r.Entity()
            getattr(cell, kind).index.index = index
            setattr(getattr(cell, kind), id_field, ident)
            yield self.entities.get(_key(cell), cell)


class Stream:
    """The node's end of one controller's stream."""

    def __init__(self) -> None:
        self.election_id = -1
        self.fault: tuple[grpc.StatusCode, str] | None = None
        self._outgoing: queue.SimpleQueue[p4r.StreamMessageResponse | None] = queue.SimpleQueue()

    def send(self, message: p4r.StreamMessageResponse) -> None:
        """Send a message."""
        self._outgoing.put(message)

    def send_arbitration(self, highest_id: int, code: int) -> None:
        """Send an answer on arbitration."""
        answer = p4r.StreamMessageResponse()
        answer.arbitration.device_id = 1
        answer.arbitration.election_id.CopyFrom(U128.encode(highest_id))
        answer.arbitration.status.code = code
        self.send(answer)

    def close(self) -> None:
        """End the stream."""
        self._outgoing.put(None)

    def messages(self) -> Iterator[p4r.StreamMessageResponse]:
        """Return what is to be sent, until the end."""
        while (message := self._outgoing.get()) is not None:
            yield message


def _key(entity: p4r.Entity) -> bytes:
    """Return what identifies an entity: itself without its content."""
    bare = p4r.Entity()
    bare.CopyFrom(entity)
    for member, content in (
        ("table_entry", ("action", "counter_data")),
        ("register_entry", ("data",)),
        ("counter_entry", ("data",)),
    ):
        if bare.HasField(member):
            for name in content:
                getattr(bare, member).ClearField(name)
    if bare.HasField("packet_replication_engine_entry"):
        engine = bare.packet_replication_engine_entry
        if engine.HasField("multicast_group_entry"):
            engine.multicast_group_entry.ClearField("replicas")
        else:
            for name in ("replicas", "class_of_service", "packet_length_bytes"):
                engine.clone_session_entry.ClearField(name)
    return bare.SerializeToString(deterministic=True)


def _is_default(entity: p4r.Entity) -> bool:
    return entity.HasField("table_entry") and entity.table_entry.is_default_action


def _matches(wanted: p4r.Entity, entity: p4r.Entity) -> bool:
    """Tell whether an entity is of the wanted kind, of the wanted table, and default or not."""
    kind = wanted.WhichOneof("entity")
    if kind != entity.WhichOneof("entity"):
        return False
    if kind == "table_entry":
        return wanted.table_entry.is_default_action == entity.table_entry.is_default_action and (
            wanted.table_entry.table_id in (0, entity.table_entry.table_id)
        )
    engine = "packet_replication_engine_entry"
    return getattr(wanted, engine).WhichOneof("type") == getattr(entity, engine).WhichOneof("type")
