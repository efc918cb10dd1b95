"""A switch's ports, seen from outside: interfaces of the kernel whose other end is a file of ours.

The switch opens an interface as it opens any other; what we write to its file it receives, what it
sends we read. Two kinds, chosen by the frames of a test:
- TAP, an Ethernet interface, for frames of at least 14 bytes: with all that the kernel does to
  Ethernet frames, such as taking VLAN tags off.
- TUN, which carries any bytes, for the many tests of p4c whose packets are shorter than a header of
  Ethernet. Four bytes of packet information precede each packet in the file.

The interfaces are made in the network namespace of the calling process, and vanish with it.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

DEVICE = Path("/dev/net/tun")
ETHERNET_HEADER_BYTES = 14

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_PACKET_INFORMATION = b"\x00\x00\x88\xb5"  # no flags; EtherType of local experiments
_MTU_BYTES = 9000
_READ_BYTES = 65536


class Ports:
    """The interfaces of one switch. A context manager: they are gone after it."""

    def __init__(self, numbers: Iterable[int], any_length: bool) -> None:
        """Prepare ports with these numbers; `any_length`: TUN, which takes the shortest frames."""
        self.interfaces: Mapping[int, str] = {number: f"port{number}" for number in numbers}
        self._any_length = any_length
        self._files: dict[int, int] = {}
        self._received: dict[int, deque[bytes]] = {number: deque() for number in self.interfaces}

    def __enter__(self) -> Ports:
        try:
            for number, name in self.interfaces.items():
                self._files[number] = self._open(name)
            for number in self.interfaces:
                self.set_up(number, True)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def set_up(self, number: int, up: bool) -> None:
        """Set a port's interface up or down."""
        state = "up" if up else "down"
        _ip("link", "set", self.interfaces[number], state, "mtu", str(_MTU_BYTES))

    def send(self, number: int, frame: bytes) -> None:
        """Let the switch receive a frame."""
        os.write(self._files[number], _PACKET_INFORMATION + frame if self._any_length else frame)

    def collect(self, wait_s: float) -> bool:
        """Take in what the switch has sent; wait so long for the first. Whether there was any."""
        ready, _, _ = select.select(list(self._files.values()), [], [], wait_s)
        for number, file in self._files.items():
            if file in ready:
                self._drain(number, file)
        return bool(ready)

    def received(self, number: int) -> list[bytes]:
        """All frames that were collected from a port, in order."""
        return list(self._received[number])

    def count(self) -> int:
        """How many frames were collected from all ports."""
        return sum(len(frames) for frames in self._received.values())

    def _drain(self, number: int, file: int) -> None:
        skipped = len(_PACKET_INFORMATION) if self._any_length else 0
        while True:
            try:
                frame = os.read(file, _READ_BYTES)
            except BlockingIOError:
                return
            self._received[number].append(frame[skipped:])

    def _open(self, name: str) -> int:
        flags = _IFF_TUN if self._any_length else _IFF_TAP | _IFF_NO_PI
        file = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
        except OSError:
            os.close(file)
            raise
        return file

    def _close(self) -> None:
        while self._files:
            os.close(self._files.popitem()[1])


def prepare_namespace() -> None:
    """Set up the loopback, and keep the kernel from sending anything on ports of its own accord."""
    for scope in ("all", "default"):
        Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6").write_text("1\n")
    _ip("link", "set", "lo", "up")
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True, timeout=10)


def wait_quiet(ports: Ports, quiet_s: float, limit_s: float) -> None:
    """Collect until nothing has come for `quiet_s`, at most for `limit_s`."""
    deadline = time.monotonic() + limit_s
    while ports.collect(quiet_s) and time.monotonic() < deadline:
        pass


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=10, capture_output=True)
