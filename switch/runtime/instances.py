"""How a packet came to where it is: the values of `standard_metadata.instance_type`."""

from __future__ import annotations

from enum import IntEnum


class Instance(IntEnum):
    """BMv2's `PktInstanceType`."""

    NORMAL = 0
    INGRESS_CLONE = 1
    EGRESS_CLONE = 2
    RECIRCULATE = 4
    REPLICATION = 5
    RESUBMIT = 6
