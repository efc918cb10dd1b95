"""One reading of a node's packet counters: which of them count its load, and what they show.

A program says by annotations what its counters count (``controller.state.manifest_reader``,
``controller.state.port_counters``), so it is looked at once and then known by its index.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finsy.p4schema import P4Schema

from controller.southbound.driver import NodeDriver
from controller.state.manifest_reader import read_manifests
from controller.state.port_counters import PortCounters, read_port_counters

Cell = tuple[str, int]
"Full name of a counter array and an index in it."


@dataclass(frozen=True)
class Counted:
    """What counts load in one program."""

    schema: P4Schema
    "The program. Another object is another program, or the same on a node that was restarted."
    functions: Mapping[str, tuple[str, ...]]
    "Function to its counters of packets handled, indexed by slot."
    slots: Mapping[str, int]
    "Function to the number of its slots."
    ports: PortCounters

    def wanted(self, ports: Iterable[int]) -> dict[str, Sequence[int] | None]:
        """Return the cells to read, for ``NodeDriver.read_counter_cells``."""
        cells: dict[str, Sequence[int] | None] = {
            counter: range(self.slots[function])
            if self.schema.counters[counter].size > self.slots[function]
            else None
            for function, counters in self.functions.items()
            for counter in counters
        }
        for counter in filter(None, (self.ports.rx, self.ports.tx)):
            size = self.schema.counters[counter].size
            cells[counter] = [port for port in ports if port < size]
        return cells


@dataclass(frozen=True)
class Reading:
    """Packets counted by then."""

    counted: Counted
    at: float
    "``time.monotonic`` in the middle of the call."
    took_s: float
    "The counters were read at any moment within it."
    packets: Mapping[Cell, int]


def counted_by(schema: P4Schema, node: str) -> Counted:
    """Find what counts load in a node's program. Raises ``ProgramError`` for bad annotations."""
    manifests = read_manifests(schema, f"of node {node}")
    return Counted(
        schema,
        {name: manifest.load for name, manifest in manifests.items()},
        {name: manifest.slots for name, manifest in manifests.items()},
        read_port_counters(schema, f"of node {node}"),
    )


def read(driver: NodeDriver, counted: Counted, ports: Iterable[int]) -> Reading | None:
    """Read a node's counters.

    Returns:
        None if they say nothing now: the program that control calls act on is not the one that
        packets run through, or was not throughout.

    Raises:
        NodeError: the node does not answer, or refuses.
    """
    if driver.pending:
        return None
    wanted = counted.wanted(ports)
    began = time.monotonic()
    found = driver.read_counter_cells(wanted) if wanted else {}
    took_s = time.monotonic() - began
    if driver.pending or driver.schema is not counted.schema:
        return None
    packets = {
        (name, index): cell.packets
        for name, cells in found.items()
        for index, cell in cells.items()
    }
    return Reading(counted, began + took_s / 2, took_s, packets)
