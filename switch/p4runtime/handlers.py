"""Binds the P4Runtime service to gRPC, as the generated code does, but for what there is much of:
Write requests are taken apart by `BatchReader`, and answers may be serialized already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from finsy.proto import p4r
from google.protobuf.message import Message

from switch.p4runtime.batches import BatchReader
from switch.p4runtime.service import P4RuntimeService

_SERVICE = p4r.DESCRIPTOR.services_by_name["P4Runtime"]


def rpc_handlers(service: P4RuntimeService) -> grpc.GenericRpcHandler:
    """The handlers of all methods of the service."""
    handlers = {method.name: _handler(service, method) for method in _SERVICE.methods}
    return grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers)


def _handler(service: P4RuntimeService, method: Any) -> grpc.RpcMethodHandler:
    makers = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    return makers[method.client_streaming, method.server_streaming](
        getattr(service, method.name),
        request_deserializer=_deserializer(method),
        response_serializer=_serialized,
    )


def _deserializer(method: Any) -> Callable[[bytes], Any]:
    if method.input_type.name == "WriteRequest":
        return BatchReader().read
    return getattr(p4r, method.input_type.name).FromString


def _serialized(message: Message | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()
