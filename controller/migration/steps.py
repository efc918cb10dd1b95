"""The steps that every method has: learn before copy, enforce after copy, make before break.

A step acts on the nodes and knows nothing of the journal. It is idempotent: it asks the node what
is so and writes what is not, because it may have run before, wholly or in part, in a process that
is gone. It refuses to go on where the nodes are not as the steps before it left them. ``undo``
takes back whatever the step may have done; it is called for steps that failed, too, and finds
nothing to do where a node was restarted.

``commits`` marks the step that takes the source off: journalled as begun, the move is past its
commit point. ``brings_state`` marks steps after which the destination has all state;
``drops_state`` those after which the source no longer has it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from controller.migration.function_tables import (
    function_tables_conflict,
    reconcile_function_tables,
)
from controller.migration.handover import (
    Detail,
    copy_detail,
    enforced_at,
    require_taken_over,
    transfer_of,
    turn_destination_on,
    turn_source_on,
)
from controller.migration.move import Move
from controller.model.slots import format_slots
from controller.state.words import read_words, turn_off, turn_on


class Step(ABC):
    """One step; ``name`` is what operators see."""

    name: ClassVar[str]
    at_source: ClassVar[bool] = False
    "Whether it changes the source rather than the destination."
    commits: ClassVar[bool] = False
    brings_state: ClassVar[bool] = False
    drops_state: ClassVar[bool] = False

    @abstractmethod
    def run(self, move: Move) -> Detail:
        """Do the step; return counts and other plain data for the record.

        Raises:
            NodeError: a node refused something or could not be reached.
            MigrationError: the nodes are not as the step needs them.
        """

    def undo(self, move: Move) -> None:  # noqa: B027 - many steps leave nothing behind
        """Take back what the step may have done. Raises as ``run``."""


class LearnOn(Step):
    """The destination records state from what it sees.

    Its function-scope entries (access lists, time-outs) become those of the source first, in one
    go with the control word: another migration may bring the same function from elsewhere.
    """

    name = "learn on"

    def run(self, move: Move) -> Detail:
        """Reconcile entries, then set the learn bits at both nodes."""
        with move.site.hold(move.source.name, move.destination.name):
            written = reconcile_function_tables(move)
            turn_on(move.source, move.manifest(move.source).learn, move.slots)
            turn_on(move.destination, move.manifest(move.destination).learn, move.slots)
        return {"entries": written}

    def undo(self, move: Move) -> None:
        """Clear the learn bits at the destination; entries stay, they have no effect there."""
        node = move.destination
        with move.site.hold(node.name):
            if move.has_function(node):
                turn_off(node, move.manifest(node).learn, move.slots)


class Copy(Step):
    """State goes from source to destination until nothing differs."""

    name = "copy"
    brings_state = True

    def run(self, move: Move) -> Detail:
        """Copy in rounds; see ``controller.state.transfer`` for why this loses nothing."""
        report = transfer_of(move).until_settled(
            move.flush,
            move.site.options.copy_rounds,
            lambda: move.refuse_lost(move.source, move.destination),
        )
        return copy_detail(report)


class EnforceOn(Step):
    """The destination acts on the packets; from here on both nodes do."""

    name = "enforce on"

    def run(self, move: Move) -> Detail:
        """Set the enforce bits, if the destination has learnt without a break."""
        turn_destination_on(move)
        return {}

    def undo(self, move: Move) -> None:
        """Clear the enforce bits, after making sure that the source's are set."""
        source, destination = move.source, move.destination
        with move.site.shown(source.name, destination.name):
            if not enforced_at(move, destination):
                return
            turn_source_on(move)
            turn_off(destination, move.manifest(destination).enforce, move.slots)


class Overlap(Step):
    """Both enforce, until the packets are through that met neither.

    A packet that passed the destination before it enforced and has not reached the source yet
    would be unfiltered if the source stopped now.
    """

    name = "overlap"

    def run(self, move: Move) -> Detail:
        """Wait for packets in flight, then read back that the destination does its part."""
        move.flush()
        require_taken_over(move)
        return {}


class EnforceOff(Step):
    """The source stops acting on the packets: the commit point."""

    name = "enforce off"
    at_source = True
    commits = True

    def run(self, move: Move) -> Detail:
        """Clear the enforce bits at the source, if the destination's are set."""
        source = move.source
        with move.site.shown(source.name, move.destination.name):
            require_taken_over(move)
            if move.has_function(source):
                turn_off(source, move.manifest(source).enforce, move.slots)
        return {}

    def undo(self, move: Move) -> None:
        """The destination lost its state: the source, which goes on learning, takes over again."""
        turn_source_on(move)


class LearnOff(Step):
    """The source stops recording state."""

    name = "learn off"
    at_source = True

    def run(self, move: Move) -> Detail:
        """Clear the learn bits at the source, if the destination still does its part."""
        source = move.source
        with move.site.hold(source.name, move.destination.name):
            require_taken_over(move)
            if move.has_function(source):
                turn_off(source, move.manifest(source).learn, move.slots)
        return {}

    def undo(self, move: Move) -> None:
        """The source learns again, before it enforces again."""
        source = move.source
        with move.site.hold(source.name):
            turn_on(source, move.manifest(source).learn, move.slots)


class Verify(Step):
    """Reads back what both nodes say now."""

    name = "verify"

    def run(self, move: Move) -> Detail:
        """Check the destination's words and entries and the source's words.

        Bits that somebody set again at the source are cleared; they and entries that differ are
        told, and are no reason to give up a move that is done.
        """
        source, destination = move.source, move.destination
        with move.site.shown(source.name, destination.name):
            require_taken_over(move)
            if not move.has_function(source):
                return {}
            manifest = move.manifest(source)
            words = read_words(source, manifest)
            left = (words.learn | words.enforce) & move.slots
            turn_off(source, manifest.enforce, left)
            turn_off(source, manifest.learn, left)
            difference = function_tables_conflict(move)
        told = {"cleared again": format_slots(left) if left else "", "entries differ": difference}
        return {key: value for key, value in told.items() if value}
