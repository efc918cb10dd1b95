"""What a test needs of a kind of switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tests.conformance.control.arrays import Registers
from tests.conformance.control.client import Client
from tests.conformance.program import Program

CPU_PORT = 510
GRPC_ADDRESS = "127.0.0.1:50051"
START_LIMIT_S = 20.0


class SwitchKind(Protocol):
    """A kind of switch. Each test has a process of its own, in its own network namespace."""

    name: str

    def command(self, interfaces: Mapping[int, str]) -> Sequence[str]:
        """The command that starts one with these ports, without a program."""

    def registers(self, client: Client, program: Program) -> Registers:
        """Access to the registers of the switch that runs."""
