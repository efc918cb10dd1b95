"""Large frames of hosts whose interfaces promise segmentation: TCP works without `ethtool -K`."""

import hashlib
import os
import subprocess
import sys

import pytest

from switch.dataplane.client import DataPlane
from switch.dataplane.messages import Listeners, Replica
from switch.dataplane.segmentation import Offload, segments
from switch.p4json.load import load_program
from tests.switch.test_against_bmv2 import BUILD
from tests.switch.wires import add_pair, own_namespace, run

SIZE = 3_000_000

SERVER = """
import hashlib, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], 5000), family=family) as server:
    print("listening", flush=True)
    connection, _ = server.accept()
    digest = hashlib.sha256()
    while piece := connection.recv(1 << 16):
        digest.update(piece)
    print(digest.hexdigest(), flush=True)
"""


def _ones_sum(octets: bytes) -> int:
    padded = octets + bytes(len(octets) % 2)
    return int.from_bytes(padded, "big") % 0xFFFF


def _tcp_frame(payload: bytes, flags: int) -> bytes:
    ip = bytes.fromhex("4500 0000 fffe 4000 4006 0000 0a000001 0a000002")
    tcp = (
        bytes.fromhex("1388 0050 fffffff0 00000001 50")
        + bytes([flags])
        + bytes.fromhex("fff0 0000 0000")
    )
    return bytes.fromhex("020000000002 020000000001 0800") + ip + tcp + payload


def test_segments_carry_all_bytes_with_right_numbers_and_checksums():
    payload = os.urandom(1001)
    offload = Offload(1, 1, 54, 400, 34, 16)
    frames = list(segments(_tcp_frame(payload, 0x99), offload))  # CWR, ACK, PSH, FIN
    assert [len(frame) - 54 for frame in frames] == [400, 400, 201]
    assert b"".join(frame[54:] for frame in frames) == payload
    assert [int.from_bytes(frame[38:42], "big") for frame in frames] == [0xFFFFFFF0, 0x180, 0x310]
    assert [frame[47] for frame in frames] == [0x90, 0x10, 0x19]
    assert [int.from_bytes(frame[18:20], "big") for frame in frames] == [0xFFFE, 0xFFFF, 0]
    for frame in frames:
        assert int.from_bytes(frame[16:18], "big") == len(frame) - 14
        assert _ones_sum(frame[14:34]) == 0
        pseudo = frame[26:34] + (6).to_bytes(2, "big") + (len(frame) - 34).to_bytes(2, "big")
        assert _ones_sum(pseudo + frame[34:]) == 0


@pytest.mark.parametrize(
    "frame, offload",
    [
        (bytes(100), Offload(1, 1, 54, 400, 34, 16)),
        (_tcp_frame(b"x" * 900, 0x10), Offload(1, 3, 54, 400, 34, 16)),
        (_tcp_frame(b"x" * 900, 0x10), Offload(1, 1, 54, 0, 34, 16)),
        (_tcp_frame(b"x" * 900, 0x10), Offload(1, 1, 54, 400, 9000, 16)),
    ],
)
def test_what_cannot_be_segmented_gives_nothing(frame, offload):
    assert list(segments(frame, offload)) == []


@pytest.mark.system
@pytest.mark.parametrize("sender, receiver", [("10.7.0.1", "10.7.0.2"), ("fd07::1", "fd07::2")])
def test_a_host_with_segmentation_offload_sends_megabytes_through_the_switch(sender, receiver):
    nothing = Listeners(*[lambda *_: None] * 5)
    program = load_program((BUILD / "l2.json").read_bytes())
    with own_namespace():
        add_pair("s1d1", "s1h1")
        add_pair("s1d2", "s1h2")
        _move_to_host("s1h1", sender)
        _move_to_host("s1h2", receiver)
        with DataPlane(1, {1: "s1d1", 2: "s1d2"}, 510, nothing) as plane:
            plane.save(program)
            plane.commit()
            plane.set_multicast_group(1, [Replica(1), Replica(2)])
            assert _transfer(sender, receiver) == hashlib.sha256(bytes(SIZE)).hexdigest()
            assert plane.statistics()["dropped.too_long"] == 0


def _move_to_host(interface: str, address: str) -> None:
    """Put the far end of a wire into a host of its own: a namespace named like the interface."""
    run("ip", "netns", "add", interface)
    try:
        run("ip", "link", "set", interface, "netns", interface)
        prefix = "64" if ":" in address else "24"
        inside = ["ip", "-n", interface]
        enable = f"echo 0 > /proc/sys/net/ipv6/conf/{interface}/disable_ipv6"
        run("ip", "netns", "exec", interface, "sh", "-c", enable)
        run(*inside, "addr", "add", f"{address}/{prefix}", "dev", interface, *_without_dad(address))
        run(*inside, "link", "set", interface, "up")
    except subprocess.CalledProcessError:
        run("ip", "netns", "del", interface)
        raise


def _without_dad(address: str) -> list[str]:
    return ["nodad"] if ":" in address else []


def _transfer(sender: str, receiver: str) -> str:
    """Send zeros from one host to the other; returns the digest of what arrived."""
    hosts = {"sender": "s1h1", "receiver": "s1h2"}
    try:
        server = subprocess.Popen(
            ["ip", "netns", "exec", hosts["receiver"], sys.executable, "-c", SERVER, receiver],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        assert server.stdout.readline() == "listening\n"
        send = (
            "import socket, sys; "
            f"s = socket.create_connection(({receiver!r}, 5000), timeout=60); "
            f"s.sendall(bytes({SIZE}))"
        )
        run("ip", "netns", "exec", hosts["sender"], sys.executable, "-c", send)
        return server.communicate(timeout=60)[0].strip()
    finally:
        for host in hosts.values():
            run("ip", "netns", "del", host)
