"""Drives a node from a process on the hub that OSKEN_HUB_TYPE chooses, while a task ticks beside.

Run as a script with the node's P4Runtime and Thrift addresses. The node leaves the first write of
registers unanswered until this process says that its task has ticked meanwhile. Ends with status 0
if every call worked: the driver's waiting, in real threads, held up nobody.
"""

from __future__ import annotations

import sys
import time

from controller import hub

hub.prepare()

from southbound_tools import LIMIT_S, OPTIONS, Listener, program  # noqa: E402 - after the hub

from controller.southbound.driver import NodeAddress, replicas_of  # noqa: E402
from controller.southbound.factory import make_driver  # noqa: E402

TICK_S = 0.02
TICKS = 10
TICKED = "ticked during a call"


def tick(calling: list[str]) -> None:
    """Tick so often while a call is under way, then say so."""
    left = TICKS
    while left:
        time.sleep(TICK_S)
        left -= len(calling)
    print(TICKED, flush=True)


def drive(grpc: str, thrift: str, calling: list[str]) -> None:
    driver = make_driver(NodeAddress("b1", 1, grpc, "bmv2", thrift=thrift, options=OPTIONS))
    driver.start(Listener())
    hub.call(driver.wait_ready, LIMIT_S)
    hub.call(driver.load, program("guarded"))
    calling.append("write")
    hub.call(driver.write_registers, "connections_3", {i: i for i in range(1000)})
    calling.clear()
    assert hub.call(driver.read_registers, "connections_3", 0, 4096)[:1000] == list(range(1000))
    hub.call(driver.set_multicast_group, 1, replicas_of([1, 2]))
    assert hub.call(driver.multicast_groups) == {1: replicas_of([1, 2])}
    assert hub.call(driver.clock).error_us < 500_000
    hub.call(driver.stop)


def main() -> int:
    calling: list[str] = []
    task = hub.spawn(tick, calling, name="ticks")
    drive(*sys.argv[1:3], calling)
    return 0 if hub.join(task, LIMIT_S) else 1


if __name__ == "__main__":
    sys.exit(main())
