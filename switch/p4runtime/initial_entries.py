"""The entries that a table starts with (specification 1.4, "Constant Tables", "Preinitialized
Tables").

The JSON does not tell `const entries` from `entries`, and BMv2 lets nobody change either; P4Info
tells them apart, and the specification lets controllers change the latter. So the program is
corrected by P4Info before it is compiled. As for priorities, the first of N entries has N and the
last 1, which is what p4c gives both kinds for P4Runtime if the source does not say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from finsy.proto import p4i

from switch.p4json.objects import ConstEntry, Table
from switch.p4json.pipelines import Pipeline
from switch.p4json.program import Program
from switch.p4json.tables import TableNode


def correct_initial_entries(program: Program, p4info: p4i.P4Info) -> Program:
    """The program with the initial entries of its tables as P4Info and P4Runtime have them."""
    is_const = {table.preamble.name: table.is_const_table for table in p4info.tables}
    tables = {
        name: _corrected(table, is_const.get(name, True)) if table.const_entries else table
        for name, table in program.tables.items()
    }
    pipelines = {
        name: _with_tables(pipeline, tables) for name, pipeline in program.body.pipelines.items()
    }
    return replace(program, tables=tables, body=replace(program.body, pipelines=pipelines))


def _corrected(table: Table, is_const: bool) -> Table:
    if not table.takes_priority:
        return replace(table, entries_are_const=is_const)
    strongest_first = sorted(table.const_entries, key=lambda entry: -entry.priority)
    entries: tuple[ConstEntry, ...] = tuple(
        replace(entry, priority=len(strongest_first) - place)
        for place, entry in enumerate(strongest_first)
    )
    return replace(table, entries_are_const=is_const, const_entries=entries)


def _with_tables(pipeline: Pipeline, tables: Mapping[str, Table]) -> Pipeline:
    nodes = {
        name: replace(node, table=tables[node.name]) if isinstance(node, TableNode) else node
        for name, node in pipeline.nodes.items()
    }
    return replace(pipeline, nodes=nodes)
