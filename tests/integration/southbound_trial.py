"""Drives a node from a process on the hub that OSKEN_HUB_TYPE chooses, while a task ticks beside.

Run as a script with the node's P4Runtime and Thrift addresses. Ends with status 0 if every call
worked and no tick came late: the driver's waiting, in real threads, held up nobody.
"""

from __future__ import annotations

import sys
import time

from controller import hub

hub.prepare()

from southbound_tools import Listener, program  # noqa: E402 - after the hub is set up

from controller.southbound.driver import NodeAddress, replicas_of  # noqa: E402
from controller.southbound.factory import make_driver  # noqa: E402

TICK_S = 0.02
LATE_S = 0.6  # a call that froze the hub would hold a tick up for as long as it stalls: 1 s


def tick(gaps: list[float], until: list[bool]) -> None:
    while not until:
        began = time.monotonic()
        time.sleep(TICK_S)
        gaps.append(time.monotonic() - began)


def drive(grpc: str, thrift: str) -> None:
    driver = make_driver(NodeAddress("b1", 1, grpc, "bmv2", thrift=thrift))
    driver.start(Listener())
    hub.call(driver.wait_ready, 10)
    hub.call(driver.load, program("guarded"))
    hub.call(driver.write_registers, "connections_3", {i: i for i in range(1000)})
    assert hub.call(driver.read_registers, "connections_3", 0, 4096)[:1000] == list(range(1000))
    hub.call(driver.set_multicast_group, 1, replicas_of([1, 2]))
    assert hub.call(driver.multicast_groups) == {1: replicas_of([1, 2])}
    assert hub.call(driver.clock).error_us < 500_000
    hub.call(driver.stop)


def main() -> int:
    gaps: list[float] = []
    until: list[bool] = []
    task = hub.spawn(tick, gaps, until, name="ticks")
    drive(*sys.argv[1:3])
    until.append(True)
    assert hub.join(task, 5)
    print(f"{hub.NAME}: {len(gaps)} ticks, the slowest {max(gaps):.3f} s")
    return 0 if max(gaps) < LATE_S else 1


if __name__ == "__main__":
    sys.exit(main())
