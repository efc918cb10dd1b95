"""What a node's program holds, taken from one program and put into the next.

A reload loses all that belongs to the program: table entries, default actions, counters,
registers. What the next program has too is read before and filled in again; what it has not is
left behind. Multicast groups and clone sessions belong to the node, and its driver keeps them.

Choices:
- Everything that could make the filling fail is checked before the node is touched: objects of one
  name that are not the same in both programs, tables that are too small, and kinds of state that
  are not carried (meters, action profiles, value sets, digests).
- Between save and commit the old program's counters and registers cannot be read any more, on any
  kind of node that behaves like BMv2. So they are read last, right before the save; what packets
  add between that and the commit (some tens of milliseconds) is missing from counters afterwards.
  For registers that matter such a reload is refused (``controller.migration.plan``).
- A default action's direct counter is not carried: BMv2 has none.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from finsy.p4entity import P4DirectCounterEntry, P4TableEntry
from finsy.p4schema import P4Schema, P4Table
from finsy.proto import p4r

from controller.southbound.driver import CounterCell, NodeDriver
from controller.southbound.wire import with_full_names
from controller.state.entries import changes


@dataclass(frozen=True)
class Content:
    """What a program held at a moment, under full names."""

    entries: tuple[P4TableEntry, ...]
    "Entries and changed default actions, with their direct counters' values."
    counters: Mapping[str, list[CounterCell]]
    registers: Mapping[str, list[int]]

    def to_bytes(self, schema: P4Schema) -> bytes:
        """Return a form for the journal; ``schema`` is that of the program it was read from."""
        entities = [entry.encode(schema) for entry in self.entries]
        packed = p4r.ReadResponse(entities=entities).SerializeToString(deterministic=True)
        body = {
            "entries": base64.b64encode(packed).decode("ascii"),
            "counters": self.counters,
            "registers": self.registers,
        }
        return json.dumps(body).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes, schema: P4Schema) -> Content:
        """Read what ``to_bytes`` made, with the same program's schema."""
        body = json.loads(data)
        packed = p4r.ReadResponse.FromString(base64.b64decode(body["entries"]))
        return cls(
            tuple(
                with_full_names(P4TableEntry.decode(entity, schema), schema)
                for entity in packed.entities
            ),
            {
                name: [CounterCell(*cell) for cell in cells]
                for name, cells in body["counters"].items()
            },
            body["registers"],
        )


def read_content(driver: NodeDriver, kept: P4Schema) -> Content:
    """Read what a node's program holds and a program with the schema ``kept`` can hold.

    Counters are read last: packets change them all the time.
    """
    schema = driver.schema
    registers = {
        register.name: driver.read_registers(register.name, 0, register.size)
        for register in schema.registers
        if kept.registers.get(register.name)
    }
    entries = driver.table_entries(counters=True)
    counters = {
        counter.name: driver.read_counters(counter.name)
        for counter in schema.counters
        if kept.counters.get(counter.name)
    }
    return Content(
        tuple(entry for entry in entries if kept.tables.get(entry.table_id)), counters, registers
    )


def fill(driver: NodeDriver, content: Content, more: Iterable[P4TableEntry]) -> int:
    """Put content into the program that control calls act on; return how many updates it took.

    Idempotent: what is there already is not written again. What the program has not is left out.

    Args:
        driver: The node, right after ``save``.
        content: What the old program held and this one can hold.
        more: Entries of tables that the old program did not have.
    """
    schema = driver.schema
    entries = [entry for entry in content.entries if schema.tables.get(entry.table_id)]
    written = changes(driver.table_entries(), (*entries, *more), exact=True)
    driver.write(written.updates())
    counted = [_direct(entry) for entry in entries if _has_count(entry)]
    if counted:
        driver.write(counted)
    for name, values in content.registers.items():
        if schema.registers.get(name):
            driver.write_registers(name, {i: value for i, value in enumerate(values) if value})
    for name, cells in content.counters.items():
        if schema.counters.get(name):
            driver.write_counters(name, {i: cell for i, cell in enumerate(cells) if any(cell)})
    return len(written) + len(counted)


def _has_count(entry: P4TableEntry) -> bool:
    data = entry.counter_data
    return not entry.is_default_action and bool(data and (data.packet_count or data.byte_count))


def _direct(entry: P4TableEntry) -> P4DirectCounterEntry:
    place = P4TableEntry(entry.table_id, match=entry.match, priority=entry.priority)
    return ~P4DirectCounterEntry(table_entry=place, data=entry.counter_data)


def cannot_carry(old: P4Schema, new: P4Schema, entries: Iterable[P4TableEntry]) -> str | None:
    """Tell why a node's content cannot pass from one program to another; None if it can."""
    for kind, objects in (
        ("action profile", old.action_profiles),
        ("meter", [*old.meters, *old.direct_meters]),
        ("value set", old.value_sets),
        ("digest", old.digests),
    ):
        for one in objects:
            return f"the {kind} {one.name} would be lost: its content is not carried over"
    by_table: dict[str, int] = {}
    for entry in entries:
        if not entry.is_default_action:
            by_table[entry.table_id] = by_table.get(entry.table_id, 0) + 1
    for table in old.tables:
        other = new.tables.get(table.name)
        if other is None:
            continue
        if _form(table) != _form(other):
            return f"the table {table.name} is not the same in both programs"
        if by_table.get(table.name, 0) > other.size:
            return (
                f"the table {table.name} has {by_table[table.name]} entries, and then {other.size}"
            )
    for register in old.registers:
        twin = new.registers.get(register.name)
        if twin is not None and twin.pbuf.type_spec != register.pbuf.type_spec:
            return f"the register {register.name} has cells of another type then"
        if twin is not None and twin.size < register.size:
            return f"the register {register.name} has {register.size} cells, and then {twin.size}"
    for counter in old.counters:
        other_counter = new.counters.get(counter.name)
        if other_counter is not None and other_counter.size < counter.size:
            return f"the counter {counter.name} has fewer cells then"
    return None


def _form(table: P4Table) -> tuple[object, ...]:
    """Return what entries of a table depend on: its keys, its actions and their parameters."""
    keys = [(f.id, f.alias, f.bitwidth, f.match_type) for f in table.match_fields]
    actions = [(a.name, [(p.name, p.bitwidth) for p in a.params]) for a in table.actions]
    return sorted(keys), sorted(actions)
