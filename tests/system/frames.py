"""Sends and receives raw frames at an interface, for a test outside the namespace: hex in, hex out.

Run as a script with an interface's name: each line on standard input is a frame to send, each frame
that arrives is written as a line. VLAN tags that the kernel took out are put back.
"""

import ctypes
import selectors
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
VLAN_VALID = 0x10
VLAN_TPID_VALID = 0x40
AUXDATA = struct.Struct("@IIIHHHH")  # struct tpacket_auxdata, linux/if_packet.h


def receive(port: socket.socket) -> bytes | None:
    """Return the next frame; None if it is one that this host sends."""
    frame, ancillary, _, address = port.recvmsg(65536, socket.CMSG_SPACE(AUXDATA.size))
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, *_, tci, tpid = AUXDATA.unpack(data[: AUXDATA.size])
            if status & VLAN_VALID:
                tpid = tpid if status & VLAN_TPID_VALID else 0x8100
                return frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


def main(interface: str) -> None:
    """Serve until standard input ends."""
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.setsockopt(SOL_PACKET, PACKET_AUXDATA, ctypes.c_int(1))
    port.bind((interface, 0))
    print("ready", flush=True)
    commands = sys.stdin.buffer.raw  # what a buffer held back, the selector would not see
    with selectors.DefaultSelector() as selector:
        selector.register(port, selectors.EVENT_READ)
        selector.register(commands, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is port:
                    frame = receive(port)
                    if frame is not None:
                        print(frame.hex(), flush=True)
                    continue
                line = commands.readline()
                if not line:
                    return
                port.send(bytes.fromhex(line.decode()))


if __name__ == "__main__":
    main(sys.argv[1])
