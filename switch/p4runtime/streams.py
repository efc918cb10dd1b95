"""One `StreamChannel`: what a controller sends on it, and sending it what waits in its queue."""

from __future__ import annotations

import asyncio

import grpc
from finsy.proto import p4r

from switch.p4runtime.device import Device
from switch.p4runtime.notifications import Notifier
from switch.p4runtime.sessions import Session, Sessions
from switch.p4runtime.status import (
    ERROR_SPACE,
    StatusError,
    invalid_argument,
    permission_denied,
    unimplemented,
)


async def serve_stream(
    session: Session,
    context: grpc.aio.ServicerContext,
    sessions: Sessions,
    device: Device,
    notifier: Notifier,
) -> None:
    """Serve a stream until the controller ends it; raises the `StatusError` to end it with."""
    sender = asyncio.create_task(_send(session, context))
    try:
        while (request := await context.read()) is not grpc.aio.EOF:
            if request.WhichOneof("update") == "arbitration":
                await sessions.arbitrate(session, request.arbitration)
            else:
                _handle(session, sessions, device, notifier, request)
    finally:
        sender.cancel()
        await asyncio.shield(sessions.leave(session))
        await asyncio.wait([sender])


async def _send(session: Session, context: grpc.aio.ServicerContext) -> None:
    while True:
        await context.write(await session.next_message())


def _handle(
    session: Session,
    sessions: Sessions,
    device: Device,
    notifier: Notifier,
    request: p4r.StreamMessageRequest,
) -> None:
    """Handle what is not arbitration; what is wrong is told by a stream error."""
    kind = request.WhichOneof("update")
    try:
        if kind is None:
            raise invalid_argument("the stream message is empty")
        if kind == "other":
            raise unimplemented("architecture-specific stream messages")
        if not sessions.arbiter.is_primary(session):
            raise permission_denied(f"not primary: the {kind.replace('_', ' ')} is dropped")
        if kind == "packet":
            device.packet_out(request.packet)
        else:
            notifier.acknowledge(request.digest_ack)
    except StatusError as error:
        session.offer(p4r.StreamMessageResponse(error=_stream_error(kind, request, error)))


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
