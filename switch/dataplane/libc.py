"""`recvmmsg` and `sendmmsg`, which Python does not have, by ctypes; and numbers from Linux headers.

`PyDLL` keeps the interpreter lock during the calls: they do not block, and the worker is the only
thread of its process.
"""

from __future__ import annotations

import ctypes

ETH_P_ALL = 0x0003
"""`linux/if_ether.h`."""

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_STATISTICS = 6
PACKET_AUXDATA = 8
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
PACKET_MR_PROMISC = 1
"""`linux/if_packet.h`."""

TP_STATUS_CSUMNOTREADY = 1 << 3
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
"""Flags of a received packet (`struct tpacket_auxdata`)."""

VIRTIO_NET_HDR_SIZE = 10
"""Of `struct virtio_net_hdr`, which the kernel puts before each frame (`linux/virtio_net.h`)."""

SO_RCVBUFFORCE = 33
"""`asm-generic/socket.h`."""

MSG_DONTWAIT = 0x40
MSG_TRUNC = 0x20


class Iovec(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Message(ctypes.Structure):
    """`struct mmsghdr`, whose first part is a `struct msghdr` that ends in padding."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("iov", ctypes.c_void_p),
        ("iov_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
        ("padding", ctypes.c_int),
        ("length", ctypes.c_uint32),
    )


class ControlMessage(ctypes.Structure):
    """`struct cmsghdr` followed by `struct tpacket_auxdata`."""

    _fields_ = (
        ("control_length", ctypes.c_size_t),
        ("level", ctypes.c_int),
        ("type", ctypes.c_int),
        ("status", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
        ("captured", ctypes.c_uint32),
        ("mac", ctypes.c_uint16),
        ("net", ctypes.c_uint16),
        ("vlan_tci", ctypes.c_uint16),
        ("vlan_tpid", ctypes.c_uint16),
        ("padding", ctypes.c_uint32),
    )


_libc = ctypes.PyDLL(None, use_errno=True)

recvmmsg = _libc.recvmmsg
recvmmsg.argtypes = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_int,
    ctypes.c_void_p,
)
recvmmsg.restype = ctypes.c_int

sendmmsg = _libc.sendmmsg
sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
sendmmsg.restype = ctypes.c_int

get_errno = ctypes.get_errno
