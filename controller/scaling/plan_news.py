"""What became of plans: told as events and in the log, and the latest kept for ``scaling``."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from controller import events
from controller.planning.plan import ScalePlan, summary

LOG = logging.getLogger(__name__)

_KEPT = 20
_LASTS_S = 60.0
"What is not carried out is told anew when it has not come up for so long."


class PlanNews:
    """Tells of plans. Thread-safe, but for ``tell``, which one thread calls."""

    def __init__(self, emit: Callable[[events.MeEvent], None], now: Callable[[], float]) -> None:
        """Begin with nothing told; ``emit`` takes an event, and returns at once."""
        self._emit = emit
        self._now = now
        self._lock = threading.Lock()
        self._latest: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._told: dict[tuple[str, str], tuple[str, str, float]] = {}

    def latest(self) -> list[dict[str, Any]]:
        """Return what was told last, oldest first, as plain data."""
        with self._lock:
            return list(self._latest)

    def tell(
        self, plan: ScalePlan, state: str, reason: str = "", migrations: tuple[int, ...] = ()
    ) -> None:
        """Tell what becomes of a plan, unless that was told lately and has not changed."""
        level = logging.WARNING if state in ("failed", "impossible") else logging.INFO
        if self._lasts(plan, state):
            return
        LOG.log(
            level,
            "%s%s: %s: %s",
            plan.kind.replace("_", " "),
            f" of {plan.node}" if plan.node else "",
            state,
            reason or (summary(plan.moves) if plan else "; ".join(plan.explanation)),
        )
        self.pass_on(events.EventPlan(plan, state, reason, migrations))

    def pass_on(self, event: events.MeEvent) -> None:
        """Emit an event; what comes of plans is kept."""
        if isinstance(event, events.EventPlan):
            told = {key: value for key, value in event.to_dict().items() if key != "event"}
            with self._lock:
                self._latest.append({"at": time.time(), **told})
        self._emit(event)

    def _lasts(self, plan: ScalePlan, state: str) -> bool:
        """Tell whether this was told already; remember it.

        What is not carried out comes up again after each cool-down of each node.
        """
        key, told, now = (plan.kind, plan.node), (state, summary(plan.moves)), self._now()
        *before, at = self._told.get(key, ("", "", now))
        self._told[key] = (*told, now)
        return state in ("impossible", "advised") and tuple(before) == told and now - at < _LASTS_S
