"""One `StreamChannel`: what a controller sends on it, and sending it what waits in its queue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import grpc
from finsy.proto import p4r

from switch.p4runtime.device import Device
from switch.p4runtime.injector import Injector
from switch.p4runtime.notifications import Notifier
from switch.p4runtime.sessions import Session, Sessions
from switch.p4runtime.status import (
    ERROR_SPACE,
    StatusError,
    invalid_argument,
    permission_denied,
    resource_exhausted,
    unimplemented,
)

LOG = logging.getLogger(__name__)


class StreamServer:
    """Serves all streams of a switch."""

    def __init__(
        self, device: Device, sessions: Sessions, notifier: Notifier, injector: Injector
    ) -> None:
        self._device = device
        self._sessions = sessions
        self._notifier = notifier
        self._injector = injector
        self._tasks: set[asyncio.Task[None]] = set()
        """What outlives the calls it belongs to; asyncio itself does not hold on to tasks."""

    async def serve(self, context: grpc.aio.ServicerContext) -> None:
        """Serve one stream until the controller ends it.

        Raises the `StatusError` to end it with.
        """
        task = asyncio.current_task()
        assert task is not None
        session = Session(context.peer(), task.cancel, self._sessions.drops)
        sender = self._start(_send(session, context))
        has_ended = False
        try:
            await self._receive(session, context)
            has_ended = True
        except asyncio.CancelledError:
            if not session.is_overrun:
                raise
            task.uncancel()
            raise resource_exhausted("the controller does not read its stream") from None
        finally:
            # A cancellation may come at any time, so nothing here depends on being waited for.
            # gRPC sends no status while a message is on its way: the sender ends by itself.
            session.close(drop=not has_ended)
            await asyncio.wait([sender, self._start(self._sessions.leave(session))])

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _receive(self, session: Session, context: grpc.aio.ServicerContext) -> None:
        while (request := await context.read()) is not grpc.aio.EOF:
            if request.WhichOneof("update") == "arbitration":
                await self._sessions.arbitrate(session, request.arbitration)
            else:
                self._handle(session, request)

    def _handle(self, session: Session, request: p4r.StreamMessageRequest) -> None:
        """Handle what is not arbitration; what is wrong is told by a stream error."""
        kind = request.WhichOneof("update")
        try:
            if kind is None:
                raise invalid_argument("the stream message is empty")
            if kind == "other":
                raise unimplemented("architecture-specific stream messages")
            if not self._sessions.arbiter.is_primary(session):
                raise permission_denied(f"not primary: the {kind.replace('_', ' ')} is dropped")
            if kind == "packet":
                self._injector.put(*self._device.packet_out_frame(request.packet))
            else:
                self._notifier.acknowledge(request.digest_ack)
        except StatusError as error:
            session.offer(p4r.StreamMessageResponse(error=_stream_error(kind, request, error)))


async def _send(session: Session, context: grpc.aio.ServicerContext) -> None:
    """Send what is queued until the session is closed or the stream has ended."""
    try:
        while (message := await session.next_message()) is not None:
            await context.write(message)
    except (grpc.RpcError, grpc.aio.BaseError, asyncio.CancelledError) as error:
        LOG.debug("%s: the stream has ended: %r", session.peer, error)


def _stream_error(
    kind: str | None, request: p4r.StreamMessageRequest, error: StatusError
) -> p4r.StreamError:
    message = p4r.StreamError(canonical_code=error.number, message=error.message, space=ERROR_SPACE)
    if kind == "packet":
        message.packet_out.packet_out.CopyFrom(request.packet)
    elif kind == "digest_ack":
        message.digest_list_ack.digest_list_ack.CopyFrom(request.digest_ack)
    else:
        message.other.other.CopyFrom(request.other)
    return message
