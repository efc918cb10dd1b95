"""The data-plane worker: a process of its own that owns the ports. Started by `DataPlane`.

    python -m switch.dataplane.worker REQUESTS EVENTS START_NS CPU_PORT PRIORITY_QUEUES

REQUESTS and EVENTS are the numbers of inherited sockets, START_NS is when the switch started on
the monotonic clock, CPU_PORT is -1 for none. It ends when the control process does.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from switch.dataplane.channel import WorkerEnd
from switch.dataplane.loop import Loop
from switch.dataplane.node import Node

PRIORITY = os.sched_param(1)
"""Packets go before whatever else runs on the machine: the lowest real-time priority (sched(7)).

A nice value would not do: with autogroups, the default on desktops, it counts within one session
only. An overloaded worker leaves the processor to others for 5 % of the time, as the kernel sees
to.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the worker."""
    requests, events = (WorkerEnd(socket.socket(fileno=int(number))) for number in arguments[:2])
    start_ns, cpu_port, priority_queues = map(int, arguments[2:5])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the control process decides when to end
    with suppress(PermissionError):  # then it competes like any other process
        os.sched_setscheduler(0, os.SCHED_RR, PRIORITY)
    node = Node(start_ns, None if cpu_port < 0 else cpu_port, events, priority_queues)
    # A collection would stop packets for milliseconds. Nothing here makes cycles that last: an old
    # program's namespace is cleared when its config is taken apart.
    gc.freeze()
    gc.disable()
    try:
        Loop(node, requests, events).run()
    finally:
        node.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
