"""gRPC as the southbound uses it: channel options, and every failure as one of our errors.

Choices:
- No keep-alive by HTTP/2 pings: gRPC servers with default settings, BMv2 among them, answer more
  than one ping in five minutes with ENHANCE_YOUR_CALM and close the connection. A session probes
  with Capabilities calls instead.
- No proxy and no sharing of connections between channels: a new channel connects at once instead
  of waiting out the back-off of the one that it replaces.
- Answers in several messages (Read) are taken by the thread that asked: through gRPC's own thread
  of the channel they take twice the processor time, and load is read from many nodes each second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import grpc
import grpc.experimental
from finsy.proto import p4r, rpc_status
from google.protobuf.message import DecodeError

from controller.errors import NodeError, NodeRefused, NodeTimeout, NodeUnreachable, NotPrimary
from controller.southbound.driver import NodeAddress

SINGLE_THREADED_READS = grpc.experimental.ChannelOptions.SingleThreadedUnaryStream
"The thread that reads an answer of several messages gets them itself."
_DETAILS_KEY = "grpc-status-details-bin"
_SHOWN_DETAILS = 4
_METADATA_BYTES = 4 * 1024 * 1024  # one status for each update of a batch travels in a trailer


@dataclass(frozen=True)
class UpdateStatus:
    """What a node says about one update of a write batch."""

    code: int
    "Canonical code; 0 means done."
    message: str

    @property
    def name(self) -> str:
        """Name of the canonical code."""
        return code_name(self.code)


def open_channel(address: NodeAddress) -> grpc.Channel:
    """Return a channel to a node; connecting begins with its first call."""
    size, tls = address.options.max_message_bytes, address.options.tls
    options = [
        ("grpc.max_receive_message_length", size),
        ("grpc.max_send_message_length", size),
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.use_local_subchannel_pool", 1),
        (SINGLE_THREADED_READS, 1),
    ]
    if tls is None:
        return grpc.insecure_channel(address.grpc, options)
    return grpc.secure_channel(address.grpc, tls.credentials(), options)


def code_name(code: int) -> str:
    """Return the name of a canonical code, its number if there is none."""
    return _NAMES.get(code, str(code))


def code_of(error: grpc.RpcError) -> int:
    """Return the canonical code of a failed call."""
    return error.code().value[0]


def message_of(error: grpc.RpcError) -> str:
    """Return what the node, or gRPC on its behalf, says about a failed call, with its details."""
    parts = [error.details() or "no reason given"]
    parts += [
        f"{status.name}: {status.message}" for status in update_statuses(error) if status.code
    ]
    shown = "; ".join(parts[:_SHOWN_DETAILS])
    return shown if len(parts) <= _SHOWN_DETAILS else f"{shown}; ..."


def node_error(node: str, asked: str, error: grpc.RpcError) -> NodeError:
    """Return a failed gRPC call as one of our errors."""
    message = message_of(error)
    match error.code():
        case grpc.StatusCode.UNAVAILABLE:
            return NodeUnreachable(
                node, asked, message, "is the switch running, and its gRPC address right?"
            )
        case grpc.StatusCode.CANCELLED:
            return NodeUnreachable(node, asked, "the session ended during the call")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return NodeTimeout(node, asked, "no answer in time", "is the switch overloaded?")
        case grpc.StatusCode.PERMISSION_DENIED:
            return NotPrimary(node, asked, message, "which other controller holds the switch?")
        case code:
            return NodeRefused(node, asked, f"{code.name}: {message}", code=code.name)


def update_statuses(error: grpc.RpcError) -> Sequence[UpdateStatus]:
    """Return the status of each update of a failed write, or of each entity of a failed read.

    Empty if the node gave none.

    They travel as ``google.rpc.Status`` in the trailer, with one ``p4.v1.Error`` for each update,
    in order (specification, "Error Reporting Messages").
    """
    # The stub's metadatum is no pair.
    pairs: Iterable[tuple[str, bytes]] = error.trailing_metadata() or ()  # type: ignore[assignment]
    for key, value in pairs:
        if key == _DETAILS_KEY:
            return _parse_details(value)
    return ()


def _parse_details(value: bytes) -> Sequence[UpdateStatus]:
    try:
        status = rpc_status.Status.FromString(value)
        errors = [p4r.Error.FromString(detail.value) for detail in status.details]
    except DecodeError:
        return ()
    return [UpdateStatus(error.canonical_code, error.message) for error in errors]


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
