"""The gRPC server around the P4Runtime service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import grpc

from switch.addresses import AddressError
from switch.p4runtime.arbitration import Arbiter
from switch.p4runtime.device import Device
from switch.p4runtime.handlers import rpc_handlers
from switch.p4runtime.injector import Injector
from switch.p4runtime.notifications import Notifier
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.sessions import Sessions
from switch.p4runtime.tls import TlsFiles

STOP_GRACE_S = 0.5
"""How long calls under way may take when the server stops; streams are cut then."""
MAX_REQUEST_BYTES = 256 << 20
"""As PI's: programs are large."""
MAX_CONCURRENT_CALLS = 1024

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # else two switches share a port in silence
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),  # a controller whose host vanished is noticed
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
    ("grpc.http2.max_ping_strikes", 0),
)


class P4RuntimeServer:
    """The P4Runtime server of a device."""

    def __init__(self, device: Device, address: str, tls: TlsFiles | None = None) -> None:
        """Prepare; to be called in the event loop. gRPC's own threads start with `serving`."""
        self._device = device
        self._address = address
        self._tls = tls
        self.sessions = Sessions(Arbiter(device.device_id))
        self.notifier = Notifier(device, self.sessions)
        self.port = 0
        """The port that is listened at, once the server has started."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve while the context lasts; raises `AddressError` and `TlsError`."""
        server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS)
        with (
            Injector(self._device.plane) as injector,
            closing(
                P4RuntimeService(self._device, self.sessions, self.notifier, injector)
            ) as service,
        ):
            server.add_generic_rpc_handlers((rpc_handlers(service),))
            self.port = self._listen(server)
            await server.start()
            try:
                yield
            finally:
                self.notifier.stop()
                await server.stop(STOP_GRACE_S)

    def _listen(self, server: grpc.aio.Server) -> int:
        credentials = self._tls.credentials() if self._tls else None
        try:
            if credentials is None:
                return server.add_insecure_port(self._address)
            return server.add_secure_port(self._address, credentials)
        except RuntimeError as error:
            cause = "the port is taken, or the address is not this machine's"
            if credentials is not None:
                cause += ", or the certificate and the key do not belong together"
            raise AddressError("P4Runtime", self._address, "--grpc", cause) from error
