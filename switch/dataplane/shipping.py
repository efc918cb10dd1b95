"""Cuts large operations into requests, each a piece of work of some tens of microseconds.

Sizes are what the worker does in that time: about 10 entries changed, 100 changed alike, 512
cells copied, 1,024 cells packed, 4,096 cells added to an array.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from switch.codegen.manifest import Compiled, table_descriptions, target_of
from switch.dataplane.process import Request
from switch.p4json.program import Program

ENTRIES = 16
ALIKE_ENTRIES = 128
CELLS = 512
NEW_CELLS = 4096
PACKED_CELLS = 1024
CODE_BYTES = 60000
DESCRIPTIONS = 16

T = TypeVar("T")


def program_requests(program: Program, compiled: Compiled) -> Iterator[Request]:
    """Everything that builds a program's config in the worker."""
    yield ("begin",)
    yield ("add_tables", [], list(program.action_profiles))
    for tables in slices(list(table_descriptions(program)), DESCRIPTIONS):
        yield ("add_tables", list(tables), [])
    for sets in slices(list(program.value_sets.values()), DESCRIPTIONS):
        yield ("add_value_sets", [(found.name, found.width) for found in sets])
    yield from _array_requests(program)
    for ops in slices(list(_fill_ops(program, compiled)), ENTRIES):
        yield ("fill", list(ops))
    shipped = marshal.dumps((compiled.code, compiled.source))
    for start in range(0, len(shipped), CODE_BYTES):
        yield ("add_code", shipped[start : start + CODE_BYTES])
    yield ("link_code", list(compiled.links))


def _array_requests(program: Program) -> Iterator[Request]:
    kinds = (
        ("register", program.registers),
        ("counter", program.counters),
        ("meter", program.meters),
    )
    for kind, arrays in kinds:
        for array in arrays.values():
            for _, count in ranges(0, array.size, NEW_CELLS):
                yield ("grow", kind, array.name, count)


def _fill_ops(program: Program, compiled: Compiled) -> Iterator[tuple[Any, ...]]:
    for name, layout in compiled.layouts.items():
        table, actions = program.tables[name], compiled.action_ids[name]
        if table.default_action is not None:
            yield ("default", name, target_of(table.default_action, actions))
        for entry in table.const_entries:
            target = target_of(entry.action, actions)
            yield ("insert", name, layout.encode(entry.key), entry.priority, target)


def slices(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Runs of consecutive items."""
    iterator = iter(items)
    while piece := list(islice(iterator, size)):
        yield piece


def ranges(first: int, count: int, size: int) -> Iterator[tuple[int, int]]:
    """Runs of consecutive cells: the first of each and how many; one empty run for none."""
    if count <= 0:
        yield first, count
    for start in range(first, first + count, size):
        yield start, min(size, first + count - start)
