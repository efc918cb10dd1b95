"""Watches network interfaces come up, go down, disappear and come back, by rtnetlink."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

RTMGRP_LINK = 1
RTM_NEWLINK = 16
RTM_DELLINK = 17
IFLA_IFNAME = 3
"""`linux/rtnetlink.h`, `linux/if_link.h`."""

IFF_UP = 0x1
IFF_RUNNING = 0x40
"""`linux/if.h`: set to be up, and with a carrier."""

SIOCGIFFLAGS = 0x8913
_MAX_NAME = 15

_header = struct.Struct("=IHHII")
"""`struct nlmsghdr`."""

_info = struct.Struct("=BxHiII")
"""`struct ifinfomsg`: family, type, index, flags, change."""

_attribute = struct.Struct("=HH")


@dataclass(frozen=True, slots=True)
class LinkChange:
    """What the kernel says of an interface."""

    interface: str
    index: int
    is_there: bool
    is_up: bool


class LinkMonitor:
    """Hears of all interfaces of the network namespace that it was made in."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, RTMGRP_LINK))
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def changes(self) -> Iterator[LinkChange]:
        """What has changed since the last call. Raises `OverflowError` if some of it was lost."""
        while True:
            try:
                raw = self._socket.recv(65536)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    raise OverflowError from error
                raise
            yield from _parse(raw)

    def close(self) -> None:
        """Stop watching."""
        self._socket.close()


def inspect(interface: str) -> LinkChange:
    """How an interface is now; index 0 if there is none of that name."""
    request = struct.pack("16sH14x", interface.encode()[:_MAX_NAME], 0)
    try:
        index = socket.if_nametoindex(interface)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            answer = fcntl.ioctl(control, SIOCGIFFLAGS, request)
    except OSError:
        return LinkChange(interface, 0, is_there=False, is_up=False)
    (flags,) = struct.unpack_from("H", answer, 16)
    return LinkChange(interface, index, is_there=True, is_up=_is_up(flags))


def _is_up(flags: int) -> bool:
    return bool(flags & IFF_UP and flags & IFF_RUNNING)


def _parse(raw: bytes) -> Iterator[LinkChange]:
    position = 0
    while position + _header.size <= len(raw):
        length, kind, _, _, _ = _header.unpack_from(raw, position)
        if length < _header.size:
            return
        if kind in (RTM_NEWLINK, RTM_DELLINK):
            body = raw[position + _header.size : position + length]
            _, _, index, flags, _ = _info.unpack_from(body)
            there = kind == RTM_NEWLINK
            yield LinkChange(_name(body), index, there, there and _is_up(flags))
        position += (length + 3) & ~3


def _name(body: bytes) -> str:
    position = _info.size
    while position + _attribute.size <= len(body):
        length, kind = _attribute.unpack_from(body, position)
        if length < _attribute.size:
            break
        if kind == IFLA_IFNAME:
            value = body[position + _attribute.size : position + length]
            return value.rstrip(b"\0").decode(errors="replace")
        position += (length + 3) & ~3
    return ""
