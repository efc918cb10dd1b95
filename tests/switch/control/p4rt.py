"""A P4Runtime client for tests, over real gRPC, and the server it talks to.

The client is plain generated stubs, so that malformed messages can be sent as well.
"""

import asyncio
import queue
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import grpc
from finsy.proto import U128, p4i, p4r, p4r_grpc, rpc_code, rpc_status
from google.protobuf import text_format

from switch.dataplane.messages import Config
from switch.p4runtime.device import Device
from switch.p4runtime.server import P4RuntimeServer

PROGRAMS = Path(__file__).parent.parent / "programs"
DEVICE_ID = 7
CPU_PORT = 510
TIMEOUT_S = 30
EVERYTHING_JSON = (PROGRAMS / "everything.json").read_bytes()
EVERYTHING_P4INFO = text_format.Parse(
    (PROGRAMS / "everything.p4info.txtpb").read_text(), p4i.P4Info()
)
Update, Set = p4r.Update, p4r.SetForwardingPipelineConfigRequest


def everything_config(cookie=99):
    return p4r.ForwardingPipelineConfig(
        p4info=EVERYTHING_P4INFO,
        p4_device_config=EVERYTHING_JSON,
        cookie=p4r.ForwardingPipelineConfig.Cookie(cookie=cookie),
    )


def p4_id(alias):
    """The id of the P4Info object with this alias."""
    for field, objects in EVERYTHING_P4INFO.ListFields():
        if field.name in ("pkg_info", "type_info", "controller_packet_metadata"):
            continue
        for info in objects:
            if info.preamble.alias == alias:
                return info.preamble.id
    raise KeyError(alias)


def _unpacked(detail):
    error = p4r.Error()
    assert detail.Unpack(error)
    return error


def changed_p4info(change):
    """The config of everything.p4 with a P4Info that a function has changed."""
    p4info = p4i.P4Info()
    p4info.CopyFrom(EVERYTHING_P4INFO)
    change(p4info)
    config = everything_config()
    config.p4info.CopyFrom(p4info)
    return config


def running(rig):
    """What the data plane of a rig holds for the program that runs."""
    return rig.plane[Config.RUNNING]


def wait_for(condition, seconds=TIMEOUT_S):
    """What a condition gives as soon as it is true."""
    until = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)
    return result


class Failure:
    """What an RPC that failed says: the overall code, and one code per element of a batch."""

    def __init__(self, error):
        self.code = error.code()
        self.message = error.details()
        self.elements = []
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = rpc_status.Status.FromString(value)
                assert status.code == self.code.value[0]
                self.elements = [_unpacked(detail) for detail in status.details]

    @property
    def codes(self):
        return [rpc_code.Code.Name(error.canonical_code) for error in self.elements]

    def __repr__(self):
        return f"{self.code} {self.message} {self.elements}"


def failure(call, *args):
    """The failure of a call that must fail."""
    try:
        call(*args)
    except grpc.RpcError as error:
        return Failure(error)
    raise AssertionError("the call was expected to fail")


class Stream:
    """One StreamChannel."""

    def __init__(self, stub, reading=True):
        self._requests = queue.Queue()
        self._responses = queue.Queue()
        self.call = stub.StreamChannel(iter(self._requests.get, None))
        self.ended = threading.Event()
        self.status = None
        if reading:
            threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self):
        try:
            for response in self.call:
                self._responses.put(response)
        except grpc.RpcError as error:
            self.status = error.code()
            self.message = error.details()
        self.ended.set()

    def send(self, **fields):
        self._requests.put(p4r.StreamMessageRequest(**fields))

    def next(self, kind, timeout=TIMEOUT_S):
        """The next message, which must be of a kind."""
        message = self._responses.get(timeout=timeout)
        assert message.WhichOneof("update") == kind, message
        return getattr(message, kind)

    def forget(self):
        """Drop what has been received so far."""
        while not self._responses.empty():
            self._responses.get()

    def is_quiet(self):
        """Whether the next message is the answer to what is asked now, an empty request."""
        self.send()
        return self.next("error").canonical_code == rpc_code.Code.INVALID_ARGUMENT

    def has_none(self, seconds):
        """Whether no message comes for so long: not yet, where it must come later."""
        try:
            message = self._responses.get(timeout=seconds)
        except queue.Empty:
            return True
        raise AssertionError(f"unexpected: {message}")

    def arbitrate(self, election_id=None, role=None, config=None, device_id=DEVICE_ID):
        update = p4r.MasterArbitrationUpdate(device_id=device_id)
        if election_id is not None:
            update.election_id.CopyFrom(U128.encode(election_id))
        if role is not None:
            update.role.name = role
        if config is not None:
            update.role.config.Pack(config)
        self.send(arbitration=update)

    def wait_end(self):
        assert self.ended.wait(TIMEOUT_S), "the stream is still open"
        return self.status

    def close(self):
        self._requests.put(None)
        self.call.cancel()


