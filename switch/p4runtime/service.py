"""The P4Runtime service: gRPC's calls, checked in the order that the specification gives.

It runs on gRPC's asyncio server: a stream costs no thread, and the arbitration needs no lock
because all of it happens in the event loop. What takes longer is done by threads, writes and
pipeline changes by one of their own, one after the other; a few updates are done at once.
"""

# ruff: noqa: N802 - the calls have gRPC's names

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import grpc
from finsy.proto import U128, p4r

from switch.dataplane.errors import WorkerGone
from switch.p4runtime.batches import Batch
from switch.p4runtime.configs import get_config, set_config
from switch.p4runtime.device import Device
from switch.p4runtime.injector import Injector
from switch.p4runtime.notifications import Notifier
from switch.p4runtime.roles import FULL_ACCESS, RoleScope
from switch.p4runtime.sessions import Sessions
from switch.p4runtime.status import (
    StatusError,
    internal,
    invalid_argument,
    not_found,
    permission_denied,
    trailing_metadata,
    unavailable,
)
from switch.p4runtime.streams import StreamServer
from switch.p4runtime.view import Response

LOG = logging.getLogger(__name__)

API_VERSION = "1.4.0"
"""The specification that this server follows; messages of 1.5 are understood."""

MAX_AT_ONCE = 128
"""Updates that are done in the event loop, if nothing is under way. That takes 2 ms at most, mostly
much less; to hand them to a thread and back takes 0.1 ms."""

TAKE_S = 0.005
"""How long one step of a large read may take before other reads have their turn."""

_T = TypeVar("_T")


