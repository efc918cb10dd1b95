"""How an error travels: what a command raises at the server, and what the client makes of it.

A fault is a map: ``kind`` (a constant below), ``message`` (a text for people), and for a wrong
argument ``argument`` and ``values``, those that would do.
"""

from __future__ import annotations

from typing import Any

from controller.errors import ConflictError, HitlessError, NodeSilent, RequestError
from controller.operator.arguments import ArgumentError

BAD_REQUEST = "bad_request"
"The request cannot be carried out as it stands: wrong command, argument or value."
CONFLICT = "conflict"
"It could be, were it not for something under way."
FAILED = "failed"
"It was tried, or had to be given up, because of the network's state."
BUSY = "busy"
"The management entity answers as many requests as it can at once; try again."
INTERNAL = "internal"
"A defect in the management entity; its log has the traceback."

Fault = dict[str, Any]


class RequestFailed(HitlessError):  # noqa: N818 - says what happened
    """The management entity answered with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault.get("message", fault)))
        self.kind = fault.get("kind", INTERNAL)
        self.fault = fault


def fault_of(error: Exception) -> Fault:
    """Return the fault that tells a client of an error."""
    match error:
        case ArgumentError():
            return {
                "kind": BAD_REQUEST,
                "message": str(error),
                "argument": error.argument,
                "values": error.values,
            }
        case ConflictError():
            return {"kind": CONFLICT, "message": str(error)}
        case NodeSilent():
            return {"kind": FAILED, "message": str(error)}
        case RequestError():
            return {"kind": BAD_REQUEST, "message": str(error)}
        case HitlessError():
            return {"kind": FAILED, "message": str(error)}
    return {
        "kind": INTERNAL,
        "message": f"{type(error).__name__}: {error} (the management entity's log says more)",
    }


def busy(limit: int) -> Fault:
    """Return the fault for one request too many."""
    return {"kind": BUSY, "message": f"{limit} requests are being answered; try again"}
