"""What a `ForwardingPipelineConfig.p4_device_config` may be: BMv2 JSON, bare or framed.

Clients written for BMv2's first P4Runtime server put the JSON into a `p4.tmp.P4DeviceConfig`
message, field 3; PI accepts both to this day, so we do. The message is described here at run time
because no package ships it.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from switch.p4runtime.status import invalid_argument

_BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
_BOOL = descriptor_pb2.FieldDescriptorProto.TYPE_BOOL
_FIELDS = (("reassign", 1, _BOOL), ("extras", 2, _BYTES), ("device_data", 3, _BYTES))


def _framing() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="p4/tmp/p4config.proto", package="p4.tmp")
    file.syntax = "proto3"
    message = file.message_type.add(name="P4DeviceConfig")
    for name, number, kind in _FIELDS:
        message.field.add(name=name, number=number, type=kind, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("p4.tmp.P4DeviceConfig"))


_P4DeviceConfig = _framing()


def program_json(device_config: bytes) -> bytes:
    """The JSON of the program in a device config; raises INVALID_ARGUMENT if there is none."""
    if not device_config:
        raise invalid_argument("p4_device_config is empty; it must hold the BMv2 JSON")
    if device_config.lstrip().startswith(b"{"):
        return device_config
    try:
        framed = _P4DeviceConfig.FromString(device_config)
    except DecodeError:
        raise invalid_argument("p4_device_config is neither BMv2 JSON nor frames any") from None
    if not framed.device_data:
        raise invalid_argument("p4_device_config frames no BMv2 JSON (its device_data is empty)")
    return framed.device_data
