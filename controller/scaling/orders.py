"""What operators have ordered, until they order otherwise: also after a restart.

Choices: each order is in the journal before it counts. A plan that was accepted stays an order
until it was carried out, or failed: the process may end at any of its moves.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace

from controller.migration.journal import Journal
from controller.planning.plan import ScalePlan

LOG = logging.getLogger(__name__)

_PAUSED, _PLANS = "paused", "plans"


class Orders:
    """Pause, drained nodes, plans that were asked for. Thread-safe.

    All calls that change something raise ``JournalError`` if it cannot be written down.
    """

    def __init__(self, journal: Journal) -> None:
        """Read what was ordered before a restart."""
        self._journal = journal
        self._lock = threading.Lock()
        self.paused = journal.setting(_PAUSED) is not None
        self.drained = journal.drained()
        kept = json.loads(journal.setting(_PLANS) or "[]")
        self.plans = [ScalePlan.from_dict(one) for one in kept]
        "Plans that were asked for and are not carried out yet, in order."
        if self.paused:
            LOG.warning(
                "paused by an operator before: nothing moves because of load until `resume`"
            )
        if self.drained:
            LOG.info("drained by an operator before: %s", ", ".join(sorted(self.drained)))

    def pause(self, paused: bool) -> bool:
        """Order to move nothing because of load, or to act again; tell whether that is new."""
        with self._lock:
            if paused == self.paused:
                return False
            self._journal.keep_setting(_PAUSED, "yes" if paused else None)
            self.paused = paused
            return True

    def drain(self, node: str, drained: bool) -> None:
        """Order that a node is given nothing, or may be given something again."""
        with self._lock:
            self._journal.mark_drained(node, drained)
            self.drained = self.drained | {node} if drained else self.drained - {node}

    def begin(self, plan: ScalePlan) -> None:
        """Order a plan."""
        with self._lock:
            self._keep([*self.plans, plan])

    def end(self, plan: ScalePlan) -> None:
        """Take note that a plan was carried out, or cannot be."""
        with self._lock:
            self._keep([other for other in self.plans if other is not plan])

    def _keep(self, plans: list[ScalePlan]) -> None:
        text = json.dumps([plan.to_dict() for plan in plans]) if plans else None
        self._journal.keep_setting(_PLANS, text)
        self.plans = plans


def left_of(plan: ScalePlan, intended: Mapping[str, Mapping[int, str]]) -> ScalePlan:
    """Return what is left to do of a plan: slots that are still to be taken from their source.

    Args:
        plan: The plan.
        intended: Function to slot to the node that is meant to enforce it.
    """
    moves = []
    for move in plan.moves:
        at = intended.get(move.function, {})
        if slots := frozenset(slot for slot in move.slots if at.get(slot) == move.source):
            moves.append(replace(move, slots=slots))
    return replace(plan, moves=tuple(moves))
