"""Where a node is, and how its driver is to behave; part of the interface in ``driver``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from controller.southbound.tls import NodeTls


@dataclass(frozen=True)
class DriverOptions:
    """How a driver behaves; the defaults suit a local network."""

    call_timeout_s: float = 5.0
    "Limit of one read, write, probe or Thrift call."
    push_timeout_s: float = 30.0
    "Limit of one pipeline push; large programs take BMv2 a while."
    connect_timeout_s: float = 5.0
    "Limit of opening a session, from connecting to the node's answer on arbitration."
    backoff_first_s: float = 0.1
    "Pause before the first new try after a session broke; doubled at each further try."
    backoff_limit_s: float = 5.0
    "Longest pause between two tries."
    keepalive_s: float = 10.0
    "A quiet session is probed this often, and given up if a probe is not answered in time."
    write_batch: int = 500
    "Updates in one P4Runtime write request."
    max_message_bytes: int = 256 * 1024 * 1024
    "Largest gRPC message accepted or sent."
    thrift_connections: int = 2
    "Parallel Thrift connections to a BMv2 node."
    array_read_limit: int = 4096
    "BMv2: arrays of up to this many cells are read by one call; packets that use them wait."
    array_read_pause_s: float = 0.005
    "BMv2: least time between two such calls, so that no packet waits for more than one."
    cell_read_window: int = 64
    "BMv2: single-cell calls under way at once where cells are read one by one."
    clock_samples: int = 7
    "Echoes tried for one clock reading; the quickest counts."
    egress_queue_depth: int = 1024
    "BMv2: packets that an egress queue may hold; it starts with 64, too few for a swap's pause."
    tls: NodeTls | None = None
    "How P4Runtime sessions are protected; None: not at all."


@dataclass(frozen=True)
class NodeAddress:
    """Where a node is and how to talk to it: what ``make_driver`` needs."""

    name: str
    "The node's name in the network description."
    device_id: int
    "P4Runtime device id."
    grpc: str
    "``host:port`` of its P4Runtime server."
    driver: Literal["p4runtime", "bmv2"] = "p4runtime"
    "``bmv2``: registers and multicast groups go over Thrift."
    thrift: str | None = None
    "``host:port`` of its Thrift server: needed with ``bmv2``, of no use otherwise."
    election_id: int | None = None
    "P4Runtime election id, 1 to 2^128-1; None: derived from the time, so that a later start wins."
    options: DriverOptions = field(default_factory=DriverOptions)
    "Time limits, batch sizes, policies."
