"""The exit status of ``hitless``, and which error gives which.

0 done; 1 it failed, or cannot be done as the network is now (a node does not answer, something
under way is in the way); 2 the request is wrong as it stands: command, argument or value; 3 no
management entity could be reached, or it hangs, or it ended meanwhile; 4 no answer in time, while
the management entity is alive: it is busy, or still at it; 130 stopped waiting on Ctrl-C.
"""

from __future__ import annotations

from controller.errors import HitlessError, NoAnswer, RequestError, RpcError
from controller.operator import faults
from controller.operator.faults import RequestFailed

DONE, FAILED, WRONG, UNREACHED, BUSY, INTERRUPTED = 0, 1, 2, 3, 4, 130

TEXT = (
    "0 done; 1 it failed, or cannot be done now; 2 a wrong request; 3 no management entity"
    " reached; 4 no answer in time; 130 stopped waiting."
)

_OF_FAULT = {
    faults.BAD_REQUEST: WRONG,
    faults.CONFLICT: FAILED,
    faults.FAILED: FAILED,
    faults.BUSY: BUSY,
    faults.INTERNAL: FAILED,
}


def status_of(error: HitlessError) -> int:
    """Return the exit status that tells of an error."""
    match error:
        case RequestFailed():
            return _OF_FAULT.get(error.kind, FAILED)
        case NoAnswer(alive=True):
            return BUSY
        case RpcError():
            return UNREACHED
        case RequestError():
            return WRONG
    return FAILED
