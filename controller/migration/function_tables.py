"""The entries that move with a function: access lists, time-outs.

Both nodes of a move must have the same, before the destination enforces. They are those of the
source; where that is dead, those of its last checkpoint. A destination that is in charge of other
slots already, by other entries, is not changed: whose entries are the right ones is for an operator
to say.
"""

from __future__ import annotations

from collections.abc import Iterable

from finsy.p4entity import P4TableEntry

from controller.errors import MigrationError, RequestError
from controller.migration.move import Move
from controller.migration.site import Site
from controller.model.slots import format_slots
from controller.southbound.driver import NodeDriver
from controller.state.entries import changes, conflict
from controller.state.words import manifest_of, read_words


def function_tables_conflict(move: Move) -> str | None:
    """Tell how the two nodes' function-scope entries differ, if they do."""
    tables = move.manifest(move.source).function_tables
    ours = move.source.table_entries(tables)
    return conflict(move.destination.table_entries(tables), ours)


def reconcile_function_tables(move: Move) -> int:
    """Give the destination the source's function-scope entries; return how many were written.

    Raises as ``give_function_entries``.
    """
    tables = move.manifest(move.destination).function_tables
    wanted = move.source.table_entries(tables)
    return give_function_entries(
        move.destination, move.function, move.slots, wanted, move.source.name
    )


def give_function_entries(
    node: NodeDriver,
    function: str,
    slots: frozenset[int],
    wanted: Iterable[P4TableEntry],
    whose: str,
) -> int:
    """Make a node's function-scope entries those of another; return how many were written.

    Idempotent. The node's lock is held.

    Args:
        node: Who gets them.
        function: Whose entries.
        slots: The slots for the sake of which it gets them.
        wanted: All entries of the function's tables.
        whose: The node that has, or had, them.

    Raises:
        MigrationError: it is in charge of other slots, by other entries.
    """
    manifest = manifest_of(node, function)
    have = node.table_entries(manifest.function_tables)
    wanted = list(wanted)
    difference = changes(have, wanted, exact=True)
    if not difference:
        return 0
    words = read_words(node, manifest)
    others = (words.learn | words.enforce) - slots
    if others:
        raise MigrationError(
            f"{node.name} has {function}, slots {format_slots(others)}, with other entries than "
            f"{whose}: {conflict(have, wanted)}; make them equal first"
        )
    node.write(difference.updates())
    return len(difference)


def refuse_other_entries(
    site: Site, function: str, source: NodeDriver, destination: NodeDriver, slots: frozenset[int]
) -> None:
    """Find out before a move what would make it fail: see ``give_function_entries``.

    Raises:
        RequestError: the destination enforces other slots, by other entries.
        NodeError: a node cannot be asked.
    """
    with site.hold(source.name, destination.name):
        manifest = manifest_of(destination, function)
        others = read_words(destination, manifest).enforce - slots
        if not others:
            return
        problem = conflict(
            destination.table_entries(manifest.function_tables),
            source.table_entries(manifest.function_tables),
        )
    if problem:
        raise RequestError(
            f"{destination.name} enforces {function}, slots {format_slots(others)}, with other "
            f"entries than {source.name} has: {problem}; make them equal first"
        )
