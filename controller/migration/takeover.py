"""Taking over slots from a node that cannot hand them over, and taking them off one left behind.

A migration needs both nodes on the packets' path. Where the enforcing node died, or the path left
it, there is nothing to overlap with: the new enforcer is made ready on a path that no packet takes
yet, and forwarding moves the path afterwards (``controller.scaling.recovery``). So the order is:

1. a new enforcer whose program does not have the function is reloaded with one that has it, idle,
2. it gets the function's own entries: those that the old node has, if that still answers, else
   those of the last checkpoint,
3. it forgets old state of the slots and learns,
4. it gets the last checkpoint, and if the old node still answers, what that has now,
5. it enforces,
6. the journal says so: a node that comes back empty is not given the slots again.

Every step is idempotent: after a crash all is done once more. The other half, ``give_up``: a node
that enforces slots which are another's by now (it comes back, or the path left it) hands over what
it recorded since, and stops.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from finsy.p4entity import P4TableEntry

from controller.errors import MigrationError, NodeError
from controller.migration.function_tables import give_function_entries
from controller.migration.journal import Journal
from controller.migration.journal_rows import Intent
from controller.migration.site import Site
from controller.model.slots import format_slots
from controller.southbound.driver import NodeDriver
from controller.state.checkpoint import SlotCheckpoint, on_wall_clock, restarted, restore
from controller.state.function_entries import FunctionEntries, read_function_entries
from controller.state.manifest import FunctionManifest
from controller.state.ranges import cell_ranges, clear, own_ranges
from controller.state.transfer import Transfer
from controller.state.words import manifest_of, manifests_of, read_words, turn_off, turn_on

LOG = logging.getLogger(__name__)


class TakeOver:
    """Moves slots without the help of the node that had them."""

    def __init__(
        self,
        site: Site,
        journal: Journal,
        bring: Callable[[str, str], object],
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Prepare.

        Args:
            site: The nodes.
            journal: Gets to know who is meant to enforce.
            bring: Gives a node (second) a program that has a function (first), and what it holds.
            wall_ns: The host's wall clock; for tests.
        """
        self._site = site
        self._journal = journal
        self._bring = bring
        self._wall_ns = wall_ns

    def take(
        self,
        function: str,
        slots: frozenset[int],
        old: str,
        new: str,
        checkpoints: Mapping[int, SlotCheckpoint],
        entries: FunctionEntries | None = None,
    ) -> Mapping[str, Any]:
        """Make a node enforce slots; return counts for people.

        Args:
            function: Whose slots.
            slots: Which.
            old: The node that had them; it is asked for its state if it answers.
            new: The node that gets them.
            checkpoints: Slot to its last checkpoint, where there is one.
            entries: The function's entries of the last checkpoint, where there is one.

        Raises:
            NodeError: the new node refused something, or cannot be reached.
            RequestError: it does not have the function, and cannot be given it.
            MigrationError: it has other slots of the function, by other entries.
        """
        node = self._site.drivers[new]
        if function not in manifests_of(node):
            self._bring(function, new)
        rows, answers = self._entries(function, old, checkpoints.values(), entries)
        with self._site.hold(new):
            written = 0 if rows is None else give_function_entries(node, function, slots, rows, old)
            manifest = manifest_of(node, function)
            words = read_words(node, manifest)
            fresh = slots - words.learn - words.enforce
            cleared = clear(node, own_ranges(manifest, fresh))
            turn_on(node, manifest.learn, slots)
        lacking = (slots - words.enforce) & set(checkpoints)
        restored = self._restore(node, manifest, (checkpoints[slot] for slot in lacking))
        copied = self._copy_if_it_answers(function, slots, old, new) if answers else None
        with self._site.hold(new):
            turn_on(node, manifest.enforce, slots)
        self._journal.intend(Intent({function: dict.fromkeys(slots, new)}))
        LOG.info(
            "%s: enforces %s, slots %s, in place of %s "
            "(%d cells of checkpoints, %s cells of its, %d changes of entries)",
            *(new, function, format_slots(slots), old, restored),
            *("no" if copied is None else copied, written),
        )
        return {"entries": written, "cleared": cleared, "restored": restored, "copied": copied}

    def _entries(
        self,
        function: str,
        old: str,
        checkpoints: Iterable[SlotCheckpoint],
        kept: FunctionEntries | None,
    ) -> tuple[Iterable[P4TableEntry] | None, bool]:
        """Return the entries that the old node has, or had, and whether it answers.

        One that was started anew has only those that are described: then they are those kept.
        """
        known = None if kept is None else kept.entries
        source = self._site.drivers.get(old)
        if source is None:
            return known, False
        theirs = [checkpoint for checkpoint in checkpoints if checkpoint.node == old]
        try:
            if theirs:
                clock = on_wall_clock(source.clock(), self._site.now_ns(), self._wall_ns())
                if any(restarted(checkpoint, clock) for checkpoint in theirs):
                    return known, True
            with self._site.hold(old):
                return read_function_entries(source, manifest_of(source, function)).entries, True
        except NodeError as exc:
            LOG.info("%s cannot tell its entries of %s: %s", old, function, exc)
            return known, not exc.temporary

    def _restore(
        self, node: NodeDriver, manifest: FunctionManifest, kept: Iterable[SlotCheckpoint]
    ) -> int:
        kept = list(kept)
        if not kept:
            return 0
        clock = on_wall_clock(node.clock(), self._site.now_ns(), self._wall_ns())
        restored = 0
        for checkpoint in kept:
            try:
                restored += restore(
                    node, manifest, checkpoint, clock, self._wall_ns(), self._site.hold
                )
            except ValueError as exc:
                LOG.error("the checkpoint of slot %d is of no use: %s", checkpoint.slot, exc)
        return restored

    def _copy_if_it_answers(
        self, function: str, slots: frozenset[int], old: str, new: str
    ) -> int | None:
        """Bring over what the old node has; None if it does not answer, or has not the function."""
        source = self._site.drivers.get(old)
        if source is None:
            return None
        try:
            if function not in manifests_of(source):
                return None
            return self._copy(function, slots, old, new)
        except NodeError as exc:
            if exc.node != old:
                raise
            LOG.info("%s cannot hand over its state: %s", old, exc)
            return None

    def _copy(self, function: str, slots: frozenset[int], old: str, new: str) -> int:
        """Bring over what the old node has of the slots that it enforces; return the cells."""
        source, destination = (self._site.drivers[name] for name in (old, new))
        with self._site.hold(old, new):
            ours, theirs = (manifest_of(node, function) for node in (source, destination))
            has = read_words(source, ours).enforce & slots
        ranges = cell_ranges(ours, theirs, has)
        hold = self._site.hold
        transfer = Transfer(source, destination, ranges, lambda: hold(old, new), self._site.now_ns)
        return transfer.once().written

    def give_up(self, function: str, slots: frozenset[int], old: str, new: str) -> frozenset[int]:
        """Have a node stop enforcing slots that another one enforces; return those that it gave up.

        Raises:
            NodeError: one of the two refused something, or cannot be reached; the node keeps its
                state and goes on enforcing.
            MigrationError: the other one does not enforce them.
        """
        node, other = self._site.drivers[old], self._site.drivers[new]
        with self._site.hold(new):
            enforced = read_words(other, manifest_of(other, function)).enforce
        if not slots <= enforced:
            missing = format_slots(slots - enforced)
            raise MigrationError(f"{new} does not enforce {function}, slots {missing}")
        self._copy(function, slots, old, new)
        with self._site.shown(old, new):
            manifest = manifest_of(node, function)
            given = read_words(node, manifest).enforce & slots
            turn_off(node, manifest.enforce, given)
            turn_off(node, manifest.learn, given)
            clear(node, own_ranges(manifest, given))
        LOG.info("%s: gave up %s, slots %s, to %s", old, function, format_slots(given), new)
        return given
