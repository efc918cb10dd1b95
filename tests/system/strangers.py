"""Sends frames whose source addresses are made up, each one new, at a steady rate.

Run as a script with an interface, the destination's MAC address, a rate, and a file: on SIGTERM it
writes there how many frames it sent in how many seconds.
"""

import itertools
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

BATCH_S = 0.005
"Short, so that no batch fills a queue of 64 packets."
ETHERTYPE = bytes.fromhex("88b6")
"For local experiments, and no probe of the management entity's."


def main(interface: str, destination: str, rate: str, file: str) -> None:
    """Send until SIGTERM."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))  # a machine outside of the network
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    port.bind((interface, 0))
    target, rest = bytes.fromhex(destination.replace(":", "")), ETHERTYPE + bytes(46)
    numbers = itertools.count(1)
    began, sent = time.monotonic(), 0
    while not ended:
        due = int((time.monotonic() - began) * float(rate))
        for number in itertools.islice(numbers, due - sent):
            port.send(target + (0x02 << 40 | number).to_bytes(6, "big") + rest)
        sent = due
        time.sleep(BATCH_S)
    took_s = time.monotonic() - began
    Path(file).write_text(json.dumps({"sent": sent, "took_s": took_s}))


if __name__ == "__main__":
    main(*sys.argv[1:])
