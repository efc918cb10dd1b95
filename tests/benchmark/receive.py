"""The receiver's process: `python -m tests.benchmark.receive INTERFACE`.

Says "ready", receives until its standard input is closed, and prints what it saw as JSON. Latency
is from the sender's stamp to the kernel's time stamp of reception, so that this process need not be
prompt; it is taken of every frame.
"""

from __future__ import annotations

import gc
import json
import select
import struct
import sys
import time
from array import array
from socket import socket

from tests.benchmark.frames import MAGIC, STAMP, STAMP_OFFSET
from tests.benchmark.mmsg import Frames, open_receiver

BATCH = 256
LARGEST_FRAME_BYTES = 2048
PAUSE_S = 0.002
_TIMESPEC = struct.Struct("@qq")
_SOL_PACKET = 263
_PACKET_STATISTICS = 6


def receive(interface: str) -> dict[str, object]:
    """Receive until the standard input ends; counts and latencies."""
    frames = Frames(BATCH, LARGEST_FRAME_BYTES, with_controls=True)
    latencies_ns = array("q")
    with open_receiver(interface) as opened:
        print("ready", flush=True)
        is_last = False
        while not is_last:
            is_last = bool(select.select([sys.stdin], [], [], 0)[0])
            while (count := frames.receive(opened.fileno())) > 0:
                _record(frames, count, latencies_ns)
            time.sleep(PAUSE_S)
        dropped = _dropped(opened)
    return {"received": len(latencies_ns), "dropped": dropped, **_summary(latencies_ns)}


def _record(frames: Frames, count: int, latencies_ns: array[int]) -> None:
    memory, size, controls = frames.memory, frames.size, frames.controls
    for place in range(count):
        magic, _, sent_ns = STAMP.unpack_from(memory, place * size + STAMP_OFFSET)
        if magic == MAGIC:
            seconds, nanoseconds = _TIMESPEC.unpack_from(controls, frames.stamp_offset(place))
            latencies_ns.append(seconds * 1_000_000_000 + nanoseconds - sent_ns)


def _dropped(opened: socket) -> int:
    """Frames that the kernel dropped here: a measurement with any says nothing of the switch."""
    raw = opened.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
    return int(struct.unpack("II", raw)[1])


def _summary(latencies_ns: array[int]) -> dict[str, float]:
    """Median, 99th percentile and maximum in microseconds."""
    if not latencies_ns:
        return {}
    ordered = sorted(latencies_ns)
    last = len(ordered) - 1
    return {
        "p50_us": ordered[last // 2] / 1000,
        "p99_us": ordered[last * 99 // 100] / 1000,
        "max_us": ordered[last] / 1000,
    }


def main() -> None:
    """Run with the argument of the command line."""
    gc.disable()
    print(json.dumps(receive(sys.argv[1])))


if __name__ == "__main__":
    main()
