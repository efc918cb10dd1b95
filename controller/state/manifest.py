"""What a network function is and what its state is: the result of reading its annotations.

``controller.state.manifest_reader`` makes these from a P4Info; nothing about a function is written
in Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.state.merge import MergeRule, TimeField


@dataclass(frozen=True)
class StateArray:
    """One register array that holds state of some slots."""

    register: str
    "Full name of the register."
    state: str
    "Name of the state that it is a part of."
    rule: MergeRule
    width: int
    "Bits of a cell."
    first_slot: int
    slots: int
    cells_per_slot: int
    time: TimeField | None
    bucket: int
    "Neighbouring cells that an entry may lie in; 1: a cell's place is its identity."

    def covers(self, slot: int) -> bool:
        """Tell whether cells of this slot are here."""
        return self.first_slot <= slot < self.first_slot + self.slots

    def first_cell(self, slot: int) -> int:
        """Return the index of a slot's first cell."""
        return (slot - self.first_slot) * self.cells_per_slot

    def shape(self) -> tuple[object, ...]:
        """Return what two arrays must agree on for their cells to mean the same."""
        return (self.rule, self.width, self.cells_per_slot, self.time, self.bucket)


@dataclass(frozen=True)
class FunctionManifest:
    """A network function of one program."""

    name: str
    slots: int
    "Number of its slots: the width of its control words."
    learn: str
    "Full name of the register whose bit i makes it learn slot i."
    enforce: str
    "Full name of the register whose bit i makes it enforce slot i."
    arrays: tuple[StateArray, ...]
    node_tables: frozenset[str]
    "Tables whose entries belong to the node."
    function_tables: frozenset[str]
    "Tables whose entries move with the function."
    load: tuple[str, ...]
    "Counters of packets handled, indexed by slot."
    drops: tuple[str, ...]
    "Counters of packets dropped, indexed by slot."
    port_keys: Mapping[str, str]
    "Those node tables whose entries are each about one port, to the match field that names it."

    @property
    def registers(self) -> frozenset[str]:
        """All registers of the function: words and state."""
        return frozenset({self.learn, self.enforce, *(a.register for a in self.arrays)})

    @property
    def states(self) -> frozenset[str]:
        """Names of its states."""
        return frozenset(array.state for array in self.arrays)

    def array(self, state: str, slot: int) -> StateArray:
        """Return the array that holds a state of a slot; there is exactly one."""
        return next(a for a in self.arrays if a.state == state and a.covers(slot))

    def cells_of(self, slots: Iterable[int]) -> int:
        """Return how many cells the state of these slots has."""
        return sum(self.array(s, slot).cells_per_slot for s in self.states for slot in slots)

    def difference(self, other: FunctionManifest) -> str | None:
        """Tell why state cannot be moved between two programs' versions of a function, if so."""
        if self.slots != other.slots:
            return f"{self.slots} slots in one and {other.slots} in the other"
        if self.states != other.states:
            odd = ", ".join(sorted(self.states ^ other.states))
            return f"only one of them has the state {odd}"
        if self.function_tables != other.function_tables:
            odd = ", ".join(sorted(self.function_tables ^ other.function_tables))
            return f"only one of them has the function-scope table {odd}"
        for state in sorted(self.states):
            for slot in range(self.slots):
                if self.array(state, slot).shape() != other.array(state, slot).shape():
                    return f"the cells of {state}, slot {slot}, differ in size, width or meaning"
        return None
