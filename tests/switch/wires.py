"""A network namespace for one test, with veth pairs whose far ends the test holds."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from switch.dataplane.libc import (
    ETH_P_ALL,
    PACKET_AUXDATA,
    PACKET_IGNORE_OUTGOING,
    SO_RCVBUFFORCE,
    SOL_PACKET,
    TP_STATUS_VLAN_VALID,
)

CLONE_NEWNET = 0x40000000
WAIT_S = 30.0
"""Only a switch that is broken lets one wait for so long."""

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def own_namespace() -> Iterator[None]:
    """Put this thread (and processes that it starts) into a network namespace of its own."""
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        if _libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot make a network namespace")
        run("ip", "link", "set", "lo", "up")
        yield
    finally:
        if _libc.setns(before, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot go back to the network namespace")
        os.close(before)


def run(*command: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def slow_down(interface: str, mbit_per_s: int) -> None:
    """Make what leaves by an interface slow. Skips the test if the kernel cannot (`sch_tbf`)."""
    rate = ("rate", f"{mbit_per_s}mbit", "burst", "4000", "limit", "1000000")
    command = ["tc", "qdisc", "add", "dev", interface, "root", "tbf", *rate]
    shaped = subprocess.run(command, capture_output=True, timeout=10, check=False)
    if shaped.returncode:
        pytest.skip(f"no token bucket: {shaped.stderr.decode().strip()}")


def add_pair(near: str, far: str) -> None:
    """Make a veth pair, up and silent."""
    run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
    for name in (near, far):
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as setting:
            setting.write("1")
        run("ip", "link", "set", name, "up")


class Wire:
    """The far end of a port: sends frames to the switch and hears what it sends."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.settimeout(WAIT_S)

    def send(self, frame: bytes) -> None:
        self._socket.send(frame)

    def receive(self) -> bytes:
        """The next frame; fails if none comes."""
        return self._socket.recv(65536)

    def receive_with_tag(self) -> bytes:
        """The next frame with the VLAN tag that the kernel strips and reports beside it."""
        frame, controls, _, _ = self._socket.recvmsg(65536, 256)
        for _, _, raw in controls:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", raw)
            if status & TP_STATUS_VLAN_VALID:
                return frame[:12] + struct.pack(">HH", tpid, tci) + frame[12:]
        return frame

    def drain(self, seconds: float = 0.5) -> list[bytes]:
        """All frames that have come, until none comes for so long; with their VLAN tags."""
        frames = []
        self._socket.settimeout(seconds)
        try:
            while True:
                frames.append(self.receive_with_tag())
        except TimeoutError:
            return frames
        finally:
            self._socket.settimeout(WAIT_S)

    def is_silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing comes for so long."""
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(65536)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(WAIT_S)
        return False

    def close(self) -> None:
        self._socket.close()


def wait_until(condition, what: str) -> None:
    """Wait for a condition, not for ever."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {WAIT_S:.0f} s: {what}"
        time.sleep(0.01)
