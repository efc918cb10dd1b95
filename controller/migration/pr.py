"""Program reload: the destination gets a program with the function, the source one without.

In the mode ``hitless`` the destination's new program is committed with the function idle, and the
move goes on as with pipeline manipulation; the source is reloaded at the very end, when nothing
depends on it any more. In the mode ``paper`` the snapshot and the control words are written into
the saved program, and the swap itself puts the destination in charge.
"""

from __future__ import annotations

from collections.abc import Iterable

from finsy.p4entity import P4TableEntry

from controller.errors import NodeError, NodeWedged
from controller.migration.handover import (
    Detail,
    copy_detail,
    enforced_at,
    refuse_enforcing,
    require,
    require_taken_over,
    transfer_of,
    turn_source_on,
)
from controller.migration.move import Move
from controller.migration.reload import Reload
from controller.migration.steps import Step
from controller.southbound.driver import NodeDriver
from controller.southbound.program import Program
from controller.state.entries import described
from controller.state.manifest_reader import read_manifests
from controller.state.words import manifests_of, turn_off, turn_on


def destination_reload(move: Move) -> Reload:
    """Return the reload that gives the destination the function."""
    before, after = move.record.programs.destination_before, move.record.programs.destination_after
    return _reload(move, move.destination, before, after, key="destination", undoable=True)


def reload_back(move: Move) -> Reload:
    """Return the reload that gives the destination its former program back."""
    p = move.record.programs
    return _reload(
        move, move.destination, p.destination_after, p.destination_before, key="destination back"
    )


def source_reload(move: Move) -> Reload:
    """Return the reload that takes the function from the source."""
    p = move.record.programs
    return _reload(move, move.source, p.source_before, p.source_after, key="source")


def _reload(
    move: Move, node: NodeDriver, before: str, after: str, *, key: str, undoable: bool = False
) -> Reload:
    program = move.site.program
    return Reload(
        node,
        move.journal,
        move.record.id,
        program(before),
        program(after),
        key=key,
        undoable=undoable,
    )


def new_entries(move: Move) -> list[P4TableEntry]:
    """Return the entries for tables that the destination gets by its reload.

    Those of the function's scope are the source's; the others are those described for the node.
    """
    record = move.record
    before = move.site.program(record.programs.destination_before)
    after = move.site.program(record.programs.destination_after)
    moved = read_manifests(after.schema, after.name)[record.function].function_tables
    return [
        *move.source.table_entries(moved),
        *described_for_new_tables(move, before, after, moved),
    ]


def described_for_new_tables(
    move: Move, before: Program, after: Program, others: Iterable[str]
) -> list[P4TableEntry]:
    """Return the entries described for the destination in tables that it has not yet."""
    old = {table.name for table in before.schema.tables} | set(others)
    entries = described(move.site.network.entries.get(move.destination.name, ()), after.schema)
    return [entry for entry in entries if entry.table_id not in old]


class ReloadDestination(Step):
    """The destination gets a program that has the function, idle, and keeps all that it held."""

    name = "prepare"

    def run(self, move: Move) -> Detail:
        """Check that the source enforces; reload."""
        require(move.source, move, enforced_at(move, move.source), "enforces")
        entries = new_entries(move)
        with move.site.hold(move.destination.name):
            written = destination_reload(move).run(entries)
        return {"program": move.record.programs.destination_after, "entries": written}

    def undo(self, move: Move) -> None:
        """Give the destination its former program back, with all that it holds.

        A program that is saved and not committed is filled and committed first: on some kinds of
        node nothing else can be done with it.
        """
        node = move.destination
        with move.site.hold(node.name):
            if node.installed() is None:
                return
            back = reload_back(move)
            if not back.is_pending():
                self._complete(move)
                if self._has_former_program(move):
                    return
                refuse_enforcing(move, node)
            back.run()

    def _complete(self, move: Move) -> None:
        """Bring an interrupted reload to its end, one way or the other."""
        reload = destination_reload(move)
        if not reload.is_pending():
            return
        try:
            reload.run()
        except NodeWedged:
            raise
        except NodeError as exc:
            if exc.temporary:
                raise
            reload.abandon()

    def _has_former_program(self, move: Move) -> bool:
        installed = move.destination.installed()
        former = move.site.program(move.record.programs.destination_before)
        return installed is None or installed.cookie == former.cookie


class ReloadSource(Step):
    """The source gets a program without the function, and keeps all else that it held."""

    name = "release"
    at_source = True
    drops_state = True

    def run(self, move: Move) -> Detail:
        """Reload, now that the destination does its part."""
        require_taken_over(move)
        with move.site.hold(move.source.name):
            written = source_reload(move).run()
        return {"program": move.record.programs.source_after, "entries": written}


class SwapDestination(ReloadDestination):
    """Paper: the destination gets program, entries, snapshot and control words in one swap."""

    name = "prepare"
    brings_state = True

    def run(self, move: Move) -> Detail:
        """Check that the source enforces; reload with the function in charge from the swap on."""
        require(move.source, move, enforced_at(move, move.source), "enforces")
        entries = new_entries(move)
        copied: dict[str, int] = {}

        def finish() -> None:
            copied.update(copy_detail(transfer_of(move).once()))
            manifest = manifests_of(move.destination)[move.function]
            turn_on(move.destination, manifest.learn, move.slots)
            turn_on(move.destination, manifest.enforce, move.slots)

        with move.site.hold(move.source.name, move.destination.name):
            written = destination_reload(move).run(entries, finish)
        return {
            "program": move.record.programs.destination_after,
            "entries": written,
            **copied,
        }

    def undo(self, move: Move) -> None:
        """Take the destination off, after making sure that the source enforces; reload back."""
        destination = move.destination
        with move.site.shown(move.source.name, destination.name):
            if destination.installed() is not None and enforced_at(move, destination):
                turn_source_on(move)
                manifest = move.manifest(destination)
                turn_off(destination, manifest.enforce, move.slots)
                turn_off(destination, manifest.learn, move.slots)
            super().undo(move)


class SwapSource(ReloadSource):
    """Paper: the source's reload takes it off: the commit point."""

    commits = True

    def run(self, move: Move) -> Detail:
        """Reload, and show that the destination enforces alone."""
        with move.site.shown(move.source.name, move.destination.name):
            return super().run(move)
