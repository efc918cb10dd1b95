"""`TrafficManager`: which packets go straight on to egress, and which wait in a queue first.

A port's packets wait if its queues have a rate (or no room at all), or while its interface takes
nothing more; then they go on waiting until the queue is empty, so that none overtakes. All other
ports are in `direct`: generated code finds a port's frames to be sent there, and only if it finds
none it asks `hold`. So queues cost nothing where there are none.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import NamedTuple

from switch.runtime.config import Config
from switch.runtime.drops import Drop
from switch.runtime.egress_queues import EgressQueues

NEVER = 1 << 63


class _Waiting(NamedTuple):
    """A packet in a queue."""

    config: Config
    """The program that it began in, and finishes in."""
    frame: bytes
    entered_by: int
    """The port that it came from."""
    rid: int
    queued_ns: int
    depth: int
    """Packets that were in the queue before it."""
    values: tuple
    """The variables that its egress needs."""


class TrafficManager:
    """One switch's ports as places where packets leave."""

    def __init__(self, priorities: int, start_ns: int, drops: list[int]) -> None:
        self.outputs: dict[int, list[int]] = {}
        """By port: addresses and lengths of frames to be sent, one after the other."""
        self.direct: dict[int, list[int]] = {}
        """Those of ports whose packets need not wait."""
        self.due_ns = NEVER
        """When the next packet may leave its queue."""
        self._queues: EgressQueues[_Waiting] = EgressQueues(priorities)
        self._waiting: dict[int, None] = {}
        """Ports with packets in queues, the one served last at the end."""
        self._stopped: set[int] = set()
        self._start_ns = start_ns
        self._drops = drops

    # -- ports ------------------------------------------------------------------------------------

    def add_port(self, port: int, output: list[int]) -> None:
        """Add a port, or give it another list."""
        self.outputs[port] = output
        self._settle(port)

    def stop(self, port: int) -> None:
        """A port's interface takes nothing more for now."""
        self._stopped.add(port)
        self._settle(port)

    def go_on(self, port: int) -> None:
        """A port's interface takes frames again."""
        self._stopped.discard(port)
        self._settle(port)
        self._look_ahead()

    def set_depth(self, depth: int, port: int | None, priority: int | None) -> None:
        """See `EgressQueues.set_depth`."""
        self._queues.set_depth(depth, port, priority)
        self._settle_all()

    def set_rate(self, rate_pps: int, port: int | None, priority: int | None) -> None:
        """See `EgressQueues.set_rate`."""
        self._queues.set_rate(rate_pps, port, priority)
        self._settle_all()

    def _settle_all(self) -> None:
        for port in self.outputs:
            self._settle(port)

    def _settle(self, port: int) -> None:
        if self._must_wait(port):
            self.direct.pop(port, None)
        elif port in self.outputs:
            self.direct[port] = self.outputs[port]

    def _must_wait(self, port: int) -> bool:
        return port in self._stopped or port in self._waiting or self._queues.limits(port)

    # -- packets ----------------------------------------------------------------------------------

    def hold(
        self,
        config: Config,
        port: int,
        rid: int,
        priority: int,
        frame: bytes,
        entered_by: int,
        values: tuple,
    ) -> bool:
        """Queue a packet, or drop it if there is no room. False: it need not wait."""
        if not self._must_wait(port):
            return False
        now_ns = monotonic_ns()
        depth = self._queues.waiting(port, priority)
        packet = _Waiting(config, frame, entered_by, rid, now_ns, depth, values)
        if not self._queues.push(port, priority, packet, now_ns):
            self._drops[Drop.QUEUE_FULL] += 1
            return True
        config.on_their_way += 1
        self._waiting.setdefault(port)
        if port not in self._stopped:
            self.due_ns = min(self.due_ns, self._queues.due_ns(port) or NEVER)
        return True

    def next_packet(self, now_ns: int) -> tuple[Config, bytes, int, tuple] | None:
        """The packet whose turn it is: program, frame, port it came from, and what egress needs.

        What it needs begins with what `switch.codegen.queueing` expects.
        """
        if now_ns < self.due_ns:
            return None
        for port in list(self._waiting):
            found = None if port in self._stopped else self._queues.pop(port, now_ns)
            if found is not None:
                priority, packet = found
                del self._waiting[port]
                if self._queues.waiting(port):
                    self._waiting[port] = None
                else:
                    self._settle(port)
                self._look_ahead()
                return self._released(port, priority, packet, now_ns)
        self._look_ahead()
        return None

    def _released(
        self, port: int, priority: int, packet: _Waiting, now_ns: int
    ) -> tuple[Config, bytes, int, tuple]:
        packet.config.on_their_way -= 1
        queued_us = (packet.queued_ns - self._start_ns) // 1000
        waited_us = (now_ns - self._start_ns) // 1000 - queued_us
        left = self._queues.waiting(port, priority)
        where = (port, packet.rid, self.outputs.get(port))
        told = (queued_us, packet.depth, waited_us, left, priority)
        needs = (*where, *told, *packet.values)
        return packet.config, packet.frame, packet.entered_by, needs

    def _look_ahead(self) -> None:
        times = [self._queues.due_ns(port) for port in self._waiting if port not in self._stopped]
        self.due_ns = min((time for time in times if time is not None), default=NEVER)
