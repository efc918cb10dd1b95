"""Copies of slots' state that outlive their node, and how they get into another one.

A checkpoint holds the cells of one slot that were not empty, and what the node's clock showed then.
When it is restored its times are moved to the clock of the node that gets it: the old clock is
thought on as if the node had lived. Since the checkpoint may outlive this process, that is reckoned
by the host's wall clock; a step of it while a node is dead makes connections look older or younger
by as much.

State that was recorded after the last checkpoint is lost with the node. For a firewall: connections
opened within the interval have to be opened anew.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from controller.southbound.driver import ClockReading, NodeDriver
from controller.state.manifest import FunctionManifest, StateArray
from controller.state.merge import Cells, MergeRule, Writes, sum_writes
from controller.state.rebase import ClockOffset, rebased
from controller.state.transfer import spans_to_merge, writes_for

_CLOCKS_DRIFT_US = 100_000
"How far a node's clock may fall behind the host's wall clock between two checkpoints."

Hold = Callable[[str], AbstractContextManager[None]]
"Keeps all other operations away from a node."


@dataclass(frozen=True)
class SlotCheckpoint:
    """The state of one slot at one moment."""

    function: str
    slot: int
    node: str
    "Where it was read."
    clock: ClockReading
    "The node's clock; ``host_ns`` is ``time.time_ns``, not the monotonic clock."
    cells: Mapping[str, Mapping[int, int]]
    "State to index within the slot to value; empty cells are left out."
    shapes: Mapping[str, str]
    "State to what its cells mean: only a function whose cells mean the same gets them."

    def age_s(self, wall_ns: int) -> float:
        """Return how old it is."""
        return (wall_ns - self.clock.host_ns) / 1e9

    def to_bytes(self) -> bytes:
        """Return a form for the disk."""
        clock = self.clock
        body = {
            "node": self.node,
            "clock": [clock.node_us, clock.host_ns, clock.error_us],
            "cells": {state: list(cells.items()) for state, cells in self.cells.items()},
            "shapes": dict(self.shapes),
        }
        return zlib.compress(json.dumps(body).encode("ascii"), level=1)

    @classmethod
    def from_bytes(cls, function: str, slot: int, data: bytes) -> SlotCheckpoint:
        """Read what ``to_bytes`` made. Raises ``ValueError`` or ``KeyError`` if it is damaged."""
        try:
            body = json.loads(zlib.decompress(data))
        except zlib.error as exc:
            raise ValueError(str(exc)) from exc
        cells = {state: dict(pairs) for state, pairs in body["cells"].items()}
        clock = ClockReading(*body["clock"])
        return cls(function, slot, body["node"], clock, cells, body["shapes"])


def on_wall_clock(reading: ClockReading, now_ns: int, wall_ns: int) -> ClockReading:
    """Return a reading against the wall clock, given both of the host's clocks at one moment."""
    return ClockReading(reading.node_us, reading.host_ns + wall_ns - now_ns, reading.error_us)


def restarted(checkpoint: SlotCheckpoint, clock: ClockReading) -> bool:
    """Tell whether a node was started anew since a checkpoint of it: its clock is behind.

    Args:
        checkpoint: One that was read from the node.
        clock: Its clock now, against the wall clock.
    """
    behind_us = checkpoint.clock.at(clock.host_ns) - clock.node_us
    return behind_us > checkpoint.clock.error_us + clock.error_us + _CLOCKS_DRIFT_US


def read_checkpoints(
    driver: NodeDriver,
    manifest: FunctionManifest,
    slots: Iterable[int],
    clock: ClockReading,
    hold: Hold,
) -> Iterator[SlotCheckpoint]:
    """Read the state of slots, array by array, as gently as a migration does.

    Args:
        driver: The node.
        manifest: The function as its program has it.
        slots: Which slots.
        clock: Its clock, against the wall clock.
        hold: Keeps reloads away while an array is read.

    Raises:
        NodeError: the node refused something or cannot be reached.
    """
    for slot in sorted(slots):
        cells: dict[str, dict[int, int]] = {}
        shapes: dict[str, str] = {}
        for state in sorted(manifest.states):
            array = manifest.array(state, slot)
            with hold(driver.name):
                values = driver.read_registers(
                    array.register, array.first_cell(slot), array.cells_per_slot
                )
            cells[state] = {i: value for i, value in enumerate(values) if value}
            shapes[state] = _meaning(array)
        yield SlotCheckpoint(manifest.name, slot, driver.name, clock, cells, shapes)


def restore(
    driver: NodeDriver,
    manifest: FunctionManifest,
    checkpoint: SlotCheckpoint,
    clock: ClockReading,
    wall_ns: int,
    hold: Hold,
) -> int:
    """Merge a checkpoint into a node's state; return how many cells were written. Idempotent.

    Except for states that are summed up: those are to be restored once.

    Args:
        driver: The node that gets it.
        manifest: The function as its program has it.
        checkpoint: What it gets.
        clock: Its clock, against the wall clock.
        wall_ns: The wall clock now.
        hold: Keeps reloads away while an array is written.

    Raises:
        ValueError: the function's cells mean something else at this node.
        NodeError: the node refused something or cannot be reached.
    """
    offset = ClockOffset.between(checkpoint.clock, clock)
    written = 0
    for state, kept in checkpoint.cells.items():
        if state not in manifest.states:
            raise ValueError(f"{manifest.name} of {driver.name} has no state {state}")
        array = manifest.array(state, checkpoint.slot)
        if _meaning(array) != checkpoint.shapes[state]:
            raise ValueError(f"cells of {state} mean something else at {driver.name}")
        theirs = [kept.get(i, 0) for i in range(array.cells_per_slot)]
        if array.time is not None:
            theirs = rebased(theirs, array.time, offset, clock.at(wall_ns) + clock.error_us)
        with hold(driver.name):
            written += _merge(driver, array, checkpoint.slot, theirs, offset)
    return written


def _merge(
    driver: NodeDriver, array: StateArray, slot: int, theirs: Cells, offset: ClockOffset
) -> int:
    written = 0
    for start, end in spans_to_merge(array, theirs):
        first = array.first_cell(slot) + start
        ours = driver.read_registers(array.register, first, end - start)
        writes = _writes(array, theirs[start:end], ours, offset)
        if writes:
            cells = {first + i: value for i, value in writes.items()}
            driver.write_registers(array.register, cells)
        written += len(writes)
    return written


def _writes(array: StateArray, theirs: Cells, ours: Cells, offset: ClockOffset) -> Writes:
    """Merge by the array's rule; what was counted here and before are different packets."""
    if array.rule is MergeRule.SUM:
        return sum_writes(theirs, ours, [0] * len(theirs), (1 << array.width) - 1)
    return writes_for(array, theirs, ours, offset)


def _meaning(array: StateArray) -> str:
    return repr(array.shape())