class P4RuntimeService:
    """Serves one device."""

    def __init__(
        self, device: Device, sessions: Sessions, notifier: Notifier, injector: Injector
    ) -> None:
        self._device = device
        self._sessions = sessions
        self._notifier = notifier
        self._streams = StreamServer(device, sessions, notifier, injector)
        self._writer = ThreadPoolExecutor(1, "p4runtime-write")
        self._readers = ThreadPoolExecutor(4, "p4runtime-read")
        self._writes_under_way = 0

    def close(self) -> None:
        """Wait for what is under way, and start nothing more."""
        self._writer.shutdown(cancel_futures=True)
        self._readers.shutdown(cancel_futures=True)

    async def Capabilities(
        self, request: p4r.CapabilitiesRequest, context: grpc.aio.ServicerContext
    ) -> p4r.CapabilitiesResponse:
        """The version of the API."""
        return p4r.CapabilitiesResponse(p4runtime_api_version=API_VERSION)

    async def SetForwardingPipelineConfig(
        self,
        request: p4r.SetForwardingPipelineConfigRequest,
        context: grpc.aio.ServicerContext,
    ) -> p4r.SetForwardingPipelineConfigResponse:
        """Verify, save or commit a config."""
        async with _status_of(context):
            scope = self._check_primary(request)
            if not scope.can_push_pipeline:
                raise permission_denied("the controller's role may not push a pipeline")
            changed = await self._write(request.role, set_config, self._device, request)
            if changed:
                self._notifier.program_changed()
        return p4r.SetForwardingPipelineConfigResponse()

    async def GetForwardingPipelineConfig(
        self,
        request: p4r.GetForwardingPipelineConfigRequest,
        context: grpc.aio.ServicerContext,
    ) -> p4r.GetForwardingPipelineConfigResponse:
        """Hand back the config, or parts of it."""
        async with _status_of(context):
            self._check_device(request.device_id)
            return await _run(self._readers, get_config, self._device, request.response_type)

    async def Write(self, batch: Batch, context: grpc.aio.ServicerContext) -> p4r.WriteResponse:
        """Apply a batch of updates."""
        async with _status_of(context):
            scope = self._check_primary(batch.head)
            try:
                if len(batch) <= MAX_AT_ONCE and self._is_idle():
                    self._device.write(batch, scope)
                else:
                    await self._write(batch.head.role, self._device.write, batch, scope)
            finally:  # some may be applied where others are refused
                self._notifier.entities_written()
        return p4r.WriteResponse()

    async def Read(
        self, request: p4r.ReadRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """Stream what a batch of requests selects."""
        async with _status_of(context):
            self._check_device(request.device_id)
            scope = self._sessions.arbiter.scope(request.role) if request.role else FULL_ACCESS
            messages, batch = await _run(self._readers, self._begin_read, request, scope)
            while True:
                for message in batch.messages:
                    yield message
                if batch.error is not None:
                    raise batch.error
                if batch.is_last:
                    return
                batch = await _run(self._readers, _take, messages)

    async def StreamChannel(
        self,
        request_iterator: AsyncIterator[p4r.StreamMessageRequest],
        context: grpc.aio.ServicerContext,
    ) -> None:
        """Serve one controller until either side ends the stream."""
        async with _status_of(context):
            await self._streams.serve(context)

    def _begin_read(
        self, request: p4r.ReadRequest, scope: RoleScope
    ) -> tuple[Iterator[Response], _Batch]:
        messages = self._device.read(request, scope)
        return messages, _take(messages)

    def _check_device(self, device_id: int) -> None:
        if device_id != self._device.device_id:
            raise not_found(
                f"device_id {device_id} is not this switch's ({self._device.device_id})"
            )

    def _check_primary(
        self, request: p4r.WriteRequest | p4r.SetForwardingPipelineConfigRequest
    ) -> RoleScope:
        """What the primary that a request comes from may do; raises for anybody else."""
        self._check_device(request.device_id)
        if request.role_id and not request.role:
            raise invalid_argument("role ids are deprecated: give the role's name")
        election_id = None
        if request.HasField("election_id"):
            election_id = U128.decode(request.election_id)
        return self._sessions.arbiter.check_primary(request.role, election_id)

    async def _write(self, role: str, function: Callable[..., _T], *arguments: Any) -> _T:
        """Run a change in the writer's thread; until it ends its role gets no other primary."""
        loop = asyncio.get_running_loop()
        self._sessions.begin_write(role)
        self._writes_under_way += 1
        future = self._writer.submit(function, *arguments)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._end_write, role))
        return await asyncio.wrap_future(future)

    def _end_write(self, role: str) -> None:
        self._writes_under_way -= 1
        self._sessions.end_write(role)

    def _is_idle(self) -> bool:
        """Whether a write would wait for nothing."""
        return not self._writes_under_way and not self._device.lock.locked()


async def _run(executor: ThreadPoolExecutor, function: Callable[..., _T], *arguments: Any) -> _T:
    return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)


class _Batch(NamedTuple):
    """Some messages of an answer, made in one go."""

    messages: list[Response]
    is_last: bool = False
    error: StatusError | None = None


def _take(messages: Iterator[Response]) -> _Batch:
    """The next messages of an answer, as many as can be made in TAKE_S."""
    taken: list[Response] = []
    until = time.monotonic() + TAKE_S
    try:
        for message in messages:
            taken.append(message)
            if time.monotonic() > until:
                return _Batch(taken)
    except StatusError as error:
        return _Batch(taken, is_last=True, error=error)
    return _Batch(taken, is_last=True)


@asynccontextmanager
async def _status_of(context: grpc.aio.ServicerContext) -> AsyncIterator[None]:
    """Turn what is raised inside into the status of the call."""
    try:
        yield
    except (grpc.RpcError, grpc.aio.AbortError):
        raise
    except Exception as error:
        status = _as_status(error)
        LOG.debug("%s: %s", context.peer(), status)
        await context.abort(status.code, status.message, trailing_metadata(status))


def _as_status(error: Exception) -> StatusError:
    if isinstance(error, StatusError):
        return error
    if isinstance(error, WorkerGone):
        return unavailable(f"the data plane does not answer: {error}")
    LOG.error("a request failed unexpectedly", exc_info=error)
    return internal(f"unexpected {type(error).__name__} in the switch; see its log")