class Client:
    """A controller: a channel, its election id and role."""

    def __init__(self, address, election_id=1, role=""):
        self.channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_metadata_size", 1 << 20),
                ("grpc.absolute_max_metadata_size", 2 << 20),
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )
        self.stub = p4r_grpc.P4RuntimeStub(self.channel)
        self.election_id = election_id
        self.role = role
        self.streams = []

    def stream(self, reading=True):
        self.streams.append(Stream(self.stub, reading))
        return self.streams[-1]

    def become_primary(self):
        stream = self.stream()
        stream.arbitrate(self.election_id, self.role or None)
        assert stream.next("arbitration").status.code == 0
        return stream

    def set_config(self, action, config=None, device_id=DEVICE_ID):
        request = Set(
            device_id=device_id,
            role=self.role,
            election_id=U128.encode(self.election_id),
            action=action,
            config=config,
        )
        return self.stub.SetForwardingPipelineConfig(request, timeout=TIMEOUT_S)

    def get_config(self, response_type=0, device_id=DEVICE_ID):
        request = p4r.GetForwardingPipelineConfigRequest(
            device_id=device_id, response_type=response_type
        )
        return self.stub.GetForwardingPipelineConfig(request, timeout=TIMEOUT_S)

    def write(self, *updates, atomicity=0, device_id=DEVICE_ID):
        request = p4r.WriteRequest(
            device_id=device_id,
            role=self.role,
            election_id=U128.encode(self.election_id),
            updates=updates,
            atomicity=atomicity,
        )
        return self.stub.Write(request, timeout=TIMEOUT_S)

    def refused(self, *updates, **options):
        """The codes of the updates of a batch that fails."""
        try:
            self.write(*updates, **options)
        except grpc.RpcError as error:
            return Failure(error).codes
        raise AssertionError("the write was expected to fail")

    def responses(self, *entities, device_id=DEVICE_ID):
        request = p4r.ReadRequest(device_id=device_id, role=self.role, entities=entities)
        return list(self.stub.Read(request, timeout=TIMEOUT_S))

    def read(self, *entities):
        return [entity for response in self.responses(*entities) for entity in response.entities]

    def read_refused(self, *entities):
        """The codes of the requests of a read that fails."""
        try:
            self.responses(*entities)
        except grpc.RpcError as error:
            return Failure(error).codes
        raise AssertionError("the read was expected to fail")

    def close(self):
        for stream in self.streams:
            stream.close()
        self.channel.close()


class Rig:
    """A switch on a port of its own, and clients of it."""

    def __init__(self, plane, device, server, loop):
        self.plane = plane
        self.device = device
        self.server = server
        self.loop = loop
        self.address = f"127.0.0.1:{server.port}"
        self.clients = []

    def client(self, election_id=1, role=""):
        self.clients.append(Client(self.address, election_id, role))
        return self.clients[-1]

    def primary(self, config=True):
        """A client that is primary and, if wanted, has set the config of everything.p4."""
        client = self.client()
        client.primary_stream = client.become_primary()
        if config:
            client.set_config(Set.VERIFY_AND_COMMIT, everything_config())
        return client

    def notify(self, event):
        self.server.notifier.notify(event)


@contextmanager
def serve(plane, cpu_port=CPU_PORT):
    """Serve a data plane while the context lasts."""
    device = Device(DEVICE_ID, plane, cpu_port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(TIMEOUT_S)

    async def end_tasks():  # as asyncio.run does
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def prepare():
        return P4RuntimeServer(device, "127.0.0.1:0")

    server = run(prepare())
    serving = server.serving()
    run(serving.__aenter__())
    rig = Rig(plane, device, server, loop)
    try:
        yield rig
    finally:
        for client in rig.clients:
            client.close()
        run(serving.__aexit__(None, None, None))
        run(end_tasks())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()


# -- messages ------------------------------------------------------------------------------------


def action(alias, *values):
    """An action of everything.p4 with its arguments in order."""
    message = p4r.Action(action_id=p4_id(alias))
    for place, value in enumerate(values):
        message.params.add(param_id=place + 1, value=value)
    return message


def table_entry(alias, match=(), act=None, **fields):
    entry = p4r.TableEntry(table_id=p4_id(alias), match=match, **fields)
    if act is not None:
        entry.action.action.CopyFrom(act)
    return entry


def exact(field_id, value):
    return p4r.FieldMatch(field_id=field_id, exact=p4r.FieldMatch.Exact(value=value))


def lpm(field_id, value, length):
    return p4r.FieldMatch(field_id=field_id, lpm=p4r.FieldMatch.LPM(value=value, prefix_len=length))


def ternary(field_id, value, mask):
    return p4r.FieldMatch(field_id=field_id, ternary=p4r.FieldMatch.Ternary(value=value, mask=mask))


def limits(field_id, low, high):
    return p4r.FieldMatch(field_id=field_id, range=p4r.FieldMatch.Range(low=low, high=high))


def optional(field_id, value):
    return p4r.FieldMatch(field_id=field_id, optional=p4r.FieldMatch.Optional(value=value))


def insert(**entity):
    return Update(type=Update.INSERT, entity=p4r.Entity(**entity))


def modify(**entity):
    return Update(type=Update.MODIFY, entity=p4r.Entity(**entity))


def delete(**entity):
    return Update(type=Update.DELETE, entity=p4r.Entity(**entity))
