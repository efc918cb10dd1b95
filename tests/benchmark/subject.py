"""A switch that is measured: started, loaded, and set up to forward the generator's frames."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmark.frames import OUTSIDE_MAC
from tests.benchmark.links import INTERFACES
from tests.conformance.control.client import Client
from tests.conformance.control.tables import Tables
from tests.conformance.program import Program, find
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import Add
from tests.conformance.switches.bmv2 import THRIFT_PORT
from tests.conformance.switches.process import SwitchProcess
from tests.conformance.switches.switch import GRPC_ADDRESS, START_LIMIT_S, Extras, SwitchKind

BUILD = Path(__file__).resolve().parent.parent.parent / "p4" / "build"
ALL_SLOTS = 0xFFFF
_FORWARDING = f"add dmac dst_addr:0x{OUTSIDE_MAC.hex()} forward(port:2)"
_ZONES = "add zone ingress_port:1 set_inside()\nadd zone ingress_port:2 set_outside()"


@dataclass(frozen=True)
class Subject:
    """A switch that runs a program and forwards from port 1 to port 2."""

    kind: str
    program: Program
    client: Client
    extras: Extras
    pid: int
    load_s: float
    """How long loading the program took."""


def read_program(name: str) -> Program:
    """A node program of this project, by name."""
    return Program.read(BUILD / f"{name}.json", BUILD / f"{name}.p4info.txtpb")


@contextmanager
def running(kind: SwitchKind, program: Program) -> Iterator[Subject]:
    """Start a switch with a program. Raises `ControlError`."""
    with SwitchProcess(_command(kind)) as process, Client(GRPC_ADDRESS) as client:
        client.connect(START_LIMIT_S)
        began = time.monotonic()
        client.push(program)
        load_s = time.monotonic() - began
        subject = Subject(kind.name, program, client, kind.extras(client), process.pid, load_s)
        forward(subject)
        yield subject


def _command(kind: SwitchKind) -> list[str]:
    """The command that starts one; with Thrift, which BMv2 always has."""
    command = list(kind.command(INTERFACES))
    return command if kind.name == "bmv2" else [*command, "--thrift", f"127.0.0.1:{THRIFT_PORT}"]


def forward(subject: Subject) -> None:
    """Have the program forward the generator's frames, all slots enforced. On a fresh program."""
    has_firewall = any(table.preamble.alias == "zone" for table in subject.program.p4info.tables)
    tables = Tables(subject.client, subject.program)
    for statement in read_stf(f"{_FORWARDING}\n{_ZONES if has_firewall else ''}"):
        assert isinstance(statement, Add)
        tables.add(statement)
    if has_firewall:
        for word in ("firewall.learn", "firewall.enforce"):
            register = find("register", word, subject.program.p4info.registers)
            subject.extras.write_register(register, 0, ALL_SLOTS)
