"""Egress queues: for each port one queue a priority, each with its own depth and rate, as in BMv2.

A packet that is queued is given the time at which it may leave: that of the packet before it and
an interval of 1 / rate more, or now if that is later. Of the queues whose first packet may leave
the one of the highest priority is served; 0 is the lowest. What finds its queue full is dropped
(`QueueingLogicPriRL` in BMv2's `queueing.h`). So a new rate is for packets to come, and a rate for
a whole port is one for each of its priorities.

Times are nanoseconds of one clock, and given by the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from switch.runtime.errors import Refused

DEFAULT_DEPTH = 64
"""Packets, in each queue."""

MAX_PRIORITIES = 32

T = TypeVar("T")


class _Queue(Generic[T]):
    """The packets of one port and priority, each with the time at which it may leave."""

    __slots__ = ("depth", "interval_ns", "last_ns", "packets")

    def __init__(self, depth: int, interval_ns: int) -> None:
        self.depth = depth
        self.interval_ns = interval_ns
        self.last_ns = 0
        """When the last packet that was queued may leave."""
        self.packets: deque[tuple[int, T]] = deque()


class EgressQueues(Generic[T]):
    """All queues of a switch. Ports need not be known before."""

    def __init__(self, priorities: int = 1) -> None:
        self.priorities = priorities
        self._depth = DEFAULT_DEPTH
        self._interval_ns = 0
        self._ports: dict[int, list[_Queue[T]]] = {}

    def set_depth(self, depth: int, port: int | None = None, priority: int | None = None) -> None:
        """How many packets a queue holds: of one priority, of a port, or (None) of all ports.

        Raises `Refused` for a priority that there is not.
        """
        for queue in self._chosen(port, priority):
            queue.depth = depth
        if port is None:
            self._depth = depth

    def set_rate(self, rate_pps: int, port: int | None = None, priority: int | None = None) -> None:
        """How many packets a second may leave each of these queues; 0: as many as there are.

        Raises `Refused` for a priority that there is not.
        """
        interval_ns = 1_000_000_000 // rate_pps if rate_pps else 0
        for queue in self._chosen(port, priority):
            queue.interval_ns = interval_ns
        if port is None:
            self._interval_ns = interval_ns

    def limits(self, port: int) -> bool:
        """Whether a packet to this port may have to wait or be dropped though none is before it."""
        queues = self._ports.get(port)
        if queues is None:
            return bool(self._interval_ns) or not self._depth
        return any(queue.interval_ns or not queue.depth for queue in queues)

    def waiting(self, port: int, priority: int | None = None) -> int:
        """The packets in one queue, or (None) in all of a port."""
        queues: Sequence[_Queue[T]] = self._ports.get(port, ())
        if priority is not None:
            queues = queues[priority : priority + 1]
        return sum(len(queue.packets) for queue in queues)

    def push(self, port: int, priority: int, packet: T, now_ns: int) -> bool:
        """Queue a packet. False: the queue is full."""
        queue = self._queues(port)[priority]
        if len(queue.packets) >= queue.depth:
            return False
        queue.last_ns = max(now_ns, queue.last_ns + queue.interval_ns)
        queue.packets.append((queue.last_ns, packet))
        return True

    def pop(self, port: int, now_ns: int) -> tuple[int, T] | None:
        """The packet of a port whose turn it is, with its priority; None if none may leave yet."""
        for priority in reversed(range(self.priorities)):
            packets = self._queues(port)[priority].packets
            if packets and packets[0][0] <= now_ns:
                return priority, packets.popleft()[1]
        return None

    def due_ns(self, port: int) -> int | None:
        """When the next packet of a port may leave; None: there is none."""
        queues = self._ports.get(port, ())
        return min((queue.packets[0][0] for queue in queues if queue.packets), default=None)

    def _queues(self, port: int) -> list[_Queue[T]]:
        found = self._ports.get(port)
        if found is None:
            found = [_Queue(self._depth, self._interval_ns) for _ in range(self.priorities)]
            self._ports[port] = found
        return found

    def _chosen(self, port: int | None, priority: int | None) -> Iterator[_Queue[T]]:
        if priority is not None and not 0 <= priority < self.priorities:
            raise Refused(
                f"there is no priority {priority}: each port has {self.priorities} egress "
                "queue(s), from 0 on (--priority-queues)"
            )
        for number in [port] if port is not None else list(self._ports):
            queues = self._queues(number)
            yield from queues if priority is None else (queues[priority],)
