"""What a test needs of a kind of switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from finsy.proto import p4i

from tests.conformance.control.client import Client
from tests.conformance.stf.values import MatchValue

CPU_PORT = 510
GRPC_ADDRESS = "127.0.0.1:50051"
START_LIMIT_S = 60.0


class Extras(Protocol):
    """What only some switches have over P4Runtime. All raise `ControlError`."""

    def read_register(self, register: p4i.Register, index: int) -> int:
        """One cell."""

    def read_registers(self, register: p4i.Register) -> list[int]:
        """All cells."""

    def write_register(self, register: p4i.Register, index: int, value: int) -> None:
        """Set one cell."""

    def reset_register(self, register: p4i.Register) -> None:
        """Set all cells to 0."""

    def set_values(self, value_set: p4i.ValueSet, values: Sequence[MatchValue]) -> None:
        """Replace the members of a parser value set of one field."""


class SwitchKind(Protocol):
    """A kind of switch. Each test has a process of its own, in its own network namespace."""

    name: str

    def command(self, interfaces: Mapping[int, str]) -> Sequence[str]:
        """The command that starts one with these ports, without a program."""

    def extras(self, client: Client) -> Extras:
        """The extras of the switch that runs, and that `client` is connected to."""
