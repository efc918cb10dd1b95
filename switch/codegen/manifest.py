"""What the worker needs to build a program's config: plain data, to be sent piece by piece."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType

from switch.codegen.generate import generate
from switch.p4json.objects import ActionCall, Table, TableImplementation
from switch.p4json.program import Program
from switch.p4json.tables import TableNode
from switch.runtime.config import Target
from switch.runtime.keys import KeyLayout

_serial = itertools.count(1)


@dataclass(frozen=True)
class Compiled:
    """A program ready to be shipped, and what the control process keeps of it."""

    code: CodeType
    source: str
    links: tuple[tuple[str, tuple[str, ...]], ...]
    layouts: Mapping[str, KeyLayout]
    """By table."""
    action_ids: Mapping[str, Mapping[str, int]]
    """Numbers of actions by table, and by name."""
    profile_actions: Mapping[str, Mapping[str, int]]
    """Numbers of actions by action profile, and by name."""
    widths: Mapping[str, tuple[int, ...]]
    """Widths of actions' parameters in bits, by name of the action."""


def compile_program(program: Program, priority_queues: int = 1) -> Compiled:
    """Generate and compile a program's code. Raises `ProgramError` if it is not supported."""
    generated = generate(program, priority_queues)
    name = f"<{program.source_file or 'P4 program'} #{next(_serial)}>"
    nodes = list(_table_nodes(program))
    return Compiled(
        code=compile(generated.source, name, "exec", dont_inherit=True),
        source=generated.source,
        links=tuple(generated.links.items()),
        layouts={node.name: KeyLayout.of(node.table) for node in nodes},
        action_ids={node.name: node.action_ids for node in nodes},
        profile_actions={
            node.table.action_profile: node.action_ids
            for node in nodes
            if node.table.action_profile is not None
        },
        widths={
            action.name: tuple(parameter.width for parameter in action.parameters)
            for action in program.actions.values()
        },
    )


def target_of(call: ActionCall, actions: Mapping[str, int]) -> Target:
    """An action with its arguments as the worker wants it."""
    return ("action", actions[call.action], call.args)


def table_descriptions(program: Program) -> Iterator[tuple[str, str, str | None, bool, bool]]:
    """For each table name, kind, action profile, whether it has a meter and time-outs."""
    for node in _table_nodes(program):
        table = node.table
        yield (
            table.name,
            table.kind.value,
            _profile(table),
            table.direct_meter is not None,
            table.supports_timeout,
        )


def _profile(table: Table) -> str | None:
    return None if table.implementation is TableImplementation.SIMPLE else table.action_profile


def _table_nodes(program: Program) -> Iterator[TableNode]:
    for pipeline in program.body.pipelines.values():
        for node in pipeline.nodes.values():
            if isinstance(node, TableNode) and not node.table.is_constant_action:
                yield node
