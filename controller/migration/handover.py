"""What steps and decisions do to the two nodes of a move, and what they insist on before.

Each function is idempotent and holds the locks that it needs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from controller.errors import MigrationError, NodeError
from controller.migration.move import Move
from controller.model.slots import format_slots
from controller.southbound.driver import NodeDriver
from controller.state.ranges import cell_ranges
from controller.state.transfer import CopyReport, Transfer
from controller.state.words import read_words, turn_on

LOG = logging.getLogger(__name__)

Detail = Mapping[str, Any]


def copy_detail(report: CopyReport) -> Detail:
    """Return what is told of a copy."""
    return {
        "rounds": report.rounds,
        "cells": report.cells,
        "read": report.read,
        "written": report.written,
    }


def transfer_of(move: Move) -> Transfer:
    """Return the copy of the move's slots."""
    source, destination = move.manifest(move.source), move.manifest(move.destination)
    return Transfer(
        move.source,
        move.destination,
        cell_ranges(source, destination, move.slots),
        lambda: move.site.hold(move.source.name, move.destination.name),
        move.site.now_ns,
    )


def require(node: NodeDriver, move: Move, slots: frozenset[int], does: str) -> None:
    """Raise ``MigrationError`` unless a node does something for all slots that move."""
    missing = move.slots - slots
    if missing:
        raise MigrationError(
            f"{node.name} no longer {does} {move.function}, slots {format_slots(missing)}: "
            "it was restarted, or somebody else changed its control words"
        )


def require_taken_over(move: Move) -> None:
    """Raise ``MigrationError`` unless the destination learns and enforces all slots that move."""
    node = move.destination
    with move.site.hold(node.name):
        words = read_words(node, move.manifest(node))
    require(node, move, words.learn, "learns")
    require(node, move, words.enforce, "enforces")


def enforced_at(move: Move, node: NodeDriver) -> frozenset[int]:
    """Return which slots that move a node enforces; none if it has not the function."""
    if not move.has_function(node):
        return frozenset()
    return read_words(node, move.manifest(node)).enforce & move.slots


def refuse_enforcing(move: Move, node: NodeDriver) -> None:
    """Raise ``MigrationError`` if a node enforces any slot that moves."""
    enforced = enforced_at(move, node)
    if enforced:
        raise MigrationError(
            f"{node.name} enforces {move.function}, slots {format_slots(enforced)}: "
            "their state must not be dropped"
        )


def turn_destination_on(move: Move) -> None:
    """Make the destination enforce. Raises ``MigrationError`` if it did not learn all along."""
    node = move.destination
    with move.site.hold(node.name):
        manifest = move.manifest(node)
        require(node, move, read_words(node, manifest).learn, "learns")
        turn_on(node, manifest.enforce, move.slots)


def turn_source_on(move: Move) -> None:
    """Make sure that the source learns and enforces the slots.

    If it did not, wait until packets have arrived that passed it meanwhile: the destination has to
    enforce until then.
    """
    with move.site.hold(move.source.name):
        manifest = move.manifest(move.source)
        turn_on(move.source, manifest.learn, move.slots)
        if turn_on(move.source, manifest.enforce, move.slots):
            let_packets_through(move)


def let_packets_through(move: Move) -> None:
    """Wait for packets that came into a node before its control words were changed.

    They read the words when they came in. One that is still to enforce must find its state, and
    one that is still to learn must not write into cells that were emptied. Where no probe gets
    through, no packet does either.
    """
    try:
        move.flush()
    except (NodeError, MigrationError) as exc:
        LOG.warning("%s: packets under way are not waited for: %s", move.record, exc)
