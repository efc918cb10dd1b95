"""Setting and getting the forwarding pipeline config (specification 1.4, the RPCs of that name).

A config is checked completely before anything changes: P4Info against JSON here, and whether the
program can be run by the data plane's compiler. After VERIFY_AND_SAVE the config is the one that
Read, Write and GetForwardingPipelineConfig are about, while packets run the former one until
COMMIT; PI and Stratum do the same.
"""

from __future__ import annotations

from finsy.proto import p4r

from switch.codegen.manifest import compile_program
from switch.dataplane.errors import DataPlaneError
from switch.p4json.source import ProgramError
from switch.p4runtime.device import Device
from switch.p4runtime.pipeline import Pipeline, make_pipeline
from switch.p4runtime.reconcile import carry_over
from switch.p4runtime.status import StatusError, invalid_argument, not_found

_Request = p4r.SetForwardingPipelineConfigRequest
_Get = p4r.GetForwardingPipelineConfigRequest


def set_config(device: Device, request: p4r.SetForwardingPipelineConfigRequest) -> bool:
    """Do what a request asks; whether the program that packets run has changed.

    Raises INVALID_ARGUMENT for a config that is missing, wrong or given where none belongs, and
    NOT_FOUND for a commit with nothing saved. Then nothing has changed.
    """
    action = request.action
    if action == _Request.COMMIT:
        _commit(device, request)
        return True
    if action not in (
        _Request.VERIFY,
        _Request.VERIFY_AND_SAVE,
        _Request.VERIFY_AND_COMMIT,
        _Request.RECONCILE_AND_COMMIT,
    ):
        raise invalid_argument(f"action {action} is not valid")
    if not request.HasField("config"):
        raise invalid_argument(f"{_Request.Action.Name(action)} needs a config")
    pipeline = make_pipeline(request.config)
    if action == _Request.VERIFY:
        _compile(pipeline)
        return False
    with device.lock:
        _save(device, pipeline)
        if action == _Request.VERIFY_AND_SAVE:
            return False
        if action == _Request.RECONCILE_AND_COMMIT:
            _reconcile(device)
        _swap(device)
        return True


def get_config(
    device: Device, response_type: _Get.ResponseType.ValueType
) -> p4r.GetForwardingPipelineConfigResponse:
    """The config that control calls are about; without one the answer is empty."""
    parts = {
        _Get.ALL: ("p4info", "p4_device_config"),
        _Get.COOKIE_ONLY: (),
        _Get.P4INFO_AND_COOKIE: ("p4info",),
        _Get.DEVICE_CONFIG_AND_COOKIE: ("p4_device_config",),
    }.get(response_type)
    if parts is None:
        raise invalid_argument(f"response_type {response_type} is not valid")
    response = p4r.GetForwardingPipelineConfigResponse()
    with device.lock:
        pipeline = device.controlled
    if pipeline is None:
        return response
    response.config.SetInParent()
    if pipeline.config.HasField("cookie"):
        response.config.cookie.CopyFrom(pipeline.config.cookie)
    if "p4info" in parts:
        response.config.p4info.CopyFrom(pipeline.config.p4info)
    if "p4_device_config" in parts:
        response.config.p4_device_config = pipeline.config.p4_device_config
    return response


def _commit(device: Device, request: p4r.SetForwardingPipelineConfigRequest) -> None:
    if request.HasField("config"):
        raise invalid_argument("COMMIT takes no config: it commits the saved one")
    with device.lock:
        if device.saved is None:
            raise not_found("no config is saved, so there is none to commit")
        _swap(device)


def _compile(pipeline: Pipeline) -> None:
    try:
        compile_program(pipeline.program)
    except ProgramError as error:
        raise invalid_argument(f"p4_device_config: {error}") from error


def _save(device: Device, pipeline: Pipeline) -> None:
    try:
        device.plane.save(pipeline.program)
    except ProgramError as error:
        raise invalid_argument(f"p4_device_config: {error}") from error
    except DataPlaneError:
        device.saved = None  # the one saved before was given up for this one
        raise
    device.saved = pipeline


def _reconcile(device: Device) -> None:
    """Carry the state of the running config over to the saved one, or forget that one."""
    if device.running is None:
        return
    assert device.saved is not None
    try:
        carry_over(device.plane, device.running, device.saved)
    except (StatusError, DataPlaneError):
        device.saved = None  # else a COMMIT would swap in what is only half filled
        device.plane.discard_saved()
        raise


def _swap(device: Device) -> None:
    device.plane.commit()
    device.running, device.saved = device.saved, None
