"""The gRPC server around the P4Runtime service."""

from __future__ import annotations

import asyncio
from types import TracebackType

import grpc
from finsy.proto import p4r_grpc

from switch.addresses import AddressError
from switch.p4runtime.arbitration import Arbiter
from switch.p4runtime.device import Device
from switch.p4runtime.notifications import Notifier
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.sessions import Sessions

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
    """Listens while it is entered: `async with P4RuntimeServer(device, "127.0.0.1:50051")`."""

    def __init__(self, device: Device, address: str) -> None:
        """Prepare; to be called in the event loop. gRPC's own threads start on entry only."""
        self._device = device
        self._address = address
        self.sessions = Sessions(Arbiter(device.device_id))
        self.notifier = Notifier(device, self.sessions)
        self.port = 0
        """The port that is listened at, once the server has started."""

    async def __aenter__(self) -> P4RuntimeServer:
        """Start; raises `AddressError`."""
        self._server = grpc.aio.server(
            options=_OPTIONS, maximum_concurrent_rpcs=MAX_CONCURRENT_CALLS
        )
        self._service = P4RuntimeService(self._device, self.sessions, self.notifier)
        p4r_grpc.add_P4RuntimeServicer_to_server(self._service, self._server)
        try:
            self.port = self._server.add_insecure_port(self._address)
        except RuntimeError as error:
            self._service.close()
            cause = "the port is taken, or the address is not this machine's"
            raise AddressError("P4Runtime", self._address, "--grpc", cause) from error
        await self._server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop: streams are cut, calls under way get a moment to end."""
        self.notifier.stop()
        await self._server.stop(STOP_GRACE_S)
        await asyncio.get_running_loop().run_in_executor(None, self._service.close)
