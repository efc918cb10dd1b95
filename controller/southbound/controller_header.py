"""The controller headers of the node programs: p4/include/headers.p4, under the same names.

Programs without these headers can be driven too; what needs them says so, or does without.
"""

from __future__ import annotations

CPU_PORT = 510
COPY_SESSION = 1
"The clone session by which packets are copied to the controller."

OUT_TO_PORT = 0
"Packet-out mode: it leaves at ``egress_port``."
OUT_ECHO = 3
"Packet-out mode: it comes straight back as a packet-in."

IN_PUNTED = 0
"Packet-in reason: an entry of the table ``punt``."
IN_ECHO = 1
"Packet-in reason: it was sent with the mode ``OUT_ECHO``."
IN_PROBE = 2
"Packet-in reason: a probe that another node sent."
IN_HOST = 4
"Packet-in reason: a copy that tells where a host is."

ETHERTYPE_PROBE = 0x88B5
"For local experiments (IEEE 802): any parser takes it, and no host's packet has it."
OWN_SOURCE = bytes.fromhex("02004869746c")
"The source address of the controller's own frames; locally administered."
PROBE_HEADER = b"\xff" * 6 + OWN_SOURCE + ETHERTYPE_PROBE.to_bytes(2, "big")
_LEAST_BYTES = 60
"Of a frame of Ethernet, without its checksum; shorter ones are padded on the way."


def own_frame(content: bytes) -> bytes:
    """Return a frame of the controller's own: ``PROBE_HEADER``, the content, and padding."""
    return (PROBE_HEADER + content).ljust(_LEAST_BYTES, b"\0")
