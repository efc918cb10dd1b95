"""The packet buffer, and the vectors by which the kernel fills and reads it.

One block of memory holds the slots that frames are received into, a slot for frames that come from
elsewhere, and room for frames that were rewritten. Frames are not copied on their way through: a
frame that leaves unchanged is sent from the slot that it was received into.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence

from switch.dataplane.libc import VIRTIO_NET_HDR_SIZE, ControlMessage, Iovec, Message
from switch.dataplane.segmentation import Offload

BATCH = 64
"""Frames received by one call."""

HEADROOM = 64
"""Free bytes before a frame, for a VLAN tag that is put back."""

MAX_FRAME = 65536 + 14 + 4
"""The longest frame, in bytes: what a host hands over that leaves segmentation to its interface."""

SLOT_SIZE = 18 * 4096 + 160
"""No power of two: the beginnings of frames are to fall into different lines of the caches."""

STASH_SIZE = 1 << 20
SEND_BATCH = 256


class PacketBuffer:
    """The memory that frames live in while they are processed."""

    def __init__(self, make_room: Callable[[], None]) -> None:
        """`make_room` is called when rewritten frames fill their room: it must send them."""
        self._stash_start = (BATCH + 1) * SLOT_SIZE
        self.data = bytearray(self._stash_start + STASH_SIZE)
        self.address = ctypes.addressof((ctypes.c_char * len(self.data)).from_buffer(self.data))
        self.slots = tuple(index * SLOT_SIZE + HEADROOM for index in range(BATCH))
        """Where received frames begin."""
        self.spare = BATCH * SLOT_SIZE + HEADROOM
        """Where a frame begins that was injected or comes round again."""
        self._make_room = make_room
        self._next = self._stash_start

    def stash(self, frame: bytes) -> int:
        """Copy a rewritten frame to where it can be sent from; returns its address in memory."""
        at, size = self._next, len(frame)
        if at + size > len(self.data):
            self._make_room()
            at = self._stash_start
        self.data[at : at + size] = frame
        self._next = at + size
        return self.address + at

    def sent(self) -> None:
        """All rewritten frames have been sent: their room is free again."""
        self._next = self._stash_start

    def read(self, address: int, size: int) -> bytes:
        """The bytes at an address in memory."""
        at = address - self.address
        return bytes(self.data[at : at + size])


class ReceiveVector:
    """Arguments of `recvmmsg` for a whole batch, set up once.

    After a call `lengths` and `statuses` say how long each frame is (with the 10 bytes that the
    kernel puts before it) and what the kernel did to it.
    """

    def __init__(self, buffer: PacketBuffer) -> None:
        self._messages = (Message * BATCH)()
        self._parts = (Iovec * (2 * BATCH))()
        self._offload_headers = bytearray(VIRTIO_NET_HDR_SIZE * BATCH)
        self.controls = (ControlMessage * BATCH)()
        self._point_to(buffer)
        self.address = ctypes.addressof(self._messages)
        words = memoryview(self._messages).cast("B").cast("I")
        self.lengths = words[Message.length.offset // 4 :: ctypes.sizeof(Message) // 4]
        words = memoryview(self.controls).cast("B").cast("I")
        self.statuses = words[
            ControlMessage.status.offset // 4 :: ctypes.sizeof(ControlMessage) // 4
        ]
        self._raw = memoryview(self._messages).cast("B")
        self._fresh = bytes(self._raw)

    def reset(self) -> None:
        """Undo what the kernel wrote into the arguments."""
        self._raw[:] = self._fresh

    def offload(self, index: int) -> Offload:
        """What the sender of a frame left to its interface."""
        start = index * VIRTIO_NET_HDR_SIZE
        return Offload.parse(self._offload_headers[start : start + VIRTIO_NET_HDR_SIZE])

    def _point_to(self, buffer: PacketBuffer) -> None:
        anchor = (ctypes.c_char * len(self._offload_headers)).from_buffer(self._offload_headers)
        headers = ctypes.addressof(anchor)
        for index, at in enumerate(buffer.slots):
            header, frame = self._parts[2 * index], self._parts[2 * index + 1]
            header.base = headers + index * VIRTIO_NET_HDR_SIZE
            header.length = VIRTIO_NET_HDR_SIZE
            frame.base = buffer.address + at
            frame.length = MAX_FRAME
            message = self._messages[index]
            message.iov = ctypes.addressof(header)
            message.iov_length = 2
            message.control = ctypes.addressof(self.controls[index])
            message.control_length = ctypes.sizeof(ControlMessage)


class SendVector:
    """Arguments of `sendmmsg`, each message with one part."""

    def __init__(self) -> None:
        self._messages = (Message * SEND_BATCH)()
        self._parts = (Iovec * SEND_BATCH)()
        for message, part in zip(self._messages, self._parts, strict=True):
            message.iov = ctypes.addressof(part)
            message.iov_length = 1
        self.address = ctypes.addressof(self._messages)
        self._words = memoryview(self._parts).cast("B").cast("Q")

    def load(self, frames: Sequence[int]) -> int:
        """Point to frames, given as address and length one after the other. Returns how many."""
        self._words[: len(frames)] = array("Q", frames)
        return len(frames) // 2

    def address_of(self, index: int) -> int:
        """The address of one message."""
        return self.address + index * ctypes.sizeof(Message)
