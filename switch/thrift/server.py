"""The Thrift server: a thread a connection, BMv2's multiplexed binary protocol.

thriftpy2's own servers neither end their connections nor bound their number, and their
multiplexer drops a connection that calls an unknown method instead of saying so. Bursts of register
writes never get as far as thriftpy2 (`bursts`).
"""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any

from thriftpy2.protocol import TCyBinaryProtocolFactory
from thriftpy2.protocol.binary import TBinaryProtocol
from thriftpy2.thrift import TApplicationException, TException, TMessageType, TProcessor, TType
from thriftpy2.transport import TCyBufferedTransport, TSocket, TTransportException

from switch.addresses import AddressError, split_address
from switch.dataplane.errors import DataPlaneError
from switch.thrift.bursts import answer_burst
from switch.thrift.packed import PackedCells
from switch.thrift.services import Service, Services

LOG = logging.getLogger(__name__)

MAX_CONNECTIONS = 64
SEND_TIMEOUT_S = 10
"""For a client that does not read its answer. One that asks nothing may stay."""
STOP_TIMEOUT_S = 2
ACCEPT_AGAIN_S = 0.5
"""Before another try to take connections, where the process has no descriptor left for one."""
RECEIVED_BYTES = 1 << 17
"""Taken from a connection at a time."""
ANSWER_BYTES = 1 << 16
"""Gathered before they are sent."""


_OWN_RESULTS = {"bm_register_read_all": PackedCells}
"""In place of thriftpy2's."""


class Multiplexer(TProcessor):
    """Sends a call `service:method` to the service's object."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        """The services, by name."""
        self._services = services

    def process_in(self, iprot: Any) -> tuple[str, int, Any, Callable[[], Any] | None]:
        """Read a call; the answer to fill and the function that gives its result."""
        name, kind, sequence = iprot.read_message_begin()
        if kind != TMessageType.CALL:
            raise TException(f"message type {kind} is not a call")
        service_name, _, method = name.rpartition(":")
        service = self._services.get(service_name)
        if service is None or method not in service.calls:
            iprot.skip(TType.STRUCT)
            iprot.read_message_end()
            unknown = TApplicationException(
                TApplicationException.UNKNOWN_METHOD, f"this switch does not answer {name}"
            )
            return method, sequence, unknown, None
        arguments = getattr(service.idl, f"{method}_args")()
        arguments.read(iprot)
        iprot.read_message_end()
        values = [getattr(arguments, spec[1]) for spec in arguments.thrift_spec.values()]
        make_result = _OWN_RESULTS.get(method) or getattr(service.idl, f"{method}_result")
        result = make_result()
        return method, sequence, result, lambda: _call(service, method, values)


def _call(service: Service, method: str, values: list[Any]) -> Any:
    if None in values:
        raise TApplicationException(
            TApplicationException.PROTOCOL_ERROR, f"{method} lacks an argument"
        )
    try:
        return service.calls[method](*values)
    except TException:
        raise
    except DataPlaneError as error:
        raise TApplicationException(TApplicationException.INTERNAL_ERROR, str(error)) from error
    except Exception as error:
        LOG.exception("the Thrift call %s failed unexpectedly", method)
        text = f"unexpected {type(error).__name__} in the switch; see its log"
        raise TApplicationException(TApplicationException.INTERNAL_ERROR, text) from error


class Received:
    """What has come on a connection; the calls are read from it, a burst or one by one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._data = b""
        self._start = 0

    def ahead(self) -> memoryview:
        """What is still to be read, waited for if that is nothing. Raises at the end."""
        if self._start == len(self._data):
            self._data, self._start = self._receive(), 0
        return memoryview(self._data)[self._start :]

    def skip(self, count: int) -> None:
        """Some of it has been read."""
        self._start += count

    def read(self, count: int) -> bytes:
        """The next bytes, for thriftpy2."""
        if count < 0:
            raise TException(f"a length of {count}")
        end = self._start + count
        if end > len(self._data):
            parts = [self._data[self._start :]]
            missing = count - len(parts[0])
            while missing > 0:
                parts.append(self._receive())
                missing -= len(parts[-1])
            self._data, end = b"".join(parts), count
        found = self._data[end - count : end]
        self._start = end
        return found

    def _receive(self) -> bytes:
        received = self._connection.recv(RECEIVED_BYTES)
        if not received:
            raise TTransportException(TTransportException.END_OF_FILE, "the client hung up")
        return received


class ThriftServer:
    """Listens while it is entered."""

    def __init__(self, address: str, services: Services) -> None:
        self._address = address
        self._processor = Multiplexer(services.by_name)
        self._writer = services.cells
        self._listener: socket.socket | None = None
        self._connections: dict[socket.socket, Thread] = {}
        self._lock = Lock()
        self._stopping = Event()
        self.port = 0

    def __enter__(self) -> ThriftServer:
        """Start; raises `AddressError`."""
        host, port = split_address(self._address)
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, port), family=family)
        except OSError as error:
            cause = error.strerror or error
            raise AddressError("Thrift", self._address, "--thrift", cause) from error
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, name="thrift-accept", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop: connections are cut."""
        assert self._listener is not None
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._connections.items())
        for connection, _ in connections:
            _cut(connection)
        for _, thread in connections:
            thread.join(STOP_TIMEOUT_S)

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError as error:
                if self._stopping.is_set():
                    return
                LOG.error("no Thrift connection can be taken now: %s", error)
                self._stopping.wait(ACCEPT_AGAIN_S)
                continue
            with self._lock:
                if len(self._connections) >= MAX_CONNECTIONS:
                    LOG.warning(
                        "%s: refused, %d Thrift connections are open", peer, MAX_CONNECTIONS
                    )
                    connection.close()
                    continue
                thread = Thread(target=self._serve, args=(connection,), daemon=True)
                self._connections[connection] = thread
                thread.start()  # under the lock: who finds it may join it

    def _serve(self, connection: socket.socket) -> None:
        """Answer the calls of one connection until it ends."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT_S, 0)
        )
        received = Received(connection)
        calls = TBinaryProtocol(received)
        transport = TCyBufferedTransport(TSocket(sock=connection), ANSWER_BYTES)
        answers = TCyBinaryProtocolFactory().get_protocol(transport)
        try:
            while True:
                done, answer = answer_burst(received.ahead(), self._writer)
                received.skip(done)
                if done:
                    connection.sendall(answer)
                else:
                    self._processor.process(calls, answers)
        except (TTransportException, OSError):
            LOG.debug("a Thrift connection has ended")
        except Exception as error:
            LOG.warning("a Thrift connection is cut, it sent nonsense: %s", error)
        finally:
            with self._lock:
                del self._connections[connection]
            connection.close()


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        LOG.debug("a Thrift connection had ended already")
