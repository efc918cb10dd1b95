"""Where the cells of some slots lie: at one node, and paired with another node's.

Slots that follow each other in one array are one range, so that they are read in one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from controller.southbound.driver import NodeDriver
from controller.state.manifest import FunctionManifest, StateArray


@dataclass(frozen=True)
class CellRange:
    """Cells of one state that belong together at both nodes."""

    source: StateArray
    source_first: int
    destination: StateArray
    destination_first: int
    count: int


def cell_ranges(
    source: FunctionManifest, destination: FunctionManifest, slots: Iterable[int]
) -> list[CellRange]:
    """Pair the cells of some slots at two nodes; contiguous slots of one array stay together.

    The two manifests must have no ``difference``.
    """
    ranges: list[CellRange] = []
    for state in sorted(source.states):
        for slot in sorted(slots):
            ours, theirs = source.array(state, slot), destination.array(state, slot)
            new = CellRange(
                ours, ours.first_cell(slot), theirs, theirs.first_cell(slot), ours.cells_per_slot
            )
            joined = _joined(ranges[-1], new) if ranges else None
            ranges[-1:] = [joined] if joined else [*ranges[-1:], new]
    return ranges


def _joined(one: CellRange, next_one: CellRange) -> CellRange | None:
    """Make one range of two that follow each other at both nodes; None if they do not."""
    follows = (
        one.source is next_one.source
        and one.destination is next_one.destination
        and one.source_first + one.count == next_one.source_first
        and one.destination_first + one.count == next_one.destination_first
    )
    if not follows:
        return None
    return CellRange(
        one.source,
        one.source_first,
        one.destination,
        one.destination_first,
        one.count + next_one.count,
    )


def clear(driver: NodeDriver, arrays: Iterable[tuple[StateArray, int, int]]) -> int:
    """Set cells to 0; return how many were not. Nobody learns into them meanwhile.

    Read first: state is sparse, and writing what is 0 already would cost more than reading it.
    """
    cleared = 0
    for array, first, count in arrays:
        cells = driver.read_registers(array.register, first, count)
        stale = {first + i: 0 for i, cell in enumerate(cells) if cell}
        if len(stale) * 2 > count:
            driver.fill_registers(array.register, first, count, 0)
        elif stale:
            driver.write_registers(array.register, stale)
        cleared += len(stale)
    return cleared


def own_ranges(
    manifest: FunctionManifest, slots: Iterable[int]
) -> Iterator[tuple[StateArray, int, int]]:
    """Return array, first cell and count of all state of some slots at one node."""
    for cells in cell_ranges(manifest, manifest, slots):
        yield cells.source, cells.source_first, cells.count
