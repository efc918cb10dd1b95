"""Many frames per system call: `sendmmsg` and `recvmmsg` by ctypes, for packet sockets.

The generator has to be several times as fast as what it measures, in the same language.
"""

from __future__ import annotations

import ctypes
import os
import socket

ETH_P_ALL = 0x0003
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
_MSG_DONTWAIT = 0x40
_CONTROL_BYTES = 64
_STAMP_OFFSET = 16
"""Of a `struct timespec` in the control data: behind one `struct cmsghdr`."""
_RECEIVE_BUFFER_BYTES = 64 << 20


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """`struct mmsghdr`, whose first part is a `struct msghdr` that ends in padding."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.POINTER(_Iovec)),
        ("iov_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("length", ctypes.c_uint32),
    )


_libc = ctypes.CDLL(None, use_errno=True)


class Frames:
    """`count` frames of up to `size` bytes each, in one piece of memory.

    `with_controls`: with room for the control data of received frames.
    """

    def __init__(self, count: int, size: int, *, with_controls: bool) -> None:
        self.count = count
        self.size = size
        self.memory = bytearray(count * size)
        self.controls = bytearray(count * _CONTROL_BYTES)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        control = ctypes.addressof(ctypes.c_char.from_buffer(self.controls))
        self._iovecs = (_Iovec * count)()
        self._messages = (_Message * count)()
        for place in range(count):
            self._iovecs[place].base = base + place * size
            self._iovecs[place].length = size
            message = self._messages[place]
            message.iov = ctypes.pointer(self._iovecs[place])
            message.iov_length = 1
            message.control = control + place * _CONTROL_BYTES if with_controls else None
        self._address = ctypes.addressof(self._messages)

    def send(self, descriptor: int, first: int, count: int) -> int:
        """Send frames `first` to `first + count - 1`; how many were taken."""
        at = self._address + first * ctypes.sizeof(_Message)
        return _checked(_libc.sendmmsg(descriptor, ctypes.c_void_p(at), count, 0))

    def receive(self, descriptor: int) -> int:
        """Receive what waits, at most `count` frames; how many, 0 if none waits."""
        for message in self._messages:
            message.control_length = _CONTROL_BYTES
        at = ctypes.c_void_p(self._address)
        taken = _libc.recvmmsg(descriptor, at, self.count, _MSG_DONTWAIT, None)
        if taken < 0 and ctypes.get_errno() in (11, 4):  # EAGAIN, EINTR
            return 0
        return _checked(taken)

    def stamp_offset(self, place: int) -> int:
        """Where in `controls` the kernel's time stamp of a received frame is (a `timespec`)."""
        return place * _CONTROL_BYTES + _STAMP_OFFSET


def open_sender(interface: str) -> socket.socket:
    """A packet socket that only sends."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.bind((interface, 0))
    return opened


def open_receiver(interface: str) -> socket.socket:
    """A packet socket that receives with time stamps, with room for a second of frames."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    opened.bind((interface, ETH_P_ALL))
    return opened


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
