"""A P4Runtime client that does what a test needs: it is alone, primary, and waits for answers.

Written against the protocol itself, not against a client library, so that a test says exactly what
is sent. Stream messages are collected by a thread of its own; digests are acknowledged at once.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import grpc
from finsy.proto import p4r, p4r_grpc, rpc_status

from tests.conformance.program import Program

CALL_LIMIT_S = 20.0
DEVICE_ID = 1
ELECTION = p4r.Uint128(low=1)
_CHANNEL_OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 20),  # a switch that starts answers at some moment soon
    ("grpc.min_reconnect_backoff_ms", 20),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.max_receive_message_length", 64 << 20),
]
_DETAILS_KEY = "grpc-status-details-bin"


class ControlError(Exception):
    """The switch refused a control operation; its own words."""


@dataclass
class Heard:
    """What came on the stream, in order."""

    packets: list[p4r.PacketIn] = field(default_factory=list)
    digests: list[p4r.DigestList] = field(default_factory=list)
    idle: list[p4r.TableEntry] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def count(self) -> int:
        """How many notifications there were."""
        return len(self.packets) + len(self.digests) + len(self.idle)


class Client:
    """A session with one switch. A context manager: the session ends with it."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self._stub = p4r_grpc.P4RuntimeStub(self._channel)
        self._outgoing: queue.SimpleQueue[p4r.StreamMessageRequest | None] = queue.SimpleQueue()
        self._primary = threading.Semaphore(0)
        self._election_id = ELECTION.low
        self._ended = threading.Event()
        self.heard = Heard()
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._outgoing.put(None)
        self._channel.close()
        if self._reader is not None:
            self._reader.join(CALL_LIMIT_S)

    def connect(self, limit_s: float) -> None:
        """Become primary. Raises `ControlError`."""
        deadline = time.monotonic() + limit_s
        try:
            grpc.channel_ready_future(self._channel).result(limit_s)
        except grpc.FutureTimeoutError:
            raise ControlError(f"no gRPC connection within {limit_s:g} s") from None
        self._reader = threading.Thread(target=self._read_stream, name="stream", daemon=True)
        self._reader.start()
        self._arbitrate(deadline - time.monotonic())

    def exchange(self) -> None:
        """Wait until all is handled that was sent on the stream. Raises `ControlError`.

        By becoming primary with a higher election id: BMv2 does not answer what changes nothing.
        """
        self._election_id += 1
        self._arbitrate(CALL_LIMIT_S)

    def _arbitrate(self, limit_s: float) -> None:
        update = p4r.MasterArbitrationUpdate(device_id=DEVICE_ID, election_id=self._election)
        self._outgoing.put(p4r.StreamMessageRequest(arbitration=update))
        deadline = time.monotonic() + limit_s
        while not self._primary.acquire(timeout=0.01):
            if self._ended.is_set() or time.monotonic() > deadline:
                raise ControlError(f"not primary: {'; '.join(self.heard.errors) or 'no answer'}")

    def glance(self) -> None:
        """Send an arbitration without waiting to be primary, and be gone."""
        update = p4r.MasterArbitrationUpdate(device_id=DEVICE_ID, election_id=p4r.Uint128(low=0))
        list(self._stub.StreamChannel(iter([p4r.StreamMessageRequest(arbitration=update)])))

    def push(self, program: Program) -> None:
        """Load a program and let packets run it. Raises `ControlError`."""
        self._set_pipeline(p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT, program)

    def save(self, program: Program) -> None:
        """Load a program beside the one that runs. Raises `ControlError`."""
        self._set_pipeline(p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_SAVE, program)

    def commit(self) -> None:
        """Let packets run the saved program. Raises `ControlError`."""
        self._set_pipeline(p4r.SetForwardingPipelineConfigRequest.COMMIT, None)

    def _set_pipeline(self, action: int, program: Program | None) -> None:
        request = p4r.SetForwardingPipelineConfigRequest(
            device_id=DEVICE_ID, election_id=self._election, action=action
        )
        if program is not None:
            request.config.p4info.CopyFrom(program.p4info)
            request.config.p4_device_config = program.json
        try:
            self._stub.SetForwardingPipelineConfig(request, timeout=CALL_LIMIT_S)
        except grpc.RpcError as error:
            raise ControlError(_explain(error)) from error

    def insert(self, *entities: p4r.Entity) -> None:
        """Insert entities. Raises `ControlError`."""
        self._write(p4r.Update.INSERT, entities)

    def modify(self, *entities: p4r.Entity) -> None:
        """Modify entities. Raises `ControlError`."""
        self._write(p4r.Update.MODIFY, entities)

    def delete(self, *entities: p4r.Entity) -> None:
        """Delete entities. Raises `ControlError`."""
        self._write(p4r.Update.DELETE, entities)

    def write_request(self, request: p4r.WriteRequest) -> None:
        """Make a call that was prepared. Raises `ControlError`."""
        try:
            self._stub.Write(request, timeout=CALL_LIMIT_S)
        except grpc.RpcError as error:
            raise ControlError(_explain(error)) from error

    def read(self, entity: p4r.Entity) -> list[p4r.Entity]:
        """Read what matches an entity. Raises `ControlError`."""
        request = p4r.ReadRequest(device_id=DEVICE_ID, entities=[entity])
        try:
            answers = list(self._stub.Read(request, timeout=CALL_LIMIT_S))
        except grpc.RpcError as error:
            raise ControlError(_explain(error)) from error
        return [found for answer in answers for found in answer.entities]

    def packet_out(self, packet: p4r.PacketOut) -> None:
        """Send a packet-out; nothing answers it."""
        self._outgoing.put(p4r.StreamMessageRequest(packet=packet))

    def _write(self, kind: p4r.Update.Type, entities: Sequence[p4r.Entity]) -> None:
        updates = [p4r.Update(type=kind, entity=entity) for entity in entities]
        self.write_request(
            p4r.WriteRequest(device_id=DEVICE_ID, election_id=self._election, updates=updates)
        )

    @property
    def _election(self) -> p4r.Uint128:
        return p4r.Uint128(low=self._election_id)

    def _requests(self) -> Iterator[p4r.StreamMessageRequest]:
        while (request := self._outgoing.get()) is not None:
            yield request

    def _read_stream(self) -> None:
        try:
            for message in self._stub.StreamChannel(self._requests()):
                self._take(message)
        except grpc.RpcError as error:
            self.heard.errors.append(_explain(error))
        except ValueError as error:  # grpcio's way to say that the channel is closed
            self.heard.errors.append(str(error))
        self._ended.set()

    def _take(self, message: p4r.StreamMessageResponse) -> None:
        match message.WhichOneof("update"):
            case "arbitration":
                if message.arbitration.status.code == 0:
                    self._primary.release()
            case "packet":
                self.heard.packets.append(message.packet)
            case "digest":
                self.heard.digests.append(message.digest)
                self._acknowledge(message.digest)
            case "idle_timeout_notification":
                self.heard.idle.extend(message.idle_timeout_notification.table_entry)
            case "error":
                self.heard.errors.append(message.error.message)

    def _acknowledge(self, digests: p4r.DigestList) -> None:
        ack = p4r.DigestListAck(digest_id=digests.digest_id, list_id=digests.list_id)
        self._outgoing.put(p4r.StreamMessageRequest(digest_ack=ack))


def _explain(error: grpc.RpcError) -> str:
    """A failed call in one line, with what the switch says about each update."""
    parts = [f"{error.code().name}: {error.details()}"]
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY:
            for detail in rpc_status.Status.FromString(value).details:
                update = p4r.Error.FromString(detail.value)
                if update.canonical_code:
                    parts.append(f"{update.message} (code {update.canonical_code})")
    return "; ".join(parts)
