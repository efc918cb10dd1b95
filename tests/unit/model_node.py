"""A node in memory: the whole ``NodeDriver`` interface, and packets that really use its state.

The node runs "gate" (see ``p4info_samples``) on its registers as the P4 firewall does: control
words are read once per packet; a packet from the inside records its flow in a bucket's least
recent cell; a packet from the outside refreshes a recorded flow and, where the slot is enforced,
is dropped if its flow is not recorded. A packet that is between reading the words and the end may
be overtaken by control calls, as on BMv2.

Every driver call passes ``world.tick``: there packets move, and calls fail, as the test wants.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from finsy.p4entity import P4DirectCounterEntry, P4TableEntry
from finsy.p4schema import P4Schema, P4UpdateType

from controller.errors import (
    NodeRefused,
    NodeUnreachable,
    PipelineRejected,
    RegisterError,
    UpdateFailure,
    WriteFailed,
)
from controller.southbound.driver import (
    ClockReading,
    CounterCell,
    InstalledPipeline,
    NodeState,
    Replica,
)
from controller.southbound.program import Program
from controller.state.entries import key_of
from controller.state.manifest import FunctionManifest
from controller.state.manifest_reader import read_manifests

UNIT_US = 65_536
WAYS = 4
TIME = 0xFFFF


@dataclass
class Running:
    """A program and all that belongs to it."""

    program: Program
    entries: dict[Any, P4TableEntry] = field(default_factory=dict)
    registers: dict[str, list[int]] = field(default_factory=dict)
    counters: dict[str, list[CounterCell]] = field(default_factory=dict)
    gate: FunctionManifest | None = None

    def __post_init__(self) -> None:
        schema = self.program.schema
        self.registers = {r.name: [0] * r.size for r in schema.registers}
        self.counters = {c.name: [CounterCell(0, 0)] * c.size for c in schema.counters}
        self.gate = read_manifests(schema, self.program.name).get("gate")


class ModelNode:
    """One node and its driver."""

    def __init__(self, name: str, world: Any, clock_offset_us: int = 0) -> None:
        self.name = name
        self.world = world
        self.clock_offset_us = clock_offset_us
        self.running: Running | None = None
        self.saved: Running | None = None
        self.groups: dict[int, frozenset[Replica]] = {}
        self.powered = True
        self.connected = True
        self.pushes = 0
        self.table_limit = 64
        self.occupant: Any = None
        "The packet that is in the node; the next one waits for it."

    # What happens to a node

    def power_off(self) -> None:
        """Die: everything is gone."""
        self.powered, self.running, self.saved, self.groups = False, None, None, {}
        self.world.cut_down(self.name)

    def power_on(self) -> None:
        """Come back with nothing; what was sent to the dead node meanwhile is lost."""
        self.world.cut_down(self.name)
        self.powered = True

    # Packets

    def now(self) -> int:
        """Return the node's clock in units."""
        return (self.world.now_us + self.clock_offset_us) // UNIT_US

    def process(self, flow: int, *, inside: bool) -> Generator[str, None, bool]:
        """Take a packet of a flow through; yields where control calls may come between.

        Returns whether the packet goes on.
        """
        if self.running is None:
            return False
        running, gate = self.running, self.running.gate
        if gate is None:
            return True
        slot, key = flow % gate.slots, flow + 1
        learning = running.registers[gate.learn][0] >> slot & 1
        enforcing = running.registers[gate.enforce][0] >> slot & 1
        if not (learning or enforcing):
            return True
        yield "words read"
        array = gate.array("flows", slot)
        cells = running.registers[array.register]
        buckets = array.cells_per_slot // WAYS
        first = array.first_cell(slot) + flow // gate.slots % buckets * WAYS
        ways = range(first, first + WAYS)
        found = next((i for i in ways if cells[i] and cells[i] >> 16 == key), None)
        if found is not None or inside:
            at = min(ways, key=lambda i: cells[i] & TIME) if found is None else found
            yield "bucket read"
            cells[at] = key << 16 | self.now()
        return bool(inside or found is not None or not enforcing)

    # NodeDriver: session

    @property
    def state(self) -> NodeState:
        up = self.powered and self.connected
        return NodeState.PRIMARY if up else NodeState.DOWN

    @property
    def controlled(self) -> Running | None:
        return self.saved or self.running

    @property
    def schema(self) -> P4Schema:
        return self.controlled.program.schema if self.controlled else P4Schema()

    @property
    def pending(self) -> bool:
        return self.saved is not None

    def _call(self, asked: str) -> None:
        self.world.tick(self, asked)
        if self.state is NodeState.DOWN:
            raise NodeUnreachable(self.name, asked, "there is no connection")

    def _held(self, asked: str) -> Running:
        if self.controlled is None:
            raise NodeRefused(self.name, asked, "no pipeline", code="FAILED_PRECONDITION")
        return self.controlled

    # Pipeline

    def installed(self) -> InstalledPipeline | None:
        self._call("installed")
        if self.controlled is None:
            return None
        program = self.controlled.program
        return InstalledPipeline(program.cookie, program.p4info, program.schema)

    def load(self, program: Program) -> None:
        self.save(program)
        self.commit()

    def save(self, program: Program) -> None:
        self._call(f"save {program.name}")
        self.pushes += 1
        self.saved = Running(program)
        self._called("save")

    def commit(self) -> None:
        self._call("commit")
        if self.saved is None:
            raise PipelineRejected(self.name, "commit", "nothing is saved", code="NOT_FOUND")
        self.running, self.saved = self.saved, None
        self._called("commit")

    def _called(self, asked: str) -> None:
        """Give the world the chance to lose the answer of a call that has acted."""
        self.world.after(self, asked)

    # Entities

    def write(self, updates: Iterable[Any]) -> None:
        failures = []
        for update in updates:
            self._call("write")
            held = self._held("write")
            if isinstance(update, P4DirectCounterEntry):
                held.entries[key_of(update.table_entry)].counter_data = update.data
                continue
            code = self._write_entry(held, update)
            if code:
                failures.append(UpdateFailure(update, code, "refused by the model"))
        if failures:
            raise WriteFailed(self.name, "write", failures)
        self._called("write")

    def _write_entry(self, held: Running, entry: P4TableEntry) -> str:
        if held.program.schema.tables.get(entry.table_id) is None:
            return "NOT_FOUND"
        entry.encode(held.program.schema)
        key, kind = key_of(entry), entry._update_type
        if entry.is_default_action:
            held.entries.pop(key, None)
            if entry.action is not None:
                held.entries[key] = copy.deepcopy(entry)
            return "" if kind is P4UpdateType.MODIFY else "INVALID_ARGUMENT"
        if (kind is P4UpdateType.INSERT) == (key in held.entries):
            return "ALREADY_EXISTS" if key in held.entries else "NOT_FOUND"
        if kind is P4UpdateType.DELETE:
            del held.entries[key]
            return ""
        if kind is P4UpdateType.INSERT and len(held.entries) >= self.table_limit:
            return "RESOURCE_EXHAUSTED"
        held.entries[key] = copy.deepcopy(entry)
        return ""

    def table_entries(
        self, tables: Collection[str] | None = None, *, counters: bool = False
    ) -> list[P4TableEntry]:
        self._call("table_entries")
        entries = [
            copy.deepcopy(entry)
            for entry in self._held("read").entries.values()
            if tables is None or entry.table_id in tables
        ]
        for entry in entries if not counters else ():
            entry.counter_data = None
        return entries

    # Registers and counters

    def _cells(self, name: str) -> list[int]:
        cells = self._held(name).registers.get(name)
        if cells is None:
            raise RegisterError(self.name, name, "the program has no such register")
        return cells

    def read_registers(self, name: str, first: int, count: int) -> list[int]:
        values = []
        for i in range(first, first + count):
            self._call(f"read {name}")
            values.append(self._cells(name)[i])
        return values

    def write_registers(self, name: str, cells: Mapping[int, int]) -> None:
        for i, value in cells.items():
            self._call(f"write {name}")
            self._cells(name)[i] = value
        self._called(f"write {name}")

    def fill_registers(self, name: str, first: int, count: int, value: int) -> None:
        self.write_registers(name, dict.fromkeys(range(first, first + count), value))

    def read_counters(self, name: str) -> list[CounterCell]:
        self._call(f"read {name}")
        return list(self._held(name).counters[name])

    def read_counter_cells(
        self, wanted: Mapping[str, Sequence[int] | None]
    ) -> dict[str, dict[int, CounterCell]]:
        self._call(f"read {', '.join(wanted)}")
        held = self._held(next(iter(wanted), "")).counters
        return {
            name: {i: held[name][i] for i in (range(len(held[name])) if cells is None else cells)}
            for name, cells in wanted.items()
        }

    def write_counters(self, name: str, cells: Mapping[int, CounterCell]) -> None:
        self._call(f"write {name}")
        for i, cell in cells.items():
            self._held(name).counters[name][i] = cell

    # Replication, time

    def multicast_groups(self) -> dict[int, frozenset[Replica]]:
        self._call("groups")
        return dict(self.groups)

    def set_multicast_group(self, group_id: int, replicas: Iterable[Replica]) -> None:
        self._call("set group")
        self.groups[group_id] = frozenset(replicas)

    def packet_out(self, payload: bytes, **metadata: int) -> None:
        self._call("packet_out")

    def clock(self) -> ClockReading:
        self._call("clock")
        world = self.world
        return ClockReading(world.now_us + self.clock_offset_us, world.host_ns(), 20)
