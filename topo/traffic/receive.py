"""The receiver: records every packet with the kernel's receive time stamp.

Run inside the receiving host: ``python -m topo.traffic.receive EXPERIMENT DIRECTORY``. It binds
the flows' ports, opens the connections of those flows that it is to open (openers, ever fewer,
until the first packet arrives, never again: later ones would refresh the state whose survival is
measured), creates DIRECTORY/receive.ready, receives until SIGTERM, waits for stragglers, longer if
the generator's send.json tells of more than has arrived, and writes sequences and received (see
`records`) and receive.json.

Choices: time stamps are the kernel's (SO_TIMESTAMPNS), taken when the frame enters the host's
interface, so this process need not be prompt. It drains its sockets every few milliseconds under
SCHED_IDLE, where it cannot delay a switch. Socket buffers hold seconds of traffic; should the
kernel drop a packet for want of buffer all the same, SO_MEMINFO counts it (the counter that
SO_RXQ_OVFL reports, but readable when no packet follows) and the measurement is invalid. The
realtime clock is compared with the monotonic one at both ends of the run: a clock that was
stepped meanwhile makes latencies meaningless, and is reported.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import select
import socket
import struct
import time
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

from topo.traffic.flow import HEADER, MAGIC, Experiment, Flow
from topo.traffic.stop import StopRequest

DRAIN_INTERVAL_S = 0.004
OPENER_PAUSE_S = 0.05
"""Pause before a silent flow is opened again; doubled each time."""
OPENER_BURST, OPENER_BURST_PAUSE_S = 10, 0.002
"""So many openers at once, then a breath, so that a thousand do not fill a switch's queue."""
OPENER_TIMEOUT_S = 40.0
QUIET_S = 0.5
"""Silence after which no straggler is expected any more, if nothing is missing."""
MISSING_QUIET_S = 2.0
"""The same where packets are missing of a flow that got through: late is not lost."""
STRAGGLER_LIMIT_S = 10.0
BUFFER_BYTES = 32 * 2**20

# Not in the socket module. Values of asm-generic/socket.h (x86, ARM, RISC-V).
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
SO_MEMINFO = 55
SK_MEMINFO_DROPS = 8
TIMESPEC = struct.Struct("@ll")
ANCILLARY_BYTES = socket.CMSG_SPACE(TIMESPEC.size)


class Sink:
    """One flow being received: its socket and its record, in the order of arrival."""

    def __init__(self, flow: Flow, token: int) -> None:
        self.flow = flow
        self.token = token
        self.sequences = array("Q")
        self.received_ns = array("Q")
        self.foreign = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind(flow.receiver)

    def open(self) -> None:
        """Send the opener from the flow's receiving port."""
        self.socket.sendto(self.flow.opener(self.token), self.flow.sender)

    def drain(self) -> int:
        """Take all packets that wait in the socket; return how many."""
        taken = 0
        while True:
            try:
                payload, ancillary, _, _ = self.socket.recvmsg(2048, ANCILLARY_BYTES)
            except BlockingIOError:
                return taken
            self._record(payload, ancillary)
            taken += 1

    def _record(self, payload: bytes, ancillary: list[tuple[int, int, bytes]]) -> None:
        if len(payload) < HEADER.size:
            self.foreign += 1
            return
        magic, token, sequence, _ = HEADER.unpack_from(payload)
        if (magic, token) != (MAGIC, self.token):
            self.foreign += 1
            return
        ((_, _, stamp),) = ancillary
        seconds, nanoseconds = TIMESPEC.unpack(stamp)
        self.sequences.append(sequence)
        self.received_ns.append(seconds * 1_000_000_000 + nanoseconds)

    def dropped(self) -> int:
        """Return how many packets the kernel has dropped at this socket (SO_MEMINFO)."""
        memory = self.socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 64)
        return struct.unpack_from("=I", memory, 4 * SK_MEMINFO_DROPS)[0]


