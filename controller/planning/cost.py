"""What a move is expected to take, so that the gentler of two can be chosen. Pure.

*Pause* is for how long packets may stand still, *time* how long the move takes. Pipeline
manipulation pauses nothing. A reload swaps a program, and on BMv2 packets wait for that: longer for
more register cells. The first figures are those measured on two cores (see the README); moves that
this network has seen take their place.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Method = Literal["pm", "pr"]

_FIRST_MS: Mapping[Method, float] = {"pm": 600.0, "pr": 700.0}
_MS_PER_CELL = 0.025
_PAUSE_MS_PER_CELL = 4.0 / 65_536


@dataclass(frozen=True)
class Costs:
    """What moves have taken so far."""

    median_ms: Mapping[Method, float] = field(default_factory=lambda: dict(_FIRST_MS))

    @classmethod
    def learned(cls, moves: Iterable[tuple[Method, float]]) -> Costs:
        """Learn from moves that finished, each with its method and duration in ms."""
        found: dict[Method, list[float]] = {"pm": [], "pr": []}
        for method, took_ms in moves:
            found[method].append(took_ms)
        medians = {m: statistics.median(times) for m, times in found.items() if times}
        return cls({**_FIRST_MS, **medians})

    def predict(self, method: Method, cells: int) -> Prediction:
        """Predict a move of so many cells of state."""
        pause_ms = cells * _PAUSE_MS_PER_CELL if method == "pr" else 0.0
        return Prediction(method, pause_ms, self.median_ms[method] + cells * _MS_PER_CELL)


@dataclass(frozen=True)
class Prediction:
    """What a move is expected to take."""

    method: Method
    pause_ms: float
    time_ms: float
