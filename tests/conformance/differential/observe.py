"""What a switch did with a test that expects nothing: frames, registers, counters, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from finsy.proto import p4r

from tests.conformance.control.arrays import CheckError
from tests.conformance.control.client import ControlError
from tests.conformance.outcome import Verdict
from tests.conformance.player import Player
from tests.conformance.program import Program
from tests.conformance.stf.reader import read_stf
from tests.conformance.stf.statements import CPU, Statement
from tests.conformance.switches.switch import SwitchKind
from tests.conformance.trial import on_fresh_switch, port_numbers

PATIENCE_S = 0.5


@dataclass
class Observation:
    """Everything that can be seen of a switch from outside."""

    verdict: Verdict = Verdict.PASSED
    reason: str = ""
    refused: dict[int, str] = field(default_factory=dict)
    """Lines that the switch did not accept, and its words."""
    frames: dict[str, list[str]] = field(default_factory=dict)
    """By port, in hexadecimal."""
    registers: dict[str, list[int]] = field(default_factory=dict)
    counters: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Packets and bytes."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def observe(kind: SwitchKind, program: Program, stf: str) -> Observation:
    """Run a test on a fresh switch."""
    statements = read_stf(stf)
    seen = Observation()
    seen.verdict, seen.reason = on_fresh_switch(
        kind, program, statements, lambda player: _act(seen, player, program, statements)
    )
    return seen


def _act(
    seen: Observation, player: Player, program: Program, statements: Sequence[Statement]
) -> None:
    for statement in statements:
        try:
            player.apply(statement)
        except (ControlError, CheckError) as error:
            seen.refused[statement.line] = str(error)
    player.wait(lambda: player.received_count() > 0, PATIENCE_S)
    for port in (*port_numbers(statements), CPU):
        seen.frames[str(port)] = [frame.hex() for frame in player.received(port)]
    for register in program.p4info.registers:
        if register.type_spec.bitstring.bit.bitwidth <= 63:
            seen.registers[register.preamble.name] = player.extras.read_registers(register)
    for counter in program.p4info.counters:
        entity = p4r.Entity(counter_entry=p4r.CounterEntry(counter_id=counter.preamble.id))
        cells = [found.counter_entry.data for found in player.client.read(entity)]
        seen.counters[counter.preamble.name] = [
            (cell.packet_count, cell.byte_count) for cell in cells
        ]
