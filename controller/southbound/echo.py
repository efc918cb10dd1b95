"""Reading a node's clock by echoed packets.

The program's controller headers carry it: a packet-out with mode 3 goes into the pipeline and
comes straight back as a packet-in with reason 1 and the time stamp that it got at ingress. The
node read its clock somewhere between our sending and our receiving, so half of the round trip
bounds the error, and the quickest of several echoes is the best.

Choices: an echo is recognised by a number in its payload, which is a frame of the controller's own.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable, Mapping

from controller.errors import NodeTimeout
from controller.southbound.controller_header import (
    IN_ECHO,
    OUT_ECHO,
    PROBE_HEADER,
    own_frame,
)
from controller.southbound.driver import ClockReading, PacketIn

_PAYLOAD = struct.Struct("!8sQ")
_SAMPLE_S = 0.5  # an echo that takes longer is useless as a reading


class EchoClock:
    """Sends echoes and makes readings of what comes back.

    Args:
        node: The node's name.
        send: Sends a packet-out with metadata; raises ``NodeError``.
    """

    def __init__(self, node: str, send: Callable[[bytes, Mapping[str, int]], None]) -> None:
        self._node = node
        self._send = send
        self._session = os.urandom(8)
        self._turn = threading.Lock()
        self._news = threading.Condition()
        self._number = 0
        self._answer: PacketIn | None = None

    def read(self, samples: int) -> ClockReading:
        """Return the best of some readings; raises NodeTimeout if no echo came back."""
        with self._turn:
            readings = [self._sample() for _ in range(samples)]
        found = [reading for reading in readings if reading is not None]
        if not found:
            raise NodeTimeout(
                self._node,
                "clock reading",
                f"none of {samples} echoed packets came back within {_SAMPLE_S:g} s",
                "does the running program echo packet-outs of mode 3?",
            )
        return min(found, key=lambda reading: reading.error_us)

    def take(self, packet: PacketIn) -> bool:
        """Take a packet-in if it is an echo of ours, and tell so."""
        if packet.metadata.get("reason") != IN_ECHO:
            return False
        payload = packet.payload[len(PROBE_HEADER) : len(PROBE_HEADER) + _PAYLOAD.size]
        if len(payload) < _PAYLOAD.size:
            return False
        session, number = _PAYLOAD.unpack(payload)
        if session != self._session:
            return False
        with self._news:
            if number == self._number:
                self._answer = packet
                self._news.notify_all()
        return True

    def _sample(self) -> ClockReading | None:
        with self._news:
            self._number += 1
            self._answer = None
            number = self._number
        frame = own_frame(_PAYLOAD.pack(self._session, number))
        sent_ns = time.monotonic_ns()
        self._send(frame, {"mode": OUT_ECHO})
        with self._news:
            self._news.wait_for(lambda: self._answer is not None, _SAMPLE_S)
            answer = self._answer
        return _reading(sent_ns, answer) if answer is not None else None


def _reading(sent_ns: int, answer: PacketIn) -> ClockReading:
    round_trip_ns = answer.received_ns - sent_ns
    return ClockReading(
        node_us=answer.metadata["timestamp"],
        host_ns=sent_ns + round_trip_ns // 2,
        error_us=-(-round_trip_ns // 2000),
    )
