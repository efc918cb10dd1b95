"""Which counters of a program count what passes the node's ports: read from their annotations.

``@hitless_ports[direction="rx"]`` or ``"tx"`` on an indirect counter whose index is the port.
A program need not have them; its ports' load is not known then.
"""

from __future__ import annotations

from dataclasses import dataclass

from finsy.p4schema import P4Schema

from controller.errors import ProgramError
from controller.state.annotations import ON_COUNTERS, PORTS, annotations_of

_DIRECTIONS = ("rx", "tx")


@dataclass(frozen=True)
class PortCounters:
    """Full names of counters indexed by port; None: the program has none."""

    rx: str | None
    "Packets and bytes that came in."
    tx: str | None
    "Packets and bytes that left."


def read_port_counters(schema: P4Schema, program: str) -> PortCounters:
    """Find a program's port counters.

    Args:
        schema: The indexed P4Info.
        program: The program's name, for error texts.

    Raises:
        ProgramError: naming the program, the counter and what is wrong.
    """
    found: dict[str, str] = {}
    for counter in schema.counters:
        for note in annotations_of(program, counter, ON_COUNTERS):
            if note.name != PORTS:
                continue
            direction = note.choice("direction", _DIRECTIONS)
            note.end()
            if direction in found:
                raise ProgramError(
                    f"program {program}: {counter.name}: @{PORTS}: {found[direction]} counts "
                    f"{direction} already"
                )
            found[direction] = counter.name
    return PortCounters(found.get("rx"), found.get("tx"))
