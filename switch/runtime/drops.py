"""Why packets are dropped: one counter each."""

from __future__ import annotations

from enum import IntEnum


class Drop(IntEnum):
    """Indices into the list of drop counters, which generated code increments."""

    INGRESS = 0
    """The program dropped it in ingress (`mark_to_drop`)."""
    EGRESS = 1
    """The program dropped it in egress."""
    NO_GROUP = 2
    """It went to a multicast group that does not exist."""
    NO_SESSION = 3
    """It was cloned to a session that does not exist."""
    NO_PORT = 4
    """It went to a port that the switch does not have."""
    NO_PROGRAM = 5
    """It came before a program was loaded."""
    PROGRAM_ERROR = 6
    """The program failed on it (a broken `assert`, a fault in the generated code)."""
    AGAIN_FULL = 7
    """Too many packets were waiting to be resubmitted, recirculated or cloned from egress."""
    TOO_LONG = 8
    """It was longer than 64 KiB, or of a kind that cannot be segmented."""
    SEND_FAILED = 9
    """The kernel did not take it: the interface is down, or its own queue (`tc`) was full."""
    CONTROLLER_BUSY = 10
    """It was for the controller, which did not keep up."""
    RECEIVE_QUEUE = 11
    """The kernel dropped it because the worker did not keep up."""
    QUEUE_FULL = 12
    """Its egress queue was full."""
    PRIORITY = 13
    """It had a priority for which its port has no queue (`--priority-queues`)."""
    NOTICE_LOST = 14
    """Not a packet: a digest or log message of one that the control process had no room for."""
