"""Sends the LLDP frames: out of each port of each node in equal intervals, spread over the time.

Choices: a frame is handed to the node's stream and not waited for. One frame more for each node
comes straight back (a packet-out of mode "echo"): it tells that the node lives, also where it has
no link. Nodes have their turns at different moments, so that no burst comes of many.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Mapping

from controller.discovery.frames import FrameCodec
from controller.errors import NodeError
from controller.model.parts import NodeDescription, Port
from controller.southbound.controller_header import OUT_ECHO, OUT_TO_PORT
from controller.southbound.driver import NodeDriver

LOG = logging.getLogger(__name__)


class FrameSender:
    """Knows when each node's turn is."""

    def __init__(self, codec: FrameCodec, drivers: Mapping[str, NodeDriver]) -> None:
        self._codec = codec
        self._drivers = drivers
        self._due_s: dict[str, float] = {}

    def send_due(
        self,
        nodes: Mapping[str, NodeDescription],
        interval_s: float,
        ttl_s: float,
        now_ns: Callable[[], int],
    ) -> None:
        """Send the frames of all nodes whose turn has come.

        Args:
            nodes: The nodes that take part.
            interval_s: Between two turns of a node.
            ttl_s: After so long a frame says nothing any more.
            now_ns: ``time.monotonic_ns``.
        """
        for name in self._due_s.keys() - nodes.keys():
            del self._due_s[name]
        now = now_ns() / 1e9
        for name, node in nodes.items():
            due = self._due_s.get(name)
            if due is None or now >= due:
                self._send(node, ttl_s, now_ns)
                self._due_s[name] = _next(name, due, now, interval_s)

    def _send(self, node: NodeDescription, ttl_s: float, now_ns: Callable[[], int]) -> None:
        driver = self._drivers.get(node.name)
        if driver is None:
            return
        try:
            for number in node.ports:
                frame = self._codec.write(Port(node.name, number), now_ns(), ttl_s)
                driver.packet_out(frame, egress_port=number, mode=OUT_TO_PORT)
            echo = self._codec.write(Port(node.name, 0), now_ns(), ttl_s)
            driver.packet_out(echo, mode=OUT_ECHO)
        except NodeError as exc:
            LOG.debug("%s: no LLDP frames were sent: %s", node.name, exc)


def _next(name: str, due: float | None, now: float, interval_s: float) -> float:
    """Return a node's next turn: the first comes after a part of the interval of its own."""
    if due is None:
        return now + interval_s * (zlib.crc32(name.encode()) % 1024) / 1024
    return max(due + interval_s, now + interval_s / 2)
