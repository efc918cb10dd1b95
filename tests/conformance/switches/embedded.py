"""The embedded switch: the `hitless-switch` of this checkout, controlled by P4Runtime alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from finsy.proto import p4i, p4r

from tests.conformance.control.bytestrings import decode, encode
from tests.conformance.control.client import DEVICE_ID, Client, ControlError
from tests.conformance.control.matches import field_match
from tests.conformance.stf.values import MatchValue
from tests.conformance.switches.switch import CPU_PORT, GRPC_ADDRESS


class Embedded:
    """What is tested. It ends by itself when its data plane's worker dies."""

    name = "embedded"

    def command(self, interfaces: Mapping[int, str]) -> Sequence[str]:
        """The command that starts one with these ports, without a program."""
        ports = [f"-i{number}@{interface}" for number, interface in interfaces.items()]
        return [
            sys.executable,
            *["-m", "switch", "--device-id", str(DEVICE_ID), "--grpc", GRPC_ADDRESS],
            *["--cpu-port", str(CPU_PORT), "--log-level", "warning"],
            *ports,
        ]

    def extras(self, client: Client) -> P4RuntimeExtras:
        """The extras of the switch that runs."""
        return P4RuntimeExtras(client)


class P4RuntimeExtras:
    """Registers and value sets of any width and match type."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read_register(self, register: p4i.Register, index: int) -> int:
        """One cell."""
        found = self._client.read(p4r.Entity(register_entry=_cell(register, index)))
        if len(found) != 1:
            raise ControlError(f"{len(found)} cells were read, not 1")
        return decode(found[0].register_entry.data.bitstring)

    def read_registers(self, register: p4i.Register) -> list[int]:
        """All cells."""
        every = p4r.RegisterEntry(register_id=register.preamble.id)
        found = self._client.read(p4r.Entity(register_entry=every))
        return [decode(entity.register_entry.data.bitstring) for entity in found]

    def write_register(self, register: p4i.Register, index: int, value: int) -> None:
        """Set one cell."""
        cell = _cell(register, index)
        cell.data.bitstring = encode(value)
        self._client.modify(p4r.Entity(register_entry=cell))

    def reset_register(self, register: p4i.Register) -> None:
        """Set all cells to 0."""
        for index in range(register.size):
            self.write_register(register, index, 0)

    def set_values(self, value_set: p4i.ValueSet, values: Sequence[MatchValue]) -> None:
        """Replace the members of a parser value set of one field."""
        matches = [field_match(value_set.match[0], value) for value in values]
        entry = p4r.ValueSetEntry(
            value_set_id=value_set.preamble.id,
            members=[p4r.ValueSetMember(match=[match]) for match in matches],
        )
        self._client.modify(p4r.Entity(value_set_entry=entry))


def _cell(register: p4i.Register, index: int) -> p4r.RegisterEntry:
    return p4r.RegisterEntry(register_id=register.preamble.id, index=p4r.Index(index=index))
