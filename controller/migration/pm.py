"""Pipeline manipulation: both nodes' programs have the function; control words say who does it.

The steps before and after those of ``controller.migration.steps``, and the paper's own sequence:
one snapshot without a learning phase, on at the destination, off at the source. What packets
record at the source between its snapshot and the end of the sequence is lost there; that is what
the mode ``paper`` shows.
"""

from __future__ import annotations

from controller.migration.function_tables import reconcile_function_tables
from controller.migration.handover import (
    Detail,
    copy_detail,
    enforced_at,
    let_packets_through,
    refuse_enforcing,
    require,
    require_taken_over,
    transfer_of,
    turn_source_on,
)
from controller.migration.move import Move
from controller.migration.steps import Step
from controller.southbound.driver import NodeDriver
from controller.state.ranges import clear, own_ranges
from controller.state.words import turn_off, turn_on


def clear_state(move: Move, node: NodeDriver) -> int:
    """Empty a node's cells of the slots that move; return how many were not empty.

    The node stops learning them first. Raises ``MigrationError`` if it enforces any.
    """
    with move.site.hold(node.name):
        refuse_enforcing(move, node)
        manifest = move.manifest(node)
        if turn_off(node, manifest.learn, move.slots):
            let_packets_through(move)
        return clear(node, own_ranges(manifest, move.slots))


class Prepare(Step):
    """The destination has the function, and no old state of the slots.

    State left from an earlier stay would come back to life: long-gone connections, for one.
    """

    name = "prepare"

    def run(self, move: Move) -> Detail:
        """Check that the source enforces; empty the destination's cells."""
        require(move.source, move, enforced_at(move, move.source), "enforces")
        return {"cleared": clear_state(move, move.destination)}

    def undo(self, move: Move) -> None:
        """Empty the cells again."""
        if move.has_function(move.destination):
            let_packets_through(move)
            clear_state(move, move.destination)


class Release(Step):
    """The source forgets the state of the slots."""

    name = "release"
    at_source = True
    drops_state = True

    def run(self, move: Move) -> Detail:
        """Empty the source's cells, if it has the function still."""
        require_taken_over(move)
        if not move.has_function(move.source):
            return {"cleared": 0}
        let_packets_through(move)
        return {"cleared": clear_state(move, move.source)}


class Snapshot(Step):
    """Paper: the state is copied once."""

    name = "copy"
    brings_state = True

    def run(self, move: Move) -> Detail:
        """Read each cell once and write it."""
        report = transfer_of(move).once()
        move.refuse_lost(move.source, move.destination)
        return copy_detail(report)


class SwitchOn(Step):
    """Paper: the destination gets the entries and begins to act."""

    name = "enforce on"

    def run(self, move: Move) -> Detail:
        """Reconcile entries and set both words."""
        with move.site.hold(move.source.name, move.destination.name):
            move.refuse_lost(move.destination)
            written = reconcile_function_tables(move)
            manifest = move.manifest(move.destination)
            turn_on(move.destination, manifest.learn, move.slots)
            turn_on(move.destination, manifest.enforce, move.slots)
        return {"entries": written}

    def undo(self, move: Move) -> None:
        """Clear both words, after making sure that the source enforces."""
        source, destination = move.source, move.destination
        with move.site.shown(source.name, destination.name):
            if not move.has_function(destination):
                return
            if enforced_at(move, destination):
                turn_source_on(move)
            manifest = move.manifest(destination)
            turn_off(destination, manifest.enforce, move.slots)
            turn_off(destination, manifest.learn, move.slots)


class SwitchOff(Step):
    """Paper: the source stops: the commit point."""

    name = "enforce off"
    at_source = True
    commits = True

    def run(self, move: Move) -> Detail:
        """Clear both words at the source, if the destination's are set."""
        source = move.source
        with move.site.shown(source.name, move.destination.name):
            require_taken_over(move)
            if move.has_function(source):
                manifest = move.manifest(source)
                turn_off(source, manifest.enforce, move.slots)
                turn_off(source, manifest.learn, move.slots)
        return {}

    def undo(self, move: Move) -> None:
        """The destination lost its state: the source takes over again."""
        turn_source_on(move)
