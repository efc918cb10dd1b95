"""Connections opened continuously: the hardest thing for a move of connection state.

Run inside the outer host ``python -m topo.traffic.hammer answer …`` and inside the inner one
``python -m topo.traffic.hammer open …``. The inner host opens a new connection every few
milliseconds, each from a port of its own; the outer one answers at once and again at growing
intervals for a second, so that each connection is tried while it is new, and after whatever
moved meanwhile. A connection from which any answer is missing is broken. The inner host never
sends twice: later packets from the inside would record a connection again that had been lost.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from topo.traffic.send import announce
from topo.traffic.stop import StopRequest

PACKET = struct.Struct("!4sQI")
"""Magic, connection, number of the answer (the opener has none: 0)."""
MAGIC = b"HtLh"
ANSWERS_AFTER_S = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
PATIENCE_S = 10.0
"""How long after the last answer is due missing ones are waited for: late is not lost."""
FIRST_PORT, PORTS = 20_000, 40_000
POLL_S = 0.001


@dataclass
class Connection:
    """One connection at the inner host."""

    socket: socket.socket
    opened_ns: int
    expires_s: float
    answers: set[int] = field(default_factory=set)


@dataclass
class Tally:
    """What became of the connections; `broken` tells when each was opened and what it got."""

    opened: int = 0
    answers: int = 0
    broken: list[dict[str, object]] = field(default_factory=list)


class Opener:
    """The inner host's side: opens connections at a rate and counts what comes back."""

    def __init__(self, address: str, target: tuple[str, int], rate: float) -> None:
        self._address = address
        self._target = target
        self._period_s = 1 / rate
        self._ready = select.epoll()
        self._open: dict[int, Connection] = {}
        self._ports = iter(random.sample(range(FIRST_PORT, FIRST_PORT + PORTS), PORTS))
        self.tally = Tally()

    def run(self, stop: StopRequest) -> Tally:
        """Open connections until a stop is requested, then wait for the last answers."""
        due_s = time.monotonic()
        while not stop.requested:
            now_s = time.monotonic()
            if now_s >= due_s:
                self._open_one(now_s)
                due_s += self._period_s
            self._collect(min(max(due_s - time.monotonic(), 0), POLL_S))
        while self._open:
            self._collect(POLL_S)
        return self.tally

    def _open_one(self, now_s: float) -> None:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.bind((self._address, next(self._ports)))
        self._ready.register(opened, select.EPOLLIN)
        expires_s = now_s + ANSWERS_AFTER_S[-1] + PATIENCE_S
        self._open[opened.fileno()] = Connection(opened, time.time_ns(), expires_s)
        opened.sendto(PACKET.pack(MAGIC, self.tally.opened, 0), self._target)
        self.tally.opened += 1

    def _collect(self, timeout_s: float) -> None:
        for descriptor, _ in self._ready.poll(timeout_s):
            connection = self._open[descriptor]
            _, _, answer = PACKET.unpack(connection.socket.recv(PACKET.size))
            connection.answers.add(answer)
            if len(connection.answers) == len(ANSWERS_AFTER_S):
                self._close(self._open.pop(descriptor))
        now_s = time.monotonic()
        while self._open:  # in the order of opening, which is that of expiry
            descriptor, connection = next(iter(self._open.items()))
            if connection.expires_s > now_s:
                break
            self._close(self._open.pop(descriptor))

    def _close(self, connection: Connection) -> None:
        connection.socket.close()
        self.tally.answers += len(connection.answers)
        if len(connection.answers) < len(ANSWERS_AFTER_S):
            self.tally.broken.append(
                {"opened_ns": connection.opened_ns, "answers": sorted(connection.answers)}
            )


def answer(bound: socket.socket, stop: StopRequest) -> None:
    """Answer each opener on the schedule until a stop is requested and all answers are sent."""
    schedule: list[tuple[float, int, int, tuple[str, int]]] = []
    while schedule or not stop.requested:
        ahead_s = schedule[0][0] - time.monotonic() if schedule else POLL_S
        if select.select([bound], [], [], min(max(ahead_s, 0), POLL_S))[0]:
            payload, opener = bound.recvfrom(PACKET.size)
            _, connection, _ = PACKET.unpack(payload)
            now_s = time.monotonic()
            for number, after_s in enumerate(ANSWERS_AFTER_S):
                heapq.heappush(schedule, (now_s + after_s, connection, number, opener))
        while schedule and schedule[0][0] <= time.monotonic():
            _, connection, number, opener = heapq.heappop(schedule)
            bound.sendto(PACKET.pack(MAGIC, connection, number), opener)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and play one side until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", choices=["answer", "open"])
    parser.add_argument("outer", help="the outer host's address")
    parser.add_argument("inner", help="the inner host's address")
    parser.add_argument("port", type=int, help="the outer host's port")
    parser.add_argument("directory", type=Path, help="where hammer.ready and hammer.json go")
    parser.add_argument("--rate", type=float, default=200.0, help="connections a second")
    arguments = parser.parse_args(argv)
    stop = StopRequest()
    if arguments.side == "answer":
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind((arguments.outer, arguments.port))
        announce(arguments.directory / "hammer.ready")
        answer(bound, stop)
        return
    target = (arguments.outer, arguments.port)
    tally = Opener(arguments.inner, target, arguments.rate).run(stop)
    announce(arguments.directory / "hammer.json", json.dumps(vars(tally)))


if __name__ == "__main__":
    main()
