"""What a host's packet tells of the host: its MAC address, and which IP addresses it uses.

os-ken's packet library takes the packets apart. They may be cut short, and they may be anything.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from os_ken.lib.packet import arp, ipv4, ipv6, packet

from controller.discovery.frames import is_lldp
from controller.southbound.controller_header import ETHERTYPE_PROBE

_PROBE = ETHERTYPE_PROBE.to_bytes(2, "big")
_ICMPV6 = 58


@dataclass(frozen=True)
class Sighting:
    """A host was seen."""

    mac: str
    ip: str | None
    "The address that it uses; None: the packet does not say."
    announced: bool = False
    "It told so by ARP or neighbour discovery: those are copied from known hosts as well."


def sighting(frame: bytes) -> Sighting | None:
    """Return what a frame tells; None if it is of no host."""
    if len(frame) < 14 or is_lldp(frame) or frame[12:14] == _PROBE:
        return None
    if frame[6] & 1 or not any(frame[6:12]):  # a group's address, or none
        return None
    mac = ":".join(f"{byte:02x}" for byte in frame[6:12])
    for header in _headers(frame):
        match header:
            case arp.arp():
                own = header.src_mac == mac  # else it is asked or told for another
                return Sighting(mac, _usable(header.src_ip) if own else None, announced=True)
            case ipv4.ipv4():
                return Sighting(mac, _usable(header.src))
            case ipv6.ipv6():
                return Sighting(mac, _usable(header.src), announced=header.nxt == _ICMPV6)
    return Sighting(mac, None)


def _headers(frame: bytes) -> list[object]:
    """Return a packet's headers, as far as it is whole enough."""
    try:
        return packet.Packet(frame).protocols
    except (ValueError, AssertionError, IndexError, KeyError, TypeError, struct.error):
        return []  # os-ken's parsers raise any of these for malformed packets


def _usable(ip: str) -> str | None:
    """Return an address that one host can have; None for others, such as ``0.0.0.0``."""
    address = ipaddress.ip_address(ip)
    if address.is_unspecified or address.is_multicast or address.is_loopback:
        return None
    return str(address)
