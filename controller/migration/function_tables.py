"""The entries that move with a function: access lists, time-outs.

Both nodes of a move must have the same, before the destination enforces. They are copied from the
source. A destination that is in charge of other slots already, by other entries, is not changed:
whose entries are the right ones is for an operator to say.
"""

from __future__ import annotations

from controller.errors import MigrationError, RequestError
from controller.migration.move import Move
from controller.migration.site import Site
from controller.model.slots import format_slots
from controller.southbound.driver import NodeDriver
from controller.state.entries import changes, conflict, of_tables
from controller.state.words import manifest_of, read_words


def function_tables_conflict(move: Move) -> str | None:
    """Tell how the two nodes' function-scope entries differ, if they do."""
    tables = move.manifest(move.source).function_tables
    ours = of_tables(move.source.table_entries(), tables)
    return conflict(of_tables(move.destination.table_entries(), tables), ours)


def reconcile_function_tables(move: Move) -> int:
    """Give the destination the source's function-scope entries; return how many were written.

    Raises:
        MigrationError: the destination is in charge of other slots, by other entries.
    """
    manifest = move.manifest(move.destination)
    tables = manifest.function_tables
    have = of_tables(move.destination.table_entries(), tables)
    want = of_tables(move.source.table_entries(), tables)
    difference = changes(have, want, exact=True)
    if not difference:
        return 0
    words = read_words(move.destination, manifest)
    others = (words.learn | words.enforce) - move.slots
    if others:
        raise MigrationError(
            f"{move.destination.name} has {move.function}, slots {format_slots(others)}, with "
            f"other entries than {move.source.name}: {conflict(have, want)}; make them equal first"
        )
    move.destination.write(difference.updates())
    return len(difference)


def refuse_other_entries(
    site: Site, function: str, source: NodeDriver, destination: NodeDriver, slots: frozenset[int]
) -> None:
    """Find out before a move what would make it fail: see ``reconcile_function_tables``.

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
            of_tables(destination.table_entries(), manifest.function_tables),
            of_tables(source.table_entries(), manifest.function_tables),
        )
    if problem:
        raise RequestError(
            f"{destination.name} enforces {function}, slots {format_slots(others)}, with other "
            f"entries than {source.name} has: {problem}; make them equal first"
        )
