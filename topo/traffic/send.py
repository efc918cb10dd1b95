"""The generator: a process that sends every flow of an experiment on an absolute schedule.

Run inside the sending host: ``python -m topo.traffic.send EXPERIMENT DIRECTORY``. It binds the
flows' ports, creates DIRECTORY/send.ready, waits for the receiver, and for the openers of those
flows that it opens, creates DIRECTORY/send.started (holding the CLOCK_REALTIME nanoseconds of
the schedule's origin), sends until SIGTERM or ``--max-seconds``, and writes what it did:
sent and late (see `records`) and send.json.

Choices: one packet per tick, never a batch, since a batch would show as latency. Deadlines are
counted from the origin (packet n of a flow is due at n / rate), so lateness never adds up; a
generator that was held up sends what it owes at once, and records how late each packet was.
`time.sleep` is clock_nanosleep with an absolute deadline since Python 3.11; the timer slack of
50 microseconds that Linux grants by default is set to 1 ns. The process runs under SCHED_FIFO
where it may: it stands for machines outside of the network, and what it measures must not hold
it up. One process plays all flows, their phases spread, so that two flows do not contend for a
core. The time stamp is read just before `sendto`, in user space: the time that the kernel spends
sending counts as latency.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import json
import os
import resource
import select
import socket
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from topo.traffic.flow import HEADER, MAGIC, OPENER_SEQUENCE, Experiment, Flow
from topo.traffic.stop import StopRequest

OPENER_TIMEOUT_S = 40.0
LEAD_NS = 20_000_000
"""Time between the decision to start and the first packet, so that no flow starts late."""


class Stream:
    """One flow being sent: its socket, its next sequence number, its record."""

    def __init__(self, flow: Flow, token: int) -> None:
        self.flow = flow
        self.token = token
        self.sequence = 0
        self.sent_ns = array("Q")
        self.late_ns = array("q")
        self._buffer = bytearray(flow.payload_bytes)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)  # where it is one
        self.socket.bind(flow.sender)

    def send(self, due_ns: int) -> None:
        """Send the next packet, which was due at `due_ns` of CLOCK_MONOTONIC."""
        self.late_ns.append(time.monotonic_ns() - due_ns)
        now_ns = time.time_ns()
        HEADER.pack_into(self._buffer, 0, MAGIC, self.token, self.sequence, now_ns)
        self.socket.sendto(self._buffer, self.flow.receiver)
        self.sent_ns.append(now_ns)
        self.sequence += 1

    def is_opener(self, payload: bytes) -> bool:
        """Tell whether `payload` is the opener of this experiment."""
        if len(payload) < HEADER.size:
            return False
        magic, token, sequence, _ = HEADER.unpack_from(payload)
        return (magic, token, sequence) == (MAGIC, self.token, OPENER_SEQUENCE)


def wait_for_receiver(streams: Sequence[Stream], directory: Path, stop: StopRequest) -> None:
    """Wait until the receiver listens and has opened every flow that it opens.

    TimeoutError names what is missing.
    """
    ready = directory / "receive.ready"
    waiting = {s.socket: s for s in streams if s.flow.opened_by_receiver}
    deadline = time.monotonic() + OPENER_TIMEOUT_S
    while (waiting or not ready.exists()) and not stop.requested:
        if time.monotonic() > deadline:
            names = ", ".join(s.flow.name for s in waiting.values()) or "any flow: no receiver"
            raise TimeoutError(f"no opener arrived within {OPENER_TIMEOUT_S:.0f} s for {names}")
        for opened in select.select(list(waiting), [], [], 0.02)[0]:
            if waiting[opened].is_opener(opened.recv(2048)):
                del waiting[opened]


def play(streams: Sequence[Stream], origin_ns: int, end_ns: int, stop: StopRequest) -> None:
    """Send all streams from `origin_ns` to `end_ns` (CLOCK_MONOTONIC), or until told to stop."""
    phases = [
        origin_ns + stream.flow.due_ns(1) * index // len(streams)
        for index, stream in enumerate(streams)
    ]
    schedule = [(phase, index) for index, phase in enumerate(phases)]
    heapq.heapify(schedule)
    while not stop.requested:
        due_ns, index = schedule[0]
        if due_ns >= end_ns:
            return
        ahead_ns = due_ns - time.monotonic_ns()
        if ahead_ns > 0:
            time.sleep(ahead_ns / 1e9)
        stream = streams[index]
        stream.send(due_ns)
        heapq.heapreplace(schedule, (phases[index] + stream.flow.due_ns(stream.sequence), index))


def _write(streams: Sequence[Stream], directory: Path, summary: dict[str, Any]) -> None:
    (directory / "sent").write_bytes(b"".join(s.sent_ns.tobytes() for s in streams))
    (directory / "late").write_bytes(b"".join(s.late_ns.tobytes() for s in streams))
    summary = {**summary, "packets": [len(s.sent_ns) for s in streams]}
    (directory / "send.json").write_text(json.dumps(summary))


def announce(path: Path, text: str = "") -> None:
    """Make a file appear with all of its content at once, for those who wait for it."""
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.rename(path)


def be_prompt() -> str:
    """Ask for the promptest scheduling that we may have; return what it became, fifo or other."""
    Path("/proc/self/timerslack_ns").write_text("1")
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return "other"
    return "fifo"


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run(experiment: Experiment, directory: Path, max_seconds: float) -> None:
    """Play `experiment` once and leave its records in `directory`."""
    stop = StopRequest()
    streams = [Stream(flow, experiment.token) for flow in experiment.flows]
    scheduling = be_prompt()
    (directory / "send.ready").touch()
    wait_for_receiver(streams, directory, stop)
    gc.collect()
    gc.disable()
    cpu_before = _cpu_s()
    origin_ns = time.monotonic_ns() + LEAD_NS
    announce(directory / "send.started", str(time.time_ns() + LEAD_NS))
    play(streams, origin_ns, origin_ns + int(max_seconds * 1e9), stop)
    elapsed_s = (time.monotonic_ns() - origin_ns) / 1e9
    summary = {
        "cpu_share": (_cpu_s() - cpu_before) / max(elapsed_s, 1e-3),
        "scheduling": scheduling,
    }
    _write(streams, directory, summary)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line and play the experiment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path, help="the experiment, as JSON")
    parser.add_argument("directory", type=Path, help="where the records go")
    parser.add_argument("--max-seconds", type=float, default=600.0, help="end by itself after this")
    arguments = parser.parse_args(argv)
    run(Experiment.read(arguments.experiment), arguments.directory, arguments.max_seconds)


if __name__ == "__main__":
    main()
