"""Ports: an AF_PACKET socket to receive from, one to send to, and what happened at them.

A port whose interface goes down stays open and hears again when the interface comes up; one whose
interface disappears is opened anew when an interface of that name comes back.

Sending is never waited for. What an interface cannot take yet (the kernel has as much of this
socket's as it allows, because the link is slower than what is sent) is kept, and whoever sends is
told so; what the kernel drops is counted.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence

from switch.dataplane.buffers import SEND_BATCH, PacketBuffer, ReceiveVector, SendVector
from switch.dataplane.errors import PortError
from switch.dataplane.libc import (
    ETH_P_ALL,
    MSG_DONTWAIT,
    MSG_TRUNC,
    PACKET_ADD_MEMBERSHIP,
    PACKET_AUXDATA,
    PACKET_IGNORE_OUTGOING,
    PACKET_MR_PROMISC,
    PACKET_STATISTICS,
    PACKET_VNET_HDR,
    SO_RCVBUFFORCE,
    SOL_PACKET,
    get_errno,
    recvmmsg,
    sendmmsg,
)

RECEIVE_BUFFER_BYTES = 1 << 20
"""Room for about a thousand small frames: some milliseconds of load, not more latency than that."""

_NOT_THERE = (errno.ENETDOWN, errno.ENXIO, errno.ENODEV)
_NO_FRAME = (errno.EAGAIN, errno.EINTR, *_NOT_THERE)


class Port:
    """One port and its interface."""

    def __init__(self, number: int, interface: str) -> None:
        """Open the interface. Raises `PortError`."""
        self.number = number
        self.interface = interface
        self.queue: list[int] = []
        """Frames to be sent: address and length, one after the other."""
        self.refused: deque[bytes] = deque()
        """Frames that the interface could not take yet; they go before those of the queue."""
        self.received = 0
        self.sent = 0
        self.send_failed = 0
        self.kernel_dropped = 0
        self._receiver = _open_receiver(interface, number)
        try:
            self._sender = _open_sender(interface, number)
        except PortError:
            self._receiver.close()
            raise

    def fileno(self) -> int:
        """The descriptor to wait on for frames."""
        return self._receiver.fileno()

    def receive(self, vector: ReceiveVector) -> int:
        """Receive a batch; 0 if there is none, or the interface is down or gone."""
        vector.reset()
        flags = MSG_DONTWAIT | MSG_TRUNC
        count = recvmmsg(self._receiver.fileno(), vector.address, len(vector.lengths), flags, None)
        if count < 0:
            if get_errno() in _NO_FRAME:
                return 0
            raise OSError(get_errno(), os.strerror(get_errno()), self.interface)
        self.received += count
        return count

    def sender_fileno(self) -> int:
        """The descriptor to wait on until the interface takes frames again."""
        return self._sender.fileno()

    def flush(self, vector: SendVector) -> bool:
        """Send what is queued. False: the interface has just begun to refuse frames."""
        queue, refused_before = self.queue, bool(self.refused)
        for start in range(0, len(queue), 2 * SEND_BATCH):
            frames = queue[start : start + 2 * SEND_BATCH]
            done = 0 if self.refused else self._send(vector, frames)
            self._keep(frames[2 * done :])
        queue.clear()
        return refused_before or not self.refused

    def send_refused(self) -> bool:
        """Send what the interface had refused. Returns whether it took all of it."""
        while self.refused:
            try:
                self._sender.send(self.refused[0], MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                self.send_failed += 1
            else:
                self.sent += 1
            self.refused.popleft()
        return True

    def _keep(self, frames: Sequence[int]) -> None:
        pairs = zip(frames[::2], frames[1::2], strict=True)
        self.refused.extend(ctypes.string_at(address, size) for address, size in pairs)

    def _send(self, vector: SendVector, frames: Sequence[int]) -> int:
        """Returns how many were sent or dropped: all, unless the interface takes no more yet."""
        count = vector.load(frames)
        done = 0
        while done < count:
            taken = sendmmsg(
                self._sender.fileno(), vector.address_of(done), count - done, MSG_DONTWAIT
            )
            if taken > 0:
                self.sent += taken
                done += taken
            elif get_errno() == errno.EAGAIN:
                return done
            elif get_errno() in _NOT_THERE:
                self.send_failed += count - done
                return count
            else:
                self.send_failed += 1
                done += 1
        return count

    def poll_kernel_drops(self) -> int:
        """Frames that the kernel dropped since start because the worker did not keep up."""
        raw = self._receiver.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self.kernel_dropped += struct.unpack("II", raw)[1]
        return self.kernel_dropped

    def take_over(self, former: Port) -> None:
        """Go on with what another port for the same interface has queued and counted."""
        self.queue, self.refused = former.queue, former.refused
        self.received, self.sent = former.received, former.sent
        self.send_failed, self.kernel_dropped = former.send_failed, former.poll_kernel_drops()

    def close(self) -> None:
        """Close both sockets."""
        self._receiver.close()
        self._sender.close()


def drain_to(buffer: PacketBuffer, queue: list[int]) -> list[bytes]:
    """Take the frames out of a queue that is not sent to an interface."""
    frames = [
        buffer.read(address, size) for address, size in zip(queue[::2], queue[1::2], strict=True)
    ]
    queue.clear()
    return frames


def _open_receiver(interface: str, number: int) -> socket.socket:
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except OSError as error:
        raise _port_error(interface, number, error) from error
    try:
        opened.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        opened.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        _set_receive_buffer(opened)
        opened.bind((interface, ETH_P_ALL))
        index = socket.if_nametoindex(interface)
        request = struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b"")
        opened.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)
    except OSError as error:
        opened.close()
        raise _port_error(interface, number, error) from error
    return opened


def _set_receive_buffer(opened: socket.socket) -> None:
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    except PermissionError:  # CAP_NET_RAW is enough for everything else
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)


def _open_sender(interface: str, number: int) -> socket.socket:
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except OSError as error:
        raise _port_error(interface, number, error) from error
    try:
        opened.bind((interface, 0))
    except OSError as error:
        opened.close()
        raise _port_error(interface, number, error) from error
    return opened


_ADVICE = {
    errno.ENODEV: "there is no such interface (`ip link` lists them)",
    errno.ENXIO: "there is no such interface (`ip link` lists them)",
    errno.EPERM: "raw sockets need root or the capability CAP_NET_RAW",
    errno.EACCES: "raw sockets need root or the capability CAP_NET_RAW",
    errno.ENOPROTOOPT: "the kernel is too old: packet sockets of Linux 4.20 or later are needed",
}


def _port_error(interface: str, number: int, error: OSError) -> PortError:
    advice = _ADVICE.get(error.errno or 0, error.strerror or str(error))
    return PortError(f"port {number}: cannot open interface {interface!r}: {advice}")
