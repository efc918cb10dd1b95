"""What a node holds, as plain data: entries of tables, cells of registers and counters.

Choices: names are those of the node's own P4Info, so programs that nobody here knows are shown as
well. What may be long comes in parts. Nothing is locked: a migration has the right of way, and who
reads while a program is swapped sees either one's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from controller.errors import NodeUnreachable
from controller.operator.command import Data

if TYPE_CHECKING:
    from finsy.p4entity import P4TableEntry

    from controller.southbound.driver import NodeDriver

PART_CELLS = 1024
"Cells read and sent at once."
PART_ENTRIES = 500


def objects(driver: NodeDriver, kind: str) -> list[Any]:
    """Return the objects of a kind (``table``, ``register``, ``counter``) in the node's P4Info.

    Raises:
        NodeUnreachable: there is no session with the node.
    """
    if driver.state.value == "down":
        raise NodeUnreachable(
            driver.name,
            f"read of its {kind}s",
            "there is no session with it",
            f"is it running? hitless nodes {driver.name}",
        )
    return list(getattr(driver.schema, f"{kind}s"))


def tables(driver: NodeDriver) -> Data:
    """List the tables of a node."""
    counts = Counter(entry.table_id for entry in driver.table_entries())
    return {
        "node": driver.name,
        "tables": [
            {
                "name": table.name,
                "match": [
                    f"{field.alias}:{field.match_type.name.lower()}" for field in table.match_fields
                ],
                "actions": [action.alias for action in table.actions],
                "size": table.size,
                "entries": counts[table.name],
            }
            for table in objects(driver, "table")
        ],
    }


def entries(driver: NodeDriver, table: Any, *, counters: bool) -> Iterator[Data]:
    """Yield the entries of one table in parts; changed default actions are among them."""
    found = [e for e in driver.table_entries(counters=counters) if e.table_id == table.name]
    for first in range(0, max(len(found), 1), PART_ENTRIES):
        part = [_entry(driver, entry) for entry in found[first : first + PART_ENTRIES]]
        yield {"node": driver.name, "table": table.name, "entries": part}


def _entry(driver: NodeDriver, entry: P4TableEntry) -> Data:
    counted = entry.counter_data
    return {
        "match": "default" if entry.is_default_action else entry.match_str(driver.schema),
        "priority": entry.priority,
        "action": _without_path(entry.action_str(driver.schema)),
        "packets": counted and counted.packet_count,
        "bytes": counted and counted.byte_count,
    }


def _without_path(action: str) -> str:
    """Shorten ``a.b.forward(port=1)`` to ``forward(port=1)``."""
    name, bracket, arguments = action.partition("(")
    return name.rpartition(".")[2] + bracket + arguments


def registers(driver: NodeDriver) -> Data:
    """List the registers of a node."""
    return {
        "node": driver.name,
        "registers": [
            {"name": r.name, "cells": r.size, "bits": _bits(r)} for r in objects(driver, "register")
        ],
    }


def _bits(register: Any) -> int | None:
    """Return the width of a cell; None if it is no plain number."""
    spec = register.pbuf.type_spec.bitstring
    return spec.bit.bitwidth or spec.int.bitwidth or None


def register_cells(
    driver: NodeDriver, register: Any, first: int, count: int, *, zeros: bool
) -> Iterator[Data]:
    """Yield cells ``first`` to ``first + count - 1`` of a register as ``[index, value]``."""
    end = first + count
    for at in range(first, end, PART_CELLS):
        values = driver.read_registers(register.name, at, min(PART_CELLS, end - at))
        cells = [[at + i, value] for i, value in enumerate(values) if value or zeros]
        yield {
            "node": driver.name,
            "register": register.name,
            "size": register.size,
            "cells": cells,
        }


def counters(driver: NodeDriver) -> Data:
    """List the counters of a node that belong to no table."""
    return {
        "node": driver.name,
        "counters": [
            {"name": c.name, "cells": c.size, "unit": c.unit.name.lower()}
            for c in objects(driver, "counter")
        ],
    }


def counter_cells(driver: NodeDriver, counter: Any, *, zeros: bool) -> Data:
    """Return the cells of a counter as ``[index, packets, bytes]``."""
    cells = driver.read_counters(counter.name)
    return {
        "node": driver.name,
        "counter": counter.name,
        "size": counter.size,
        "cells": [
            [i, cell.packets, cell.bytes] for i, cell in enumerate(cells) if any(cell) or zeros
        ],
    }
