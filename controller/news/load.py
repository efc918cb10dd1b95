"""What happens to nodes' load, as log lines and events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from controller.events import EventLoad, EventLoadHigh, EventLoadLow, MeEvent
from controller.load.levels import Crossing
from controller.load.snapshot import Level, LoadSnapshot, NodeLoad

LOG = logging.getLogger(__name__)

SHOWN_SLOTS = 4
"Slots of a function that a line in the log names."


class LoadNews:
    """A ``LoadListener``: logs, and passes events on."""

    def __init__(self, emit: Callable[[MeEvent], None]) -> None:
        """Make one; ``emit`` takes an event and returns at once, from any thread."""
        self._emit = emit
        self._told: dict[str, Level] = {}

    def on_load(self, snapshot: LoadSnapshot) -> None:
        """An interval is over."""
        self._emit(EventLoad(snapshot))

    def on_crossing(self, node: str, crossing: Crossing, snapshot: LoadSnapshot) -> None:
        """A node crossed a threshold."""
        high = crossing.level is Level.HIGH
        kind = EventLoadHigh if high else EventLoadLow
        self._emit(kind(node, crossing.threshold_pps, snapshot))
        load = snapshot.nodes[node]
        again = self._told.get(node) is crossing.level  # as after each cool-down, while it stays
        self._told[node] = crossing.level
        LOG.log(
            logging.DEBUG if again else logging.INFO,
            "%s: %s: %.0f packets/s, %s %.0f: %s",
            node,
            "loaded" if high else "idle",
            load.pps,
            "above" if high else "below",
            crossing.threshold_pps,
            "; ".join(_heaviest(load)) or "no packets",
        )


def _heaviest(load: NodeLoad) -> Iterator[str]:
    """Yield of each function the slots with most packets, for people."""
    for function, slots in load.function_pps.items():
        most = sorted(slots.items(), key=lambda item: -item[1])
        shown = [f"{slot} ({pps:.0f})" for slot, pps in most[:SHOWN_SLOTS]]
        if shown:
            yield f"{function} slots {', '.join(shown)}{', ...' if len(most) > len(shown) else ''}"
