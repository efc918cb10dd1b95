"""Errors with canonical codes, and the gRPC status messages that carry them.

Everything in the P4Runtime server that refuses a request raises `StatusError`; the service turns
it into the status of the RPC. Where a request is a batch (Write, Read) each element's error
becomes one `p4.v1.Error` in the details of a `google.rpc.Status`, and the RPC's own code is
UNKNOWN (specification 1.4, "Error Reporting Messages" and "Write RPC: Error Reporting").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from finsy.proto import p4r, rpc_code, rpc_status
from grpc import StatusCode

ERROR_SPACE = "hitless-switch"
DETAILS_KEY = "grpc-status-details-bin"
"""The key of the trailing metadata in which gRPC carries a `google.rpc.Status`."""


class StatusError(Exception):
    """A request, or one element of a batch, that is refused with a canonical code."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def number(self) -> int:
        """The code's number in `google.rpc.Code`."""
        return self.code.value[0]

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


class BatchError(StatusError):
    """A batch of which at least one element failed: UNKNOWN, with one error per element."""

    def __init__(self, message: str, errors: Sequence[StatusError | None]) -> None:
        super().__init__(StatusCode.UNKNOWN, message)
        self.errors = tuple(errors)


aborted = partial(StatusError, StatusCode.ABORTED)
already_exists = partial(StatusError, StatusCode.ALREADY_EXISTS)
failed_precondition = partial(StatusError, StatusCode.FAILED_PRECONDITION)
internal = partial(StatusError, StatusCode.INTERNAL)
invalid_argument = partial(StatusError, StatusCode.INVALID_ARGUMENT)
not_found = partial(StatusError, StatusCode.NOT_FOUND)
out_of_range = partial(StatusError, StatusCode.OUT_OF_RANGE)
permission_denied = partial(StatusError, StatusCode.PERMISSION_DENIED)
resource_exhausted = partial(StatusError, StatusCode.RESOURCE_EXHAUSTED)
unavailable = partial(StatusError, StatusCode.UNAVAILABLE)
unimplemented = partial(StatusError, StatusCode.UNIMPLEMENTED)


def trailing_metadata(error: StatusError) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata of an RPC that failed: a batch's details, nothing for others."""
    if not isinstance(error, BatchError):
        return ()
    status = rpc_status.Status(code=error.number, message=error.message)
    for element in error.errors:
        status.details.add().Pack(_p4_error(element))
    return ((DETAILS_KEY, status.SerializeToString()),)


def _p4_error(error: StatusError | None) -> p4r.Error:
    if error is None:
        return p4r.Error(canonical_code=rpc_code.OK)
    return p4r.Error(canonical_code=error.number, message=error.message, space=ERROR_SPACE)
