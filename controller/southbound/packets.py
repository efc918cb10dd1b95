"""What a node and its controller send each other unasked: packets, digests, errors of the stream.

Choices: a message that cannot be read is logged and dropped, since nobody waits for it and the
session is sound. Clock echoes never reach the listener.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from finsy.p4entity import P4DigestList, P4PacketIn, P4PacketOut, decode_stream
from finsy.proto import p4r

from controller.errors import NodeError
from controller.southbound.driver import ClockReading, NodeListener, PacketIn
from controller.southbound.echo import EchoClock
from controller.southbound.wire import Wire

LOG = logging.getLogger(__name__)

News = Callable[[NodeListener], None]
"A call of one of the listener's methods."

_CLOCK_FIELDS = {"packet_in": {"timestamp", "reason"}, "packet_out": {"mode"}}


class Packets:
    """The messages of one node's stream.

    Args:
        wire: The node.
        tell: Passes news to the listener.
    """

    def __init__(self, wire: Wire, tell: Callable[[News], None]) -> None:
        self._wire = wire
        self._tell = tell
        self._echo = EchoClock(wire.name, self.send)

    def send(self, payload: bytes, metadata: Mapping[str, int]) -> None:
        """Send a packet-out; fields that are not given are 0."""
        asked = "packet-out"
        connection = self._wire.session.connection(asked, primary=True)
        fields = dict.fromkeys(self._header_fields("packet_out"), 0) | dict(metadata)
        try:
            message = P4PacketOut(payload, **fields).encode_update(self._wire.schema)
        except (ValueError, TypeError) as exc:
            raise self._wire.refused(asked, str(exc)) from exc
        connection.send(message, asked)

    def clock(self) -> ClockReading:
        """Read the node's clock by echoes; raises NodeRefused if the program cannot echo."""
        for header, needed in _CLOCK_FIELDS.items():
            missing = needed - self._header_fields(header)
            if missing:
                raise self._wire.refused(
                    "clock reading", f"its program's {header} header has no {', '.join(missing)}"
                )
        return self._echo.read(self._wire.options.clock_samples)

    def received(self, message: p4r.StreamMessageResponse) -> None:
        """Take a message from the node's stream."""
        received_ns = time.monotonic_ns()
        kind = message.WhichOneof("update")
        if kind == "error":
            LOG.warning("%s: refused a stream message: %s", self._wire.name, message.error.message)
            return
        try:
            content = decode_stream(message, self._wire.schema)
        except (ValueError, KeyError) as exc:
            LOG.warning("%s: cannot read a message (%s): %s", self._wire.name, kind, exc)
            return
        match content:
            case P4PacketIn():
                self._packet_in(PacketIn(content.payload, content.metadata, received_ns))
            case P4DigestList():
                self._digest(content)
            case _:
                LOG.debug("%s: no use for a message of kind %s", self._wire.name, kind)

    def _packet_in(self, packet: PacketIn) -> None:
        if not self._echo.take(packet):
            self._tell(lambda listener: listener.on_packet_in(self._wire.name, packet))

    def _digest(self, digest: P4DigestList) -> None:
        self._tell(lambda listener: listener.on_digest(self._wire.name, digest))
        asked = "acknowledgement of a digest"
        try:
            connection = self._wire.session.connection(asked)
            connection.send(digest.ack().encode_update(self._wire.schema), asked)
        except NodeError as exc:
            LOG.warning("%s; the node will send the digest again", exc)

    def _header_fields(self, header: str) -> set[str]:
        found = self._wire.schema.controller_packet_metadata.get(header)
        return {field.name for field in found.metadata} if found is not None else set()