class Sinks:
    """All flows being received; only sockets in which packets wait are drained."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self.all = tuple(sinks)
        self._by_descriptor = {sink.socket.fileno(): sink for sink in self.all}
        self._ready = select.epoll()
        for descriptor in self._by_descriptor:
            self._ready.register(descriptor, select.EPOLLIN)

    def drain(self) -> int:
        """Take all packets that wait; return how many."""
        ready = self._ready.poll(0)
        return sum(self._by_descriptor[descriptor].drain() for descriptor, _ in ready)


def open_connections(sinks: Sinks, stop: StopRequest) -> None:
    """Open the flows that need it, until their first packets; TimeoutError names silent ones."""
    waiting = [sink for sink in sinks.all if sink.flow.opened_by_receiver]
    deadline = time.monotonic() + OPENER_TIMEOUT_S
    pause_s = OPENER_PAUSE_S
    while waiting and not stop.requested:
        if time.monotonic() > deadline:
            names = ", ".join(sink.flow.name for sink in waiting)
            raise TimeoutError(
                f"nothing arrived within {OPENER_TIMEOUT_S:.0f} s of opening {names}"
            )
        for number, sink in enumerate(waiting):
            sink.open()
            if number % OPENER_BURST == OPENER_BURST - 1:
                time.sleep(OPENER_BURST_PAUSE_S)
        time.sleep(pause_s)
        pause_s *= 2
        sinks.drain()
        waiting = [sink for sink in waiting if not sink.sequences]


def receive(sinks: Sinks, stop: StopRequest, sent: Path) -> None:
    """Record packets until a stop is requested, then until no straggler comes any more.

    Args:
        sinks: The flows.
        stop: Asked for when the generator has ended.
        sent: Where the generator then has told how many packets it has sent.
    """
    while not stop.requested:
        time.sleep(DRAIN_INTERVAL_S)
        sinks.drain()
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # nothing to disturb any more
    packets = json.loads(sent.read_text())["packets"] if sent.exists() else []
    last = began = time.monotonic()
    while (now := time.monotonic()) - began < STRAGGLER_LIMIT_S:
        if sinks.drain():
            last = now
        elif now - last > (MISSING_QUIET_S if _missing(sinks.all, packets) else QUIET_S):
            return
        time.sleep(DRAIN_INTERVAL_S)


def _missing(sinks: Sequence[Sink], packets: Sequence[int]) -> bool:
    """Tell whether fewer packets have come than were sent of a flow that got through."""
    return any(0 < len(sink.sequences) < count for sink, count in zip(sinks, packets, strict=False))


def _write(sinks: Sequence[Sink], directory: Path, clock_step_ns: int) -> None:
    (directory / "sequences").write_bytes(b"".join(s.sequences.tobytes() for s in sinks))
    (directory / "received").write_bytes(b"".join(s.received_ns.tobytes() for s in sinks))
    summary = {
        "packets": [len(sink.sequences) for sink in sinks],
        "clock_step_ns": clock_step_ns,
        "dropped": {sink.flow.name: sink.dropped() for sink in sinks},
        "foreign": {sink.flow.name: sink.foreign for sink in sinks},
    }
    (directory / "receive.json").write_text(json.dumps(summary))


def _clock_offset_ns() -> int:
    return time.time_ns() - time.monotonic_ns()


def run(experiment: Experiment, directory: Path) -> None:
    """Receive `experiment` once and leave its records in `directory`."""
    stop = StopRequest()
    sinks = Sinks(Sink(flow, experiment.token) for flow in experiment.flows)
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    offset_ns = _clock_offset_ns()
    (directory / "receive.ready").touch()
    gc.disable()
    open_connections(sinks, stop)
    receive(sinks, stop, directory / "send.json")
    _write(sinks.all, directory, _clock_offset_ns() - offset_ns)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and receive the experiment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path, help="the experiment, as JSON")
    parser.add_argument("directory", type=Path, help="where the records go")
    arguments = parser.parse_args(argv)
    run(Experiment.read(arguments.experiment), arguments.directory)


if __name__ == "__main__":
    main()
