"""The generator's process: `python -m tests.benchmark.send INTERFACE SIZE RATE SECONDS`.

Sends frames in small batches on a schedule, and prints what it did as JSON. The batches are as
small as the rate allows: one frame up to 4,000 frames/s, 64 at most. After a pause of this process
(the machine has other things to do) what was missed is not made up for by a burst, which would be
another load than the one asked for: the schedule moves, and the rate that is reported is lower.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import time

from tests.benchmark.frames import FLOWS, MAGIC, STAMP, STAMP_OFFSET, build
from tests.benchmark.mmsg import Frames, open_sender

BATCHES_PER_S = 4000
LARGEST_BATCH = FLOWS
LARGEST_LAG_NS = 1_000_000
"""What the schedule may be behind: so much is made up for."""
_PR_SET_TIMERSLACK = 29


def send(interface: str, size: int, rate: int, seconds: float) -> dict[str, float]:
    """Send; how many frames in how many seconds."""
    batch = max(1, min(LARGEST_BATCH, rate // BATCHES_PER_S))
    frames = Frames(FLOWS, size, with_controls=False)
    for flow in range(FLOWS):
        frames.memory[flow * size : (flow + 1) * size] = build(size, flow)
    total = int(rate * seconds) // batch * batch
    with open_sender(interface) as opened:
        descriptor = opened.fileno()
        began_ns = origin_ns = time.monotonic_ns()
        sent = place = 0
        while sent < total:
            due_ns = origin_ns + sent * 1_000_000_000 // rate
            ahead_ns = due_ns - time.monotonic_ns()
            if ahead_ns > 0:
                time.sleep(ahead_ns / 1e9)
            elif ahead_ns < -LARGEST_LAG_NS:
                origin_ns -= ahead_ns
            place = place if place + batch <= FLOWS else 0
            _stamp(frames, place, batch, sent)
            sent += frames.send(descriptor, place, batch)
            place += batch
        elapsed_ns = time.monotonic_ns() - began_ns
    return {"sent": sent, "seconds": elapsed_ns / 1e9}


def _stamp(frames: Frames, first: int, count: int, sequence: int) -> None:
    now_ns = time.time_ns()
    memory, size, pack_into = frames.memory, frames.size, STAMP.pack_into
    for place in range(count):
        at = (first + place) * size + STAMP_OFFSET
        pack_into(memory, at, MAGIC, (sequence + place) & 0xFFFFFFFF, now_ns)


def main() -> None:
    """Run with the arguments of the command line."""
    interface, size, rate, seconds = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    gc.disable()
    print(json.dumps(send(interface, int(size), int(rate), float(seconds))))


if __name__ == "__main__":
    main()
