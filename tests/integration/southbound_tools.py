"""What the tests of the southbound share: programs, a listener that remembers, quick options."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path

from controller.southbound.driver import DriverOptions, NodeState
from controller.southbound.program import Program

BUILD = Path(__file__).resolve().parents[2] / "p4" / "build"

LIMIT_S = 30.0
"Long enough for whatever has to happen, however busy the machine."

OPTIONS = DriverOptions(
    call_timeout_s=LIMIT_S,
    push_timeout_s=LIMIT_S,
    connect_timeout_s=LIMIT_S,
    backoff_first_s=0.05,
    backoff_limit_s=0.2,
)
"""No time limit is met but by a node that does not answer, and new tries begin soon.

A test of one time limit makes this one short."""


def program(name: str) -> Program:
    """Read one of the project's own programs."""
    return Program.read(name, BUILD / f"{name}.json", BUILD / f"{name}.p4info.txtpb")


class Listener:
    """A ``NodeListener`` that remembers all it hears."""

    def __init__(self) -> None:
        self.states: list[tuple[NodeState, str]] = []
        self.packets: queue.Queue = queue.Queue()
        self.digests: queue.Queue = queue.Queue()

    def on_state(self, node, state, reason):
        self.states.append((state, reason))

    def heard(self, reason: str) -> bool:
        """Tell whether the node's state has ever changed for a reason that says this."""
        return any(reason in told for _, told in self.states)

    def on_packet_in(self, node, packet):
        self.packets.put(packet)

    def on_digest(self, node, digest):
        self.digests.put(digest)


def eventually(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
    """Wait until a condition holds; tell whether it came to hold in time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
