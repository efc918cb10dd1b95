"""Random frames through our own programs, on the embedded switch and on BMv2: the same comes out.

Both switches get the same entries, groups and control words and the same frames; compared are the
frames that leave each port, in order, and what registers and counters hold afterwards. Times differ
between two switches, so of a connection's record only the fingerprint is compared.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from switch.dataplane.client import DataPlane
from switch.dataplane.messages import Config, Listeners, OpKind, Replica, TableOp
from switch.p4json.load import load_program
from switch.p4json.objects import ActionCall, TernaryMatch
from tests.switch.bmv2 import SimpleSwitch
from tests.switch.wires import Wire, add_pair, own_namespace

pytestmark = [pytest.mark.system, pytest.mark.bmv2]

BUILD = Path(__file__).parents[2] / "p4" / "build"
PORTS = (1, 2, 3)
MACS = [0x02_0000_0000_01, 0x02_0000_0000_02, 0x02_0000_0000_03, 0xFFFF_FFFF_FFFF]
ADDRESSES = [0x0A000001, 0x0A000002, 0x0A000003, 0xC0A80001]
L2, FIREWALL = "NodeIngress.l2", "NodeIngress.firewall"
FRAMES = 400
RUN = 20
"""Frames sent into one port before it is another's turn: between ports no order is kept. So many
fit BMv2's buffers and queues, which drop what does not.
"""
MARKER = b"\x88\xb6" + b"all before this is through".ljust(46)
"""What ends a frame that no program drops."""


def _frame(rng: random.Random) -> bytes:
    """Something that a network might carry, or nearly."""
    source, destination = rng.choice(MACS[:3]), rng.choice(MACS)
    head = destination.to_bytes(6, "big") + source.to_bytes(6, "big")
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        head += struct.pack(">HH", rng.choice([0x8100, 0x88A8]), rng.randrange(4096))
    kind = rng.choice(["ipv4", "ipv4", "ipv4", "ipv6", "arp", "odd"])
    body = {
        "ipv4": _ipv4,
        "ipv6": _ipv6,
        "arp": lambda rng: b"\x08\x06" + rng.randbytes(28),
        "odd": lambda rng: rng.randbytes(rng.randrange(2, 60)),
    }[kind](rng)
    frame = head + body
    return frame[: rng.randrange(14, len(frame))] if rng.random() < 0.15 else frame


def _ipv4(rng: random.Random) -> bytes:
    protocol, rest = _transport(rng, version=4)
    words = rng.choice([5, 5, 5, 6, 15, 4])
    fragment = rng.choice([0, 0, 0, 0x2000, 7, 0x2007])
    header = struct.pack(
        ">BBHHHBBHII",
        0x40 | words,
        0,
        20 + len(rest),
        rng.randrange(1 << 16),
        fragment,
        64,
        protocol,
        0,
        rng.choice(ADDRESSES),
        rng.choice(ADDRESSES),
    )
    return b"\x08\x00" + header + rng.randbytes(max(words - 5, 0) * 4) + rest


def _ipv6(rng: random.Random) -> bytes:
    protocol, rest = _transport(rng, version=6)
    addresses = [rng.choice(ADDRESSES).to_bytes(16, "big") for _ in range(2)]
    return (
        b"\x86\xdd"
        + struct.pack(">IHBB", 6 << 28, len(rest), protocol, 64)
        + b"".join(addresses)
        + rest
    )


def _transport(rng: random.Random, version: int) -> tuple[int, bytes]:
    ports = struct.pack(">HH", rng.choice([80, 443, 5000]), rng.choice([80, 443, 5000]))
    match rng.choice(["tcp", "udp", "icmp", "other"]):
        case "tcp":
            return 6, ports + rng.randbytes(20)
        case "udp":
            return 17, ports + struct.pack(">HH", 16, 0) + rng.randbytes(8)
        case "icmp":
            kinds = [0, 3, 8, 11] if version == 4 else [1, 2, 4, 128, 129, 135, 143]
            kind = rng.choice(kinds)
            about = _ipv4(rng)[2:] if version == 4 else _ipv6(rng)[2:]
            about = about if len(about) < 120 else about[:120]
            return (1 if version == 4 else 58), bytes([kind, 0, 0, 0]) + rng.randbytes(4) + about
    return 47, rng.randbytes(16)


def _entries(with_firewall: bool) -> tuple[list[TableOp], list[str]]:
    """The same entries for the one switch and for the other."""
    ops = [
        TableOp(OpKind.INSERT, f"{L2}.dmac", (mac,), 0, ActionCall(f"{L2}.forward", (port,)))
        for port, mac in zip(PORTS, MACS, strict=False)
    ]
    commands = [
        f"table_add {L2}.dmac {L2}.forward {mac:#x} => {port}"
        for port, mac in zip(PORTS, MACS, strict=False)
    ]
    if not with_firewall:
        return ops, commands
    for port, zone in ((1, "set_inside"), (2, "set_outside")):
        action = ActionCall(f"{FIREWALL}.{zone}")
        ops.append(TableOp(OpKind.INSERT, f"{FIREWALL}.zone", (port,), 0, action))
        commands.append(f"table_add {FIREWALL}.zone {FIREWALL}.{zone} {port} =>")
    for priority, action, source, ports in (
        (10, "deny", ADDRESSES[2], 0),
        (20, "allow", ADDRESSES[1], 443),
        (5, "allow", 0, 80),
    ):
        mapped = 0xFFFF_0000_0000 | source
        keys = [
            TernaryMatch(mapped, (1 << 128) - 1) if source else TernaryMatch(0, 0),
            TernaryMatch(0, 0),
            TernaryMatch(0, 0),
            TernaryMatch(0, 0),
            TernaryMatch(ports, 0xFFFF if ports else 0),
            TernaryMatch(0, 0),
        ]
        call = ActionCall(f"{FIREWALL}.{action}")
        ops.append(TableOp(OpKind.INSERT, f"{FIREWALL}.acl", tuple(keys), priority, call))
        words = " ".join(f"{key.value:#x}&&&{key.mask:#x}" for key in keys)
        name = f"{FIREWALL}.{action}"
        commands.append(f"table_add {FIREWALL}.acl {name} {words} => {100 - priority}")
    return ops, commands


def _groups() -> list[str]:
    ports = " ".join(map(str, PORTS))
    return ["mc_mgrp_create 1", f"mc_node_create 0 {ports}", "mc_node_associate 1 0"]


def _through(wires: dict[int, Wire], frames: list[tuple[int, bytes]]) -> dict[int, list[bytes]]:
    """Send frames into ports, and gather what leaves each port."""
    left: dict[int, list[bytes]] = {port: [] for port in PORTS}
    for start in range(0, len(frames), RUN):
        for port, frame in frames[start : start + RUN]:
            wires[port].send(frame)
        _await_markers(wires, frames[start][0], left)
    for port in PORTS:  # what went back to the port that it came from
        _await_markers(wires, port, left)
    return left


def _await_markers(wires: dict[int, Wire], entry: int, left: dict[int, list[bytes]]) -> None:
    """Send a frame from one port to each other one, and gather what leaves there before it."""
    for port in PORTS:
        if port != entry:
            source, destination = (MACS[at - 1].to_bytes(6, "big") for at in (entry, port))
            wires[entry].send(destination + source + MARKER)
            while not (frame := wires[port].receive_with_tag()).endswith(MARKER):
                left[port].append(frame)


@pytest.mark.parametrize("name, seed", [("l2", 1), ("guarded", 2)])
def test_random_frames_leave_both_switches_alike(name, seed):
    rng = random.Random(seed)
    frames = [(PORTS[index // RUN % 3], _frame(rng)) for index in range(FRAMES)]
    with_firewall = name != "l2"
    ops, commands = _entries(with_firewall)
    program = load_program((BUILD / f"{name}.json").read_bytes())
    with own_namespace():
        ours, theirs = _ports("o"), _ports("b")
        nothing = Listeners(*[lambda *_: None] * 5)
        with (
            DataPlane(1, {port: f"s1o{port}" for port in PORTS}, 510, nothing) as plane,
            SimpleSwitch(BUILD / f"{name}.json", {port: f"s1b{port}" for port in PORTS}) as bmv2,
        ):
            plane.save(program)
            plane.commit()
            plane.write_table(Config.RUNNING, ops)
            plane.set_multicast_group(1, [Replica(port) for port in PORTS])
            bmv2.cli([*commands, *_groups()])
            if with_firewall:
                for word in ("learn", "enforce"):
                    plane.write_registers(Config.RUNNING, f"{FIREWALL}.{word}", 0, [0x7FFF])
                    bmv2.cli([f"register_write {FIREWALL}.{word} 0 {0x7FFF}"])
            from_ours, from_theirs = _through(ours, frames), _through(theirs, frames)
            for port in PORTS:
                assert from_ours[port] == from_theirs[port], f"port {port}"
            assert sum(map(len, from_ours.values())) > FRAMES / 4
            if with_firewall:
                _compare_state(plane, bmv2)
        for wire in (*ours.values(), *theirs.values()):
            wire.close()


def _ports(letter: str) -> dict[int, Wire]:
    for port in PORTS:
        add_pair(f"s1{letter}{port}", f"s1{letter}h{port}")
    return {port: Wire(f"s1{letter}h{port}") for port in PORTS}


def _compare_state(plane: DataPlane, bmv2: SimpleSwitch) -> None:
    names = [f"{FIREWALL}.connections_{slot}" for slot in range(16)]
    theirs = bmv2.registers(names)
    used = 0
    for name in names:
        ours = plane.read_registers(Config.RUNNING, name, 0, 4096)
        assert [cell >> 32 for cell in ours] == [cell >> 32 for cell in theirs[name]], name
        used += sum(cell > 0 for cell in ours)
    assert used > 10
    for name in (f"{FIREWALL}.handled", f"{FIREWALL}.dropped"):
        cells = plane.read_counters(Config.RUNNING, name, 0, 16)
        assert [(cell.packets, cell.bytes) for cell in cells] == bmv2.counters(name, 16), name
