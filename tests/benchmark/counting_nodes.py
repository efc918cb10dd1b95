"""Many P4Runtime nodes in one process, each at a port of its own, whose counters count traffic.

Run as a process of its own: it prints its ports, one line, and serves until its input ends. A line
`RATE` on its input sets the packets/s that each node's function handles from then on, spread over
its slots; it answers with the time (`time.monotonic`) when that was.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from finsy.proto import p4r

from tests.integration.p4runtime_peer import FakeNode

SLOTS = 16


class Traffic:
    """What all nodes count: so many packets by now."""

    def __init__(self) -> None:
        self._rate_pps = 0.0
        self._since_s = time.monotonic()
        self._before = 0.0

    def change(self, rate_pps: float) -> float:
        """Set the rate; the time when it changed."""
        now = time.monotonic()
        self._before += self._rate_pps * (now - self._since_s)
        self._rate_pps, self._since_s = rate_pps, now
        return now

    def packets(self) -> int:
        """Packets counted in each slot."""
        passed_s = time.monotonic() - self._since_s
        return int((self._before + self._rate_pps * passed_s) / SLOTS)


class CountingNode(FakeNode):
    """A node whose counters all count the same traffic."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__()
        self._traffic = traffic

    def _cells(self, kind: str, wanted: p4r.Entity) -> Iterator[p4r.Entity]:
        for entity in super()._cells(kind, wanted):
            if kind == "counter_entry":
                entity.counter_entry.data.packet_count = self._traffic.packets()
            yield entity


def main() -> None:
    """Serve until the input ends."""
    traffic = Traffic()
    nodes = [CountingNode(traffic) for _ in range(int(sys.argv[1]))]
    for node in nodes:
        node.start()
    print(*(node.port for node in nodes), flush=True)
    for line in sys.stdin:
        print(traffic.change(float(line)), flush=True)


if __name__ == "__main__":
    main()
